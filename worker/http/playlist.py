"""Tells an HLS playlist by its first bytes: hosts call one by many media types, and by none.

Source: RFC 8216, 4.3.1.1; section 4.1 forbids a byte order mark, which some packagers write all the same.
"""

from __future__ import annotations

import codecs

MAGIC = b"#EXTM3U"  #: the first bytes of every playlist
HEAD_BYTES = len(codecs.BOM_UTF8 + MAGIC)  #: so many bytes of a file tell whether it is one


def is_playlist(head: bytes) -> bool:
    """Tell by the first bytes of a file, at least `HEAD_BYTES` of them, whether it is an HLS playlist."""
    return without_mark(head).startswith(MAGIC)


def without_mark(text: bytes) -> bytes:
    """Leave out the byte order mark."""
    return text.removeprefix(codecs.BOM_UTF8)
