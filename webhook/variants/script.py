"""The script that pages load: thumbs.js as browsers get it, and what names exactly these bytes."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import NamedTuple

VERSION_DIGITS = 16

_COMMENT = re.compile(r"(^|(?<=;))\s*// .*|^\s*//$")  # alone on its line, or behind a statement


class Script(NamedTuple):
    """The script."""

    body: bytes
    version: str  #: the beginning of its SHA-256, in hex: part of the address under which it never changes
    integrity: str  #: for the attribute of the same name (Subresource Integrity, W3C)


def read_script() -> Script:
    """Read thumbs.js, and leave out its comments and indentation, which no viewer needs."""
    source = resources.files("webhook.variants").joinpath("static", "thumbs.js").read_text("utf-8")
    lines = (_COMMENT.sub("", line).strip() for line in source.splitlines())
    body = "".join(f"{line}\n" for line in lines if line).encode()
    sha384 = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Script(body, hashlib.sha256(body).hexdigest()[:VERSION_DIGITS], f"sha384-{sha384}")
