"""Try the bucket of pictures: put an object there, read it, list it, remove it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from worker.doctor.finding import Finding, State
from worker.errors import AssetGone, BucketUnavailable, PictureLost, PlatformUnavailable
from worker.storage.bucket import PictureBucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.settings import Settings

WHAT = "bucket"
_PROBES = "probe/"

_RIGHTS = (
    "the key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there; where each program "
    "has one of its own, that of the dispatcher may do all: docs/pictures.md"
)
_WAY = (
    "see that the storage runs, that this machine reaches it, and that BUCKET_ENDPOINT_URL is its address, "
    "without the bucket's name"
)

_BETWEEN = "look for what lies between us and the storage, as a cache; the storage may not know ranges"


def check_bucket(settings: Settings) -> Iterator[Finding]:
    """Try everything that is done with the bucket, with an object of our own; nothing where there is none.

    Raises:
        SettingsInvalid: its key is missing.
    """
    bucket = PictureBucket.of(settings)
    if bucket is None:
        return
    key, content = f"{_PROBES}{secrets.token_hex(8)}", secrets.token_bytes(32)
    step = "put there"
    try:
        bucket.put(key, content, "application/octet-stream")
        step = "read"
        is_same = bucket.get(key) == content and bucket.get(key, range(8, 16)) == content[8:16]
        step = "listed"
        is_listed = any(one.key == key for page in bucket.list(key) for one in page)
        step = "removed"
        refused = bucket.delete([key])
    except (BucketUnavailable, PictureLost) as exc:
        yield Finding(WHAT, State.FAILED, f"an object cannot be {step}: {exc}", _remedy(exc))
        return
    if refused:
        yield Finding(WHAT, State.FAILED, f"an object cannot be {step}: {refused[key]}", _RIGHTS)
        return
    if not (is_same and is_listed):
        yield Finding(WHAT, State.FAILED, "what is read or listed there is not what was put there", _BETWEEN)
        return
    takes = "" if bucket.takes_pictures else "; new pictures go into the database (BUCKET_TAKES_PICTURES)"
    yield Finding(WHAT, State.OK, f"{settings.bucket_url} takes, shows, lists and removes objects{takes}")


def _remedy(error: Exception) -> str:
    """Tell a way that does not lead there from a key that may not do it."""
    is_way = isinstance(error, PictureLost) or isinstance(error.__cause__, AssetGone | PlatformUnavailable)
    return _WAY if is_way else _RIGHTS
