"""Read what the forms of an asset's page send.

What was typed into one that was sent after the sign-in had ended waits in the cookie until they are back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request, session
from werkzeug.datastructures import MultiDict

from worker.admin.choose import Wish
from worker.choices import ChoiceRefused
from worker.choices.own_picture import OwnPicture
from worker.database.base import MAX_ROW_ID
from worker.pictures.answer import MAX_BYTES
from worker.review.seen import Seen
from worker.text import printable
from worker.time_ranges import OPTION_NAMES, parse_moment_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import FileStorage

    Form = Mapping[str, str]

BEFORE = "_before"  #: what the names of ranges end with that applied when the page was opened
MAX_WHY = 500  #: characters; what is longer is cut

NOT_DONE = "What you sent was not done, since you were signed out."

MAX_KEPT_BYTES = 1500  #: of a form; a browser keeps 4 kB of a cookie, and files are not kept
_UNSENT, _OF = "unsent", "of"
_TYPED = ("time", "avoid", "prefer", "avoid_before", "prefer_before", "why", "candidate")
_OUT_OF_DATE = "this form is out of date; open the page again"


def wish_of(form: Form, files: Mapping[str, FileStorage]) -> Wish:
    """Read what is to be shown: one of `candidate`, `thumbnail`, `time` and `picture`.

    Raises:
        ChoiceRefused: none or several are given, or one cannot be read.
        PictureRefused: the file is no picture that can be shown.
    """
    upload = files.get("picture")
    has_file = upload is not None and bool(upload.filename)
    given = [name for name in ("candidate", "thumbnail", "time") if form.get(name, "").strip()]
    if len(given) + has_file != 1:
        asked_for_file = upload is not None and not given
        raise ChoiceRefused(
            "select a file first, a JPEG, PNG or WEBP"
            if asked_for_file and not has_file
            else "choose one thing: a frame, a pick, a time or a picture"
        )
    if upload is not None and has_file:
        return Wish(picture=OwnPicture.of_upload(upload.stream.read(MAX_BYTES + 1)))
    text = form[given[0]].strip()
    if given[0] == "time":
        try:
            return Wish(time_s=parse_moment_s(text))
        except ValueError as error:
            raise ChoiceRefused(str(error)) from error
    row_id = _row_id(text)
    return Wish(candidate_id=row_id) if given[0] == "candidate" else Wish(thumbnail_id=row_id)


def seen_of(form: Form) -> Seen:
    """Read what the person had before them.

    Raises:
        ChoiceRefused: the form does not say, so nobody knows what they meant.
    """
    choice = form.get("choice", "")
    return Seen(_row_id(form.get("generation", "")), _row_id(choice) if choice else None)


def options_of(form: Form) -> dict[str, list[str]]:
    """Read the ranges to avoid and to prefer, one a line; they are checked later."""
    return _ranges_of(form, "")


def options_before(form: Form) -> dict[str, list[str]] | None:
    """Read the ranges that applied on the person's page; None where the form does not say."""
    return _ranges_of(form, BEFORE) if any(name + BEFORE in form for name in OPTION_NAMES) else None


def why_of(form: Form) -> str:
    """Read the reason, on one line."""
    return printable(" ".join(form.get("why", "").split()))[:MAX_WHY]


def keep_unsent() -> None:
    """Say that the form of this request was not done, and keep what was typed into an asset's."""
    flash(f"{NOT_DONE} Sign in, and send it again.")
    asset_id = (request.view_args or {}).get("asset_id")
    if asset_id is not None:
        session[_UNSENT] = {_OF: asset_id, **_text_of_form()}


def take_unsent(asset_id: int) -> MultiDict[str, str] | None:
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
    is_text = request.mimetype == "application/x-www-form-urlencoded"
    if not is_text or (request.content_length or 0) > MAX_KEPT_BYTES:
        return {}
    return {name: request.form[name] for name in _TYPED if name in request.form}


def _ranges_of(form: Form, ending: str) -> dict[str, list[str]]:
    lines = {
        name: [line.strip() for line in form.get(name + ending, "").splitlines()] for name in OPTION_NAMES
    }
    return {name: ranges for name, texts in lines.items() if (ranges := [text for text in texts if text])}


def _row_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ROW_ID))):
        raise ChoiceRefused(_OUT_OF_DATE)
    return min(int(text), MAX_ROW_ID)
