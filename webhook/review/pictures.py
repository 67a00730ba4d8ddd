"""The pictures of the pages: frames of the strip, and thumbnails, for those who may see their video.

What is at an address never changes, so a browser keeps it for an hour; nobody else may keep it.
"""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from sqlalchemy import select
from sqlalchemy.orm import load_only
from werkzeug.exceptions import NotFound, ServiceUnavailable

from webhook.review.identity import actor
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.database.states import Role
from worker.errors import BucketUnavailable, PictureLost
from worker.storage.pictures import FramePlace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.base import ExecutableOption

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor
    from worker.storage.pictures import Pictures

KEPT_S = 3600

log = logging.getLogger(__name__)

_AWAY = "the picture cannot be read right now; try again in a few seconds"
_NONE = "there is no such picture, or you may not see it"


def picture_pages(database: BoundedDatabase, pictures: Pictures) -> Blueprint:
    """Make the routes /frames/<id>.jpg and /pictures/<id>.jpg."""
    pages = Blueprint("pictures", __name__)

    @pages.get(f"/frames/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def frame(picture_id: int) -> Response:
        return send_picture(database, pictures, StoredCandidate, picture_id, actor())

    @pages.get(f"/pictures/<int(max={MAX_ROW_ID}):picture_id>.jpg")
    def picture(picture_id: int) -> Response:
        return send_picture(database, pictures, Thumbnail, picture_id, actor())

    return pages


def send_picture(
    database: BoundedDatabase,
    pictures: Pictures,
    table: type[StoredCandidate | Thumbnail],
    picture_id: int,
    who: Actor,
) -> Response:
    """Send a picture, or only say that the one that is there already is still right.

    Raises:
        NotFound: there is none, they may not see it, or it was lost.
        ServiceUnavailable: the bucket that has it is away.
    """
    is_known = request.if_none_match.contains(str(picture_id))
    found = database.in_transaction(lambda rows: _find(rows, table, picture_id, who, is_known=is_known))
    if found is None:
        raise NotFound(_NONE)
    if is_known:
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = Response(_content(pictures, found), mimetype="image/jpeg")
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
) -> StoredCandidate | Thumbnail | None:
    """Read a picture's row, without its bytes where the browser has them; None: none for this person.

    Pictures of a video that was deleted are shown no more, as at the receiver.
    """
    wanted = (
        select(Asset, table)
        .options(load_only(Asset.platform, Asset.account), *_columns(table, is_known=is_known))
        .join(table, table.asset_id == Asset.id)
        .where(table.id == picture_id, Asset.deleted_at.is_(None))
    )
    row = session.execute(wanted).first()
    if row is None or not who.may(Role.VIEWER, row[0]):
        return None
    _, found = row
    return found if isinstance(found, StoredCandidate | Thumbnail) else None


def _columns(table: type[StoredCandidate | Thumbnail], *, is_known: bool) -> list[ExecutableOption]:
    """Say what is read of a row: where its picture is."""
    if is_known:
        return [load_only(table.id)]
    if issubclass(table, Thumbnail):
        return [load_only(table.sha256, table.jpeg)]
    return [load_only(table.jpeg, table.bundle, table.bundle_offset, table.bundle_length)]


def _content(pictures: Pictures, row: StoredCandidate | Thumbnail) -> bytes:
    """Read the picture of a row, from wherever it is."""
    try:
        if isinstance(row, Thumbnail):
            return pictures.thumbnail(row.sha256, row.jpeg)
        return pictures.frame(FramePlace.of(row))
    except BucketUnavailable as exc:
        log.warning("a picture cannot be shown: %s", exc)
        raise ServiceUnavailable(_AWAY, retry_after=math.ceil(exc.retry_after_s or 1)) from exc
    except PictureLost as exc:
        log.error("a picture is lost: %s", exc)  # noqa: TRY400 - whose bytes they are is all there is to say
        raise NotFound(_NONE) from exc
