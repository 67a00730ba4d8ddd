"""The same act for many assets of the library, after a question where it costs much work."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from webhook.review.identity import actor
from worker.database.base import MAX_ROW_ID
from worker.review import bulk
from worker.review.bulk import BulkAct
from worker.review.library import LibraryQuery
from worker.review.seen import Seen
from worker.review.trials.before import prospects_of

if TYPE_CHECKING:
    from flask import Blueprint
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from webhook.bounded import BoundedDatabase
    from worker.database.models import Asset
    from worker.settings import Settings

BULK_WITHIN_S = 60.0  # for all of them; each has limits of its own
# Of a card: its asset, and what it shows: the generation, and the choice if one is open.
_SEEN = re.compile(r"([0-9]{1,19}) ([0-9]{1,19}) ([0-9]{0,19})")
_TOLD = 5  # of the ranges; a cookie has not room for all

_DONE = {
    BulkAct.CONFIRM: "{videos} noted as fine.",
    BulkAct.LOOK_AGAIN: "{videos} will be looked at again.",
    BulkAct.AVOID: "{videos} will be looked at again, and avoid {ranges}.",
    BulkAct.TEST: "Started a test of {videos}.",
}


def add_bulk(pages: Blueprint, settings: Settings, database: BoundedDatabase) -> None:
    """Add the route of acts on many to the library's."""

    @pages.post("/bulk")
    def do_to_many() -> str | Response | tuple[str, int]:
        act, ids = _asked()
        back = redirect(link_to(_place_to_return()), HTTPStatus.SEE_OTHER)
        if not ids:
            flash("No video was marked. Mark some, and try again.")
            return back
        if act is not BulkAct.CONFIRM and "sure" not in request.form:
            return ask(act, ids)
        try:
            ranges = bulk.read_ranges(request.form.get("ranges", "")) if act is BulkAct.AVOID else []
        except ValueError as error:
            return ask(act, ids, problem=f"{error}."), HTTPStatus.UNPROCESSABLE_ENTITY
        who = actor()
        seen = _seen()
        marked = {one: seen.get(one) for one in ids}
        outcome = database.ask(
            lambda engine: bulk.do(engine, who, act, marked, ranges, settings), BULK_WITHIN_S
        )
        if outcome.done:
            told = ", ".join(ranges) if len(ranges) <= _TOLD else f"{len(ranges)} parts"
            flash(_DONE[act].format(videos=_videos(outcome.done), ranges=told))
        if outcome.left:
            flash(outcome.left_because())
        return back

    def ask(act: BulkAct, ids: list[int], problem: str = "") -> str:
        """Ask whether an act is really meant for all of these."""
        told = _told(database, act, ids, settings)
        return render_template(
            "bulk.html",
            act=act,
            ids=ids,
            videos=_videos(len(told)),
            told=told,
            back=request.form.get("back", ""),
            link_back=link_to(_place_to_return()),
            ranges=request.form.get("ranges", ""),
            problem=problem,
        )


def _told(
    database: BoundedDatabase, act: BulkAct, ids: list[int], settings: Settings
) -> list[tuple[str, str]]:
    """Name each video, and say of a test how long it may take; nothing of it where the act is another one."""
    who = actor()

    def read(rows: Session) -> list[tuple[Asset, str]]:
        if act is BulkAct.TEST:
            return prospects_of(rows, who, ids, settings)
        return [(asset, "") for asset in bulk.read_marked(rows, who, ids)]

    return [(asset.title.strip() or asset.external_id, says) for asset, says in database.in_transaction(read)]


def _asked() -> tuple[BulkAct, list[int]]:
    """Read what is to be done, and to which assets.

    Raises:
        BadRequest: there is no such act, or there are more assets than a page has.
    """
    try:
        act = BulkAct(request.form.get("act", ""))
    except ValueError:
        raise BadRequest("there is no such act") from None
    given = dict.fromkeys(request.form.getlist("asset", type=int))
    ids = [one for one in given if 0 < one <= MAX_ROW_ID]
    if len(ids) > bulk.MOST:
        raise BadRequest(f"{bulk.MOST} videos at once are the most; mark fewer")
    return act, ids


def _seen() -> dict[int, Seen]:
    """Read what the cards of the page showed; what cannot be read was not shown."""
    seen: dict[int, Seen] = {}
    for text in request.form.getlist("seen"):
        if match := _SEEN.fullmatch(text):
            seen[int(match[1])] = Seen(int(match[2]), int(match[3]) if match[3] else None)
    return seen


def _place_to_return() -> LibraryQuery:
    """Read where in the library a form was sent from; nothing else in it counts, so it leads nowhere else."""
    return LibraryQuery.read(dict(parse_qsl(request.form.get("back", ""))))


def link_to(wanted: LibraryQuery, **more: Any) -> str:
    """Write the address of a part of the library."""
    query: dict[str, Any] = {**wanted.query(), **more}
    return url_for("library.show", **query)


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count} videos"
