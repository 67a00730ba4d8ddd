"""Shows thumbnails at an address that is their content's hash, so that they may be kept for ever."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from worker.database.models import Thumbnail

if TYPE_CHECKING:
    from webhook.bounded import BoundedDatabase

YEAR_S = 365 * 24 * 3600  # the longest that RFC 9111's readers are used to

_SHA256 = re.compile("[0-9a-f]{64}")


def thumbnail_page(database: BoundedDatabase) -> Blueprint:
    """Make the route of a thumbnail: /thumbnails/<sha256>.jpg."""
    pages = Blueprint("thumbnails", __name__)

    @pages.get("/thumbnails/<sha256>.jpg")
    def thumbnail(sha256: str) -> Response:
        if is_hash(sha256) and request.if_none_match.contains(sha256):
            return Response(status=HTTPStatus.NOT_MODIFIED)  # its name is its content
        wanted = select(Thumbnail.jpeg).where(Thumbnail.sha256 == sha256).limit(1)
        jpeg = database.in_transaction(lambda session: session.scalar(wanted)) if is_hash(sha256) else None
        if jpeg is None:
            raise NotFound("there is no such thumbnail")
        response = Response(jpeg, mimetype="image/jpeg")
        response.cache_control.public = response.cache_control.immutable = True
        response.cache_control.max_age = YEAR_S
        response.set_etag(sha256)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.make_conditional(request)  # last: it reads the tag that was just set
        return response

    return pages


def is_hash(word: str) -> bool:
    """Tell whether a word can be the SHA-256 of a thumbnail, in lower-case hex."""
    return _SHA256.fullmatch(word) is not None
