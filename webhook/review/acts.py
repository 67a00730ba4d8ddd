"""What people do to one asset: plain forms, answered by a page, or by the way back to the asset's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden, NotFound

from webhook.review.asset import ASSET, asset_page, came_from
from webhook.review.errors import as_sentence
from webhook.review.forms import options_before, options_of, seen_of, why_of, wish_of
from webhook.review.identity import actor
from worker.admin import find
from worker.admin.choose import choice_sentences, release_sentence
from worker.choices import ChoiceRefused
from worker.choices.own_picture import PictureRefused
from worker.jobs import Requeued
from worker.people.roles import NotAllowed
from worker.review import acts
from worker.review.acts import Conflict, RangesConflict
from worker.text import clock
from worker.time_ranges import OPTION_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine
    from werkzeug import Response
    from werkzeug.datastructures import FileStorage

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor
    from worker.review.conflicts import PagePicture
    from worker.review.seen import Seen
    from worker.settings import Settings

    Answer = Response | tuple[str, int]
    Act = Callable[[Engine], list[str]]

WITHIN_S = 4.0  #: an act; a lock that a run holds is waited for a shorter time
_SEE_OTHER, _CONFLICT, _UNPROCESSABLE = 303, 409, 422
CONFIRMED = "noted that this thumbnail is fine"
_DELETED = "the asset is deleted at its platform, so there is nothing to look at"


class Sent(NamedTuple):
    """A form that somebody sent about an asset."""

    who: Actor
    asset_id: int
    form: Mapping[str, str]
    files: Mapping[str, FileStorage]
    settings: Settings

    @property
    def about(self) -> tuple[Actor, int]:
        """What every act begins with."""
        return self.who, self.asset_id


def act_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes of the acts; who sent what cannot be done gets the asset's page again, with why."""
    pages = Blueprint("acts", __name__)
    names = ", ".join(f'"{name}"' for name in _ACTS)

    @pages.post(f"{ASSET}/<any({names}):name>")
    def act(asset_id: int, name: str) -> Answer:
        sent = Sent(actor(), asset_id, request.form, request.files, settings)
        try:
            # Before anything is read: a picture costs seconds of processor time.
            database.ask(lambda engine: acts.check(engine, *sent.about), WITHIN_S)
            sentences = database.ask(_ACTS[name](sent), WITHIN_S)
        except Conflict as conflict:
            return _conflict_page(asset_id, conflict), _CONFLICT
        except RangesConflict as conflict:
            return _ranges_page(asset_id, conflict), _CONFLICT
        except (ChoiceRefused, PictureRefused) as error:
            page = asset_page(settings, database, asset_id, refusal=as_sentence(str(error)))
            return page, _UNPROCESSABLE
        except find.NotFound as error:
            raise NotFound(as_sentence(str(error))) from error
        except NotAllowed as error:
            raise Forbidden(as_sentence(str(error))) from error
        for sentence in sentences:
            flash(as_sentence(sentence))
        return redirect(url_for("asset.show", asset_id=asset_id, **came_from()), _SEE_OTHER)

    return pages


def _choose(sent: Sent) -> Act:
    wish, seen, why = wish_of(sent.form, sent.files), seen_of(sent.form), why_of(sent.form)

    def act(engine: Engine) -> list[str]:
        made = acts.choose(engine, *sent.about, wish, seen, why, sent.settings)
        return choice_sentences(made, "until it is released")

    return act


def _release(sent: Sent) -> Act:
    seen, why = seen_of(sent.form), why_of(sent.form)
    return lambda engine: [release_sentence(acts.release(engine, *sent.about, seen, why))]


def _set_options(sent: Sent) -> Act:
    options, was, why = options_of(sent.form), options_before(sent.form), why_of(sent.form)
    return lambda engine: said_of_look(
        acts.set_options(engine, *sent.about, options, why, sent.settings, was=was)
    )


def _look_again(sent: Sent) -> Act:
    why = why_of(sent.form)
    return lambda engine: said_of_look(acts.look_again(engine, *sent.about, why, sent.settings))


def _confirm(sent: Sent) -> Act:
    seen = seen_of(sent.form)

    def act(engine: Engine) -> list[str]:
        acts.confirm(engine, *sent.about, seen)
        return [CONFIRMED]

    return act


#: By the last part of their addresses. Each reads the form at once, and returns what is done in the database.
_ACTS: dict[str, Callable[[Sent], Act]] = {
    "choose": _choose,
    "release": _release,
    "options": _set_options,
    "look-again": _look_again,
    "confirm": _confirm,
}


def said_of_look(outcome: Requeued) -> list[str]:
    """Tell what comes of another look. Raises ChoiceRefused where the asset is deleted."""
    if outcome is Requeued.DELETED:
        raise ChoiceRefused(_DELETED)
    if outcome is Requeued.WAITING:
        return ["a look at the video was waiting already; it goes first now"]
    return ["the video is looked at again; this page shows when that is done"]


def _conflict_page(asset_id: int, conflict: Conflict) -> str:
    wanted = conflict.wanted
    return render_template(
        "conflict.html",
        asset_id=asset_id,
        act=conflict.act,
        holding=conflict.holding,
        theirs=_shown(conflict.holding.picture, whose="their"),
        mine=_shown(wanted.picture, whose="your") if wanted else None,
        is_anew=wanted is not None and wanted.is_anew,
        is_gone=conflict.act == "choose" and wanted is None,
        fields=_fields(conflict),
        now=_fields_of(conflict.seen),
    )


def _ranges_page(asset_id: int, conflict: RangesConflict) -> str:
    both = {
        name: list(dict.fromkeys([*conflict.holding.get(name, ()), *conflict.wanted.get(name, ())]))
        for name in OPTION_NAMES
    }
    return render_template(
        "ranges.html",
        asset_id=asset_id,
        theirs=conflict.holding,
        mine=conflict.wanted,
        both=both,
        who=conflict.who,
        at=conflict.at,
        why=why_of(request.form),
        names=OPTION_NAMES,
    )


def _fields(conflict: Conflict) -> dict[str, str]:
    """List what the form has to send of somebody who insists."""
    fields = _fields_of(conflict.seen) | {"why": why_of(request.form)}
    if conflict.wanted is not None:
        wish = conflict.wanted.wish
        if wish.candidate_id is not None:
            fields["candidate"] = str(wish.candidate_id)
        elif wish.thumbnail_id is not None:
            fields["thumbnail"] = str(wish.thumbnail_id)
        elif wish.time_s is not None:
            fields["time"] = clock(wish.time_s)
    return fields


def _fields_of(seen: Seen) -> dict[str, str]:
    return {"generation": str(seen.generation), "choice": str(seen.choice_id or "")}


def _shown(picture: PagePicture | None, *, whose: str) -> tuple[str, str] | None:
    """Return the address of a picture, and what it is in words."""
    if picture is None:
        return None
    words = f"{whose} own picture" if picture.time_s is None else clock(picture.time_s)
    if picture.thumbnail_id is not None:
        return url_for("pictures.picture", picture_id=picture.thumbnail_id), words
    return url_for("pictures.frame", picture_id=picture.candidate_id), words
