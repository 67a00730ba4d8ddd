"""Reads uploaded pictures as platforms do: the whole file is decoded, and its type must be one they take."""

from __future__ import annotations

import io
from http import HTTPStatus

from flask import abort
from PIL import Image

JPEG, PNG, WEBP, GIF = "JPEG", "PNG", "WEBP", "GIF"  #: as Pillow calls them


def require_picture(content: bytes, types: tuple[str, ...], max_bytes: int) -> bytes:
    """Return a picture's bytes; refuse the request with 400 unless they are a whole picture that is taken.

    Args:
        content: of the file.
        types: that the platform takes, as Pillow calls them.
        max_bytes: that it takes.
    """
    if len(content) > max_bytes:
        abort(HTTPStatus.BAD_REQUEST, f"The file is larger than {max_bytes} bytes")
    try:
        with Image.open(io.BytesIO(content), formats=types) as picture:
            picture.load()  # to the end: a file that is cut short has a good head
    # Pillow's decoders let many errors through: for them, whatever fails is no picture.
    except Exception:  # noqa: BLE001
        abort(HTTPStatus.BAD_REQUEST, f"The file is not a whole picture of type {' or '.join(types)}")
    return content


def media_type(content: bytes) -> str:
    """Name the media type of a picture, e.g. "image/jpeg"."""
    with Image.open(io.BytesIO(content)) as picture:
        return str(picture.get_format_mimetype())
