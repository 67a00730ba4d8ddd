"""What programs ask: the list of assets, one asset, its pictures, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import BadRequest, Forbidden, NotFound

from webhook.assets import AssetId
from webhook.review.api.documents import Addresses, asset_document, audit_document, card_document
from webhook.review.pictures import send_picture
from worker.admin.taken import page_of
from worker.database.base import MAX_ROW_ID
from worker.database.models import StoredCandidate, Thumbnail
from worker.database.review import CONDITIONS
from worker.database.states import Role
from worker.inbox.storable import is_storable_id
from worker.people import audit
from worker.review.asset import find_named, find_visible, read_asset
from worker.review.library import PAGE, LibraryQuery, read_page
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from worker.database.people import AuditEntry
    from worker.people.roles import Actor
    from worker.settings import Settings

MOST = 100  #: of a page of a list

_NO_ASSET = "there is no such asset, or it is not for this token to see"
_FOR_OPERATORS = "Without `asset`, this takes the role operator for all accounts; name an asset."


def program() -> Actor:
    """Return who asks."""
    actor: Actor = g.program
    return actor


def reading_routes(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes that change nothing."""
    routes = Blueprint("reading", __name__)
    # Before the route, which needs it.
    routes.record_once(lambda setup: setup.app.url_map.converters.update(asset=AssetId))
    addresses = Addresses(settings)

    @routes.get("/api/v1/assets")
    def assets() -> Response:
        who, wanted, most = program(), _wanted(), read_limit()
        page = database.in_transaction(lambda rows: read_page(rows, who, wanted, most, is_counted=False))
        older = page.older and wanted.at(page.older).query()
        cards = [card_document(card, addresses) for card in page.cards]
        return jsonify(assets=cards, next=older and next_address(f"{addresses.root}/assets", older, most))

    @routes.get(f"/api/v1/assets/<int(max={MAX_ROW_ID}):asset_id>")
    def asset(asset_id: int) -> Response:
        return describe(asset_id)

    @routes.get("/api/v1/assets/<platform>/<account>/<asset:external_id>")
    def named(platform: str, account: str, external_id: str) -> Response:
        who, names = program(), (platform, account, external_id)
        found = all(map(is_storable_id, names)) and database.in_transaction(
            lambda rows: find_named(rows, who, *names)
        )
        return describe(found or 0)

    def describe(asset_id: int) -> Response:
        who = program()
        view = database.in_transaction(lambda rows: read_asset(rows, who, asset_id, settings))
        if view is None:
            raise NotFound(_NO_ASSET)
        return jsonify(asset_document(view, page_of(view.asset, settings), addresses))

    @routes.get("/api/v1/audit")
    def acts() -> Response:
        who, asset_id, after, most = program(), _row_id("asset"), _row_id("after"), read_limit()
        entries = database.in_transaction(lambda rows: _acts(rows, who, asset_id, after, most + 1))
        query = {"asset": str(asset_id)} if asset_id else {}
        last = {**query, "after": str(entries[most - 1].id)} if len(entries) > most else None
        return jsonify(
            entries=[audit_document(entry) for entry in entries[:most]],
            next=last and next_address(f"{addresses.root}/audit", last, most),
        )

    _add_pictures(routes, database, Pictures.of(settings))
    return routes


def _add_pictures(routes: Blueprint, database: BoundedDatabase, pictures: Pictures) -> None:
    @routes.get(f"/api/v1/pictures/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def picture(picture_id: int) -> Response:
        return send_picture(database, pictures, Thumbnail, picture_id, program())

    @routes.get(f"/api/v1/frames/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def frame(picture_id: int) -> Response:
        return send_picture(database, pictures, StoredCandidate, picture_id, program())


def _acts(
    session: Session, who: Actor, asset_id: int | None, after: int | None, limit: int
) -> list[AuditEntry]:
    if asset_id is None and not who.may_everywhere(Role.OPERATOR):
        raise Forbidden(_FOR_OPERATORS)
    if asset_id is not None and find_visible(session, who, asset_id) is None:
        raise NotFound(_NO_ASSET)
    return audit.newest(session, limit, asset_id=asset_id, before_id=after)


def _wanted() -> LibraryQuery:
    """Read which assets are asked for.

    Raises:
        BadRequest: what a person's address may hold by mistake, a program's may not.
    """
    of = request.args.get("filter")
    if of is not None and of not in CONDITIONS:
        raise BadRequest(f"There is no filter of this name; there are: {', '.join(CONDITIONS)}.")
    _row_id("after")
    names = {name: request.args[name] for name in ("filter", "q", "account", "after") if name in request.args}
    return LibraryQuery.read(names)


def read_limit() -> int:
    """Read how many things a page of a list has; raise BadRequest where that cannot be."""
    limit = _number(request.args.get("limit", str(PAGE)))
    if limit is None or not 0 < limit <= MOST:
        raise BadRequest(f"`limit` is a number from 1 to {MOST}.")
    return limit


def _row_id(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    row_id = _number(text)
    if row_id is None:
        raise BadRequest(f"`{name}` is the number of a row, as an answer before has it.")
    return row_id


def _number(text: str) -> int | None:
    """Read a whole number as rows have it; None where it is none."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ROW_ID))
    return int(text) if is_one and int(text) <= MAX_ROW_ID else None


def next_address(address: str, query: dict[str, str], most: int) -> str:
    """Write where the next page of a list is."""
    return f"{address}?{urlencode({**query, 'limit': most})}"
