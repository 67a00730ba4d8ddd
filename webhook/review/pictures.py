"""The pictures of the pages: frames of the strip, and thumbnails, for those who may see their video.

What is at an address never changes, so a browser keeps it for an hour; nobody else may keep it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from sqlalchemy import null, select
from sqlalchemy.orm import load_only
from werkzeug.exceptions import NotFound

from webhook.review.identity import actor
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.database.states import Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor

KEPT_S = 3600

_NONE = "there is no such picture, or you may not see it"


def picture_pages(database: BoundedDatabase) -> Blueprint:
    """Make the routes /frames/<id>.jpg and /pictures/<id>.jpg."""
    pages = Blueprint("pictures", __name__)

    @pages.get(f"/frames/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def frame(picture_id: int) -> Response:
        return send_picture(database, StoredCandidate, picture_id, actor())

    @pages.get(f"/pictures/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def picture(picture_id: int) -> Response:
        return send_picture(database, Thumbnail, picture_id, actor())

    return pages


def send_picture(
    database: BoundedDatabase, table: type[StoredCandidate | Thumbnail], picture_id: int, who: Actor
) -> Response:
    """Send a picture, or only say that the one that is there already is still right.

    Raises:
        NotFound: there is none, or they may not see it.
    """
    is_known = request.if_none_match.contains(str(picture_id))
    found = database.in_transaction(lambda rows: _find(rows, table, picture_id, who, is_known=is_known))
    if found is None:
        raise NotFound(_NONE)
    response = Response(found, mimetype="image/jpeg")
    if is_known:
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    response.cache_control.private, response.cache_control.max_age = True, KEPT_S
    response.set_etag(str(picture_id))
    return response


def _find(
    session: Session,
    table: type[StoredCandidate | Thumbnail],
    picture_id: int,
    who: Actor,
    *,
    is_known: bool,
) -> bytes | None:
    """Read a picture, nothing of it where the browser has it; None where there is none for this person.

    Pictures of a video that was deleted are shown no more, as at the receiver.
    """
    wanted = (
        select(Asset, null() if is_known else table.jpeg)
        .options(load_only(Asset.platform, Asset.account))
        .join(table, table.asset_id == Asset.id)
        .where(table.id == picture_id, Asset.deleted_at.is_(None))
    )
    row = session.execute(wanted).first()
    if row is None or not who.may(Role.VIEWER, row[0]):
        return None
    return row[1] or b""
