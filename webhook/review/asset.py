"""The page of one asset: what is shown of it, what else could be, and how it came to that."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from webhook.assets import AssetId
from webhook.review import forms
from webhook.review.identity import STOP_POLLING, actor, polled
from worker.admin.find import asset_name
from worker.admin.taken import page_of
from worker.database.base import MAX_ROW_ID
from worker.database.states import Role
from worker.inbox.storable import is_storable_id
from worker.platforms.base import WriteBack
from worker.review.asset import find_named, find_visible, read_asset
from worker.review.library import LibraryQuery, read_neighbours
from worker.review.notices import notices_of, release_words, taken_words
from worker.review.preview import read_preview
from worker.review.progress import platform_label, read_progress
from worker.review.seen import Seen, read_seen
from worker.text import clock, format_age, length_words, printable, reason_words, say_words, short_clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug import Response as Redirect
    from werkzeug.datastructures import MultiDict

    from webhook.bounded import BoundedDatabase
    from worker.database.models import Asset
    from worker.review.asset import AssetView
    from worker.review.library import Neighbours
    from worker.review.preview import Preview
    from worker.review.progress import AssetProgress
    from worker.settings import Settings

_NO_CONTENT = 204  #: htmx leaves the page as it is
ASKS_FOR_S = 300.0  #: so long a page asks; a tab that somebody forgot does not ask for days

_NONE = "there is no such video, or you may not see it"
ASSET = f"/a/<int(max={MAX_ROW_ID}):asset_id>"  #: the address of an asset's page, as routes have it


def asset_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes of an asset: its page, the pieces of it, and its address by the platform's id."""
    pages = Blueprint("asset", __name__)
    # Before the route, which needs it.
    pages.record_once(lambda setup: setup.app.url_map.converters.update(asset=AssetId))
    words = (
        asset_name,
        clock,
        format_age,
        length_words,
        platform_label,
        printable,
        reason_words,
        say_words,
        short_clock,
    )
    for word in words:
        pages.add_app_template_filter(word)

    @pages.get(ASSET)
    def show(asset_id: int) -> Response:
        frame_id = request.args.get("frame", type=int)
        is_piece = frame_id is not None and request.headers.get("HX-Request") == "true"
        piece = _frame(database, asset_id, frame_id) if is_piece and frame_id is not None else None
        response = Response(piece or _page_of_form(settings, database, asset_id, frame_id))
        response.vary.add("HX-Request")
        return response

    @pages.get(f"{ASSET}/status")
    @polled
    def status(asset_id: int) -> Response:
        who = actor()
        found = database.in_transaction(
            lambda rows: (asset := find_visible(rows, who, asset_id)) and (asset, read_progress(rows, asset))
        )
        if not found:
            raise NotFound(_NONE)
        return _status_piece(*found)

    @pages.get("/a/<platform>/<account>/<asset:external_id>")
    def named(platform: str, account: str, external_id: str) -> Redirect:
        who, names = actor(), (platform, account, external_id)
        found = all(map(is_storable_id, names)) and database.in_transaction(
            lambda rows: find_named(rows, who, *names)
        )
        if not found:
            raise NotFound(_NONE)
        return redirect(url_for("asset.show", asset_id=found))

    return pages


def asset_page(
    settings: Settings,
    database: BoundedDatabase,
    asset_id: int,
    *,
    frame_id: int | None = None,
    refusal: str = "",
    typed: MultiDict[str, str] | None = None,
) -> str:
    """Write the page of an asset, for whoever asks.

    Args:
        settings: of the accounts.
        database: which is asked.
        asset_id: of the asset.
        frame_id: the candidate that is looked at closely.
        refusal: why what they sent was not done.
        typed: what they had typed, which stands in its form again; None: what this request sends.

    Raises:
        NotFound: there is no such asset, or they may not see it.
    """
    who, typed = actor(), request.form if typed is None else typed
    frame_id = typed.get("candidate", type=int) if frame_id is None else frame_id
    part = LibraryQuery.read(dict(parse_qsl(came_from().get("from", ""))))

    def read(session: Session) -> tuple[AssetView | None, Neighbours]:
        view = read_asset(session, who, asset_id, settings, frame_id)
        return view, read_neighbours(session, who, asset_id, part)

    view, beside = database.in_transaction(read)
    if view is None:
        raise NotFound(_NONE)
    choice = view.history.choice
    return render_template(
        "asset.html",
        view=view,
        asset=view.asset,
        here=url_for("asset.show", asset_id=asset_id),
        beside=beside,
        came_from=came_from(),
        library=None if who.asset_id is not None else url_for("library.show", **dict[str, Any](part.query())),
        platform_name=platform_label(view.asset),
        page_url=page_of(view.asset, settings),
        progress=view.progress,
        is_outdated=False,
        seen=view.progress.seen,
        preview=view.preview,
        can_edit=view.can_edit and not view.asset.deleted_at,
        takes_pictures=view.taken not in {None, WriteBack.TIME},
        taken=taken_words(view.asset, view.taken),
        notices=notices_of(view.history, view.taken, view.name_of(choice.who if choice else "")),
        release=release_words(view.history),
        known=known_word(view.progress),
        refusal=refusal,
        typed=typed,
        wants_frame=frame_id is not None,
    )


def _page_of_form(settings: Settings, database: BoundedDatabase, asset_id: int, frame_id: int | None) -> str:
    """Write the page of an asset; to whoever comes back from the sign-in, with what they sent in vain."""
    typed = forms.take_unsent(asset_id)
    refusal = "" if typed is None else f"{forms.NOT_DONE} Send it again."
    return asset_page(settings, database, asset_id, frame_id=frame_id, refusal=refusal, typed=typed)


def came_from() -> dict[str, Any]:
    """Return what the addresses of an asset's page carry: the part of the library that one came from."""
    given = request.values.get("from", "")
    return {"from": given} if given else {}


def known_word(progress: AssetProgress) -> str:
    """Shorten the word of what a page says already, for the next question."""
    return hashlib.sha256(progress.word.encode()).hexdigest()[:16]


def _status_piece(asset: Asset, progress: AssetProgress) -> Response:
    """Write only the piece of the page that says what goes on; nothing where the page says it already."""
    known, page = known_word(progress), _seen_by_page() or progress.seen
    is_over = progress.is_settled or _has_asked_long(progress)
    code = STOP_POLLING if is_over else None
    if request.args.get("known") == known and (progress.is_settled or not is_over):
        return Response(status=code or _NO_CONTENT, headers={"HX-Reswap": "none"})
    piece = render_template(
        "asset/progress.html",
        asset=asset,
        progress=progress,
        known=known,
        is_outdated=page != progress.seen,
        has_new_pictures=page.generation != progress.seen.generation,
        asks_no_more=is_over and not progress.is_settled,
    )
    return Response(piece, status=code)


def _frame(database: BoundedDatabase, asset_id: int, frame_id: int) -> str:
    """Write only the piece of the page that shows one frame."""
    who = actor()

    def read(session: Session) -> tuple[Asset, Preview | None, Seen] | None:
        asset = find_visible(session, who, asset_id)
        if asset is None:
            return None
        return asset, read_preview(session, asset, frame_id), read_seen(session, asset)

    found = database.in_transaction(read)
    if found is None:
        raise NotFound(_NONE)
    asset, preview, seen = found
    can_edit = who.may(Role.EDITOR, asset) and not asset.deleted_at
    return render_template(
        "asset/frame.html",
        asset=asset,
        preview=preview,
        seen=seen,
        can_edit=can_edit,
        wants_frame=True,
    )


def _has_asked_long(progress: AssetProgress) -> bool:
    """Tell whether the page that asks was shown so long ago that it had better stop."""
    since = request.args.get("since", type=int)
    return since is not None and progress.now.timestamp() - since > ASKS_FOR_S


def _seen_by_page() -> Seen | None:
    """Read what the page that asks has before it; None where it does not tell."""
    generation = request.args.get("generation", type=int)
    return None if generation is None else Seen(generation, request.args.get("choice", type=int))
