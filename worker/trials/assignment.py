"""Who sees which variant: a pure function of the test and the viewer, the same here and in browsers.

The vectors that both are tested with stand in docs/learning.md.
"""

from __future__ import annotations

import hashlib
import itertools

BUCKETS = 128
MAX_VIEWER_CHARACTERS = 64


def bucket_of(salt: str, viewer: str) -> int:
    """Find a viewer's bucket, 0 to 127: the first 4 bytes of SHA-256 of `SALT:VIEWER`, modulo 128.

    Args:
        salt: of the test, so that tests are independent of each other.
        viewer: any word that stays the same for a viewer; nobody but this function sees it.
    """
    digest = hashlib.sha256(f"{salt}:{viewer}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % BUCKETS


def bucket_ranges(variants: int) -> list[tuple[int, int]]:
    """Split the buckets evenly: for each variant the first, and the one after its last."""
    ends = [BUCKETS * number // variants for number in range(variants + 1)]
    return list(itertools.pairwise(ends))
