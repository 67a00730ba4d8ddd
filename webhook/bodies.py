"""Reads the body of a request as it was sent."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType


def whole_body(most_bytes: int) -> bytes:
    """Read the body as it was sent; nothing is unpacked, because a few bytes can unpack to gigabytes.

    Raises:
        UnsupportedMediaType: it is packed.
        BadRequest: it cannot be read.
        RequestEntityTooLarge: it has more than `most_bytes`.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("send the body as it is, without Content-Encoding")
    try:
        body = request.get_data(cache=False)
    except OSError as exc:  # gunicorn's, of chunks that are none
        raise BadRequest("the body cannot be read") from exc
    # Where chunks hide the length, Werkzeug stops at its limit, one byte later, and returns what it has.
    if len(body) > most_bytes:
        raise RequestEntityTooLarge
    return body
