"""A form that was sent after the sign-in had ended: what was typed in it waits in the cookie until they are back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request, session
from werkzeug.datastructures import MultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_DONE = "What you sent was not done, since you were signed out."

MAX_BYTES = 1500  #: of a form; a browser keeps 4 kB of a cookie, and files are not kept
_UNSENT, _OF = "unsent", "of"
_TYPED = ("time", "avoid", "prefer", "why", "candidate")


def keep() -> None:
    """Say that the form of this request was not done, and keep the text that somebody typed into one of an asset."""
    flash(f"{NOT_DONE} Sign in, and send it again.")
    asset_id = (request.view_args or {}).get("asset_id")
    if asset_id is not None:
        session[_UNSENT] = {_OF: asset_id, **_text_of_form()}


def take(asset_id: int) -> MultiDict[str, str] | None:
    """Take back what somebody typed into a form of this asset; None where none was sent in vain."""
    kept = session.get(_UNSENT)
    if not isinstance(kept, dict) or kept.get(_OF) != asset_id:
        return None
    del session[_UNSENT]
    return MultiDict((name, value) for name, value in kept.items() if name in _TYPED)


def begin_session() -> None:
    """Forget all of the cookie but what is to come back into a form.

    What the browser had before, it had as a stranger: an attacker may have put it there. Text in a form does
    nothing before the person has read it, and sends it.
    """
    kept = session.get(_UNSENT)
    session.clear()
    if kept is not None:
        session[_UNSENT] = kept


def _text_of_form() -> Mapping[str, str]:
    if request.mimetype != "application/x-www-form-urlencoded" or (request.content_length or 0) > MAX_BYTES:
        return {}
    return {name: request.form[name] for name in _TYPED if name in request.form}
