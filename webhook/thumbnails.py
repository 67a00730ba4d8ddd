"""Shows thumbnails at an address that holds their content's hash, as long as their video is not deleted.

What is under an address never changes, but it may have to vanish: the video is deleted, or becomes private.
So caches keep it for an hour only. Afterwards they ask again, and an unchanged picture is not sent again.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, request
from sqlalchemy import null, select
from werkzeug.exceptions import NotFound

from worker.database.models import Asset, Thumbnail
from worker.storage.links import ThumbnailLinks
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

KEPT_S = 3600  # by caches; for so long a picture may still be seen after its video was deleted

_SHA256 = re.compile("[0-9a-f]{64}")


class StoredPicture(NamedTuple):
    """What is known of a picture."""

    is_private: bool | None  #: of the video; see `Asset.is_private`
    jpeg: bytes | None  #: None where the caller has it, or it is in the bucket


def thumbnail_page(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the route of a thumbnail: /thumbnails/<sha256>.jpg."""
    pages = Blueprint("thumbnails", __name__)
    links = ThumbnailLinks.of(settings)
    links.check()
    pictures = Pictures.of(settings)

    @pages.get("/thumbnails/<sha256>.jpg")
    def thumbnail(sha256: str) -> Response:
        is_known = is_hash(sha256) and request.if_none_match.contains(sha256)
        picture = is_hash(sha256) and database.in_transaction(
            lambda rows: _find(rows, sha256, is_known=is_known)
        )
        if not picture:
            raise NotFound("there is no such thumbnail")
        left_s = None
        if links.must_be_signed(is_private=picture.is_private):
            left_s = links.seconds_left(
                sha256, request.args.get("expires", ""), request.args.get("signature", "")
            )
            if not left_s:
                raise NotFound("this address is over, or was never given out; ask for another one")
        if is_known:
            response = Response(status=HTTPStatus.NOT_MODIFIED)
        else:  # the connection to the database is free again while the bucket answers
            response = Response(pictures.thumbnail(sha256, picture.jpeg), mimetype="image/jpeg")
        if left_s is not None:
            response.cache_control.private, response.cache_control.max_age = True, min(left_s, KEPT_S)
        else:
            response.cache_control.public, response.cache_control.max_age = True, KEPT_S
        response.set_etag(sha256)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return pages


def is_hash(word: str) -> bool:
    """Tell whether a word can be the SHA-256 of a thumbnail, in lower-case hex."""
    return _SHA256.fullmatch(word) is not None


def _find(session: Session, sha256: str, *, is_known: bool) -> StoredPicture | None:
    """Find a picture of a video that is not deleted; of several, one that is open to all."""
    wanted = (
        select(Asset.is_private, null() if is_known else Thumbnail.jpeg)
        .select_from(Thumbnail)
        .join(Asset, Asset.id == Thumbnail.asset_id)
        .where(Thumbnail.sha256 == sha256, Asset.deleted_at.is_(None))
        .order_by(Asset.is_private)  # NULL, which is not known, comes last
        .limit(1)
    )
    row = session.execute(wanted).first()
    return StoredPicture(*row) if row else None
