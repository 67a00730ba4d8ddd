"""The bucket of pictures: every request has a deadline, and one that is away is left alone for a while.

What goes wrong there is never the account's of a video, so it has errors of its own, whatever the storage
answers: BucketUnavailable, where waiting helps or the operator has to act, and PictureLost.
"""

from __future__ import annotations

import logging
import time
from functools import cache, partial
from operator import lt
from typing import TYPE_CHECKING, Self, TypeVar

from worker import metrics
from worker.errors import (
    AssetGone,
    BucketUnavailable,
    CredentialsRefused,
    PictureLost,
    PlatformUnavailable,
    PublishRejected,
    SettingsInvalid,
    SourceRefused,
)
from worker.http.deadline import Deadline
from worker.platforms.shared.buckets.bucket import Bucket, bucket_url
from worker.platforms.shared.buckets.refusals import OneAtATime, PartMissing
from worker.platforms.shared.buckets.sigv4 import AccessKey
from worker.settings.types import revealed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from worker.platforms.shared.buckets.answers import Deletion, ListedObject, ObjectPage
    from worker.settings import Settings

T = TypeVar("T")

AWS = "https://s3.{region}.amazonaws.com"
READ_S = 3.0  #: somebody waits for a picture
WRITE_S = 10.0  #: also to list, and to remove; a transaction that waits for longer is ended by the database
PAGE_KEYS = 1_000  #: of a list; storage gives no more in one answer
REMOVED_TOGETHER = 200  #: storage takes a thousand, but their notes are locked meanwhile
PAUSE_S = 10.0  #: so long one that is away is not asked, so that work is not held up again and again
ALONE_S = 3600.0  #: so long it is not asked again to remove many; what refused once may be a proxy

REMEDY = "have its video looked at again (`thumbs requeue ASSET`)"

_TO_WRITE = "s3:PutObject"
_FAILURES = (AssetGone, PlatformUnavailable, CredentialsRefused, PublishRejected, SourceRefused)

log = logging.getLogger(__name__)


class PictureBucket:
    """The bucket of the settings. Nothing is opened before the first request; several threads may ask.

    Its methods raise BucketUnavailable.

    Args:
        bucket: where the objects are.
        prefix: of all keys there; empty, or with a slash at its end.
        takes_pictures: whether new ones are put there; those that are there are read anyway.
    """

    def __init__(self, bucket: Bucket, prefix: str = "", *, takes_pictures: bool = True) -> None:
        self.takes_pictures = takes_pictures
        self._bucket = bucket
        self._prefix = prefix
        self._asks_again_s = 0.0  # of the monotonic clock
        self._removes_many_at_s = 0.0  # the same

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Take that of the settings; None where they name none.

        There is one for each process, so that all its threads know when it is away.

        Raises:
            SettingsInvalid: its key is missing.
        """
        if settings.bucket_url is None:
            return None
        secret = revealed(settings.bucket_secret_access_key)
        if not settings.bucket_access_key_id or not secret:
            missing = "BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY: missing, and BUCKET_URL needs them"
            raise SettingsInvalid(missing)
        name, _, prefix = settings.bucket_url.removeprefix("s3://").strip("/").partition("/")
        endpoint_url = settings.bucket_endpoint_url or AWS.format(region=settings.bucket_region)
        url = bucket_url(endpoint_url, name, is_path_style=settings.bucket_is_path_style)
        key = AccessKey(settings.bucket_access_key_id, secret, settings.bucket_region)
        return cls._shared(url, key, f"{prefix}/" if prefix else "", settings.bucket_takes_pictures)

    @classmethod
    @cache
    def _shared(cls, url: str, key: AccessKey, prefix: str, takes_pictures: bool) -> Self:
        bucket = Bucket(url, key, "BUCKET_", "URL", _TO_WRITE)
        return cls(bucket, prefix, takes_pictures=takes_pictures)

    def get(self, key: str, part: range | None = None) -> bytes:
        """Read an object, or the bytes of it whose places are given.

        Raises:
            PictureLost: there is no such object, or it ends before that part.
        """
        content = self._ask("get", lambda: self._bucket.get(self._prefix + key, part), READ_S, key)
        if part is not None and len(content) != len(part):
            sizes = f"{len(content)} bytes at {part.start}, and {len(part)} were put there"
            raise PictureLost(f"{key} has {sizes}; {REMEDY}")
        return content

    def put(self, key: str, content: bytes, media_type: str = "image/jpeg") -> None:
        """Put an object there, in place of one of this key."""
        self._ask("put", lambda: self._bucket.store(self._prefix + key, content, media_type), WRITE_S, key)

    @property
    def removed_together(self) -> int:
        """How many objects `delete` takes: 1 where the storage turned out to remove one at a time."""
        return REMOVED_TOGETHER if time.monotonic() >= self._removes_many_at_s else 1

    def delete(self, keys: Collection[str]) -> dict[str, str]:
        """Remove objects, `removed_together` at most, and return why some of them are still there.

        One that is not there counts as removed. It takes no longer than one request: who calls has locked
        what must not change meanwhile.
        """
        if not keys:
            return {}
        if len(keys) == 1:
            return {key: why for key in keys if (why := self._delete_alone(key)) is not None}
        try:
            return self._delete_together(keys)
        except OneAtATime as exc:
            log.info("the bucket of pictures removes one object at a time from now on: %s", exc)
            self._removes_many_at_s = time.monotonic() + ALONE_S
            return dict.fromkeys(keys, str(exc))

    def list(self, prefix: str = "", after: str = "") -> Iterator[Sequence[ListedObject]]:
        """List objects in the order of their keys, `PAGE_KEYS` or fewer at a time.

        Args:
            prefix: how their keys begin.
            after: the key to go on after; empty: from the first one on.
        """
        begin = self._prefix + after if after else None
        while True:
            ask = partial(self._bucket.list, self._prefix + prefix, begin, PAGE_KEYS)
            page: ObjectPage = self._ask("list", ask, WRITE_S, prefix)
            self._check_page(page, self._prefix + prefix, begin or "")
            if page.objects:
                yield [one._replace(key=one.key.removeprefix(self._prefix)) for one in page.objects]
                begin = page.objects[-1].key
            if page.is_last:
                return

    def _check_page(self, page: ObjectPage, prefix: str, after: str) -> None:
        """Refuse what would have us list for ever, or take other objects for ours."""
        keys = [after, *(one.key for one in page.objects)]
        is_going_on = bool(page.objects) or page.is_last
        if not (
            is_going_on and all(map(lt, keys, keys[1:])) and all(key.startswith(prefix) for key in keys[1:])
        ):
            raise BucketUnavailable(
                f"the bucket's list does not go on after {after!r} in the order of keys; the storage, or what"
                " lies between us and it, does not do what ListObjectsV2 with `start-after` says",
                PAUSE_S,
            )

    def end_pause(self) -> None:
        """Ask again with the next request, however short ago one failed."""
        self._asks_again_s = 0.0

    def _delete_alone(self, key: str) -> str | None:
        """Remove an object, and return why it is still there, where only this one may be refused."""
        try:
            self._ask("delete", partial(self._bucket.delete, self._prefix + key), READ_S, key)
        except BucketUnavailable as exc:
            if isinstance(exc.__cause__, PlatformUnavailable | None):
                raise
            return str(exc)
        return None

    def _delete_together(self, keys: Collection[str]) -> dict[str, str]:
        ask = partial(self._bucket.delete_together, [self._prefix + key for key in keys])
        answer: Deletion = self._ask("delete", ask, WRITE_S, min(keys))
        refused = {key: answer.refused.get(self._prefix + key) for key in keys}
        return {
            key: ": ".join(filter(None, why or ())) or "the storage does not say that it is removed"
            for key, why in refused.items()
            if self._prefix + key not in answer.removed
        }

    def _ask(self, operation: str, request: Callable[[], T], limit_s: float, key: str) -> T:
        if (pause_s := self._asks_again_s - time.monotonic()) > 0:
            metrics.BUCKET_REQUESTS.labels(operation, "paused").inc()
            raise BucketUnavailable(
                "the bucket of pictures failed a moment ago, and is asked again soon", pause_s
            )
        try:
            with metrics.BUCKET_SECONDS.labels(operation).time(), Deadline(limit_s):
                answer = request()
        except _FAILURES as exc:  # whatever else is raised is that of who waits, as the end of a lease
            if operation == "get" and isinstance(exc, AssetGone):
                metrics.BUCKET_REQUESTS.labels(operation, "missing").inc()
                raise PictureLost(f"the bucket has no object {key}; {REMEDY}") from exc
            metrics.BUCKET_REQUESTS.labels(operation, "failed").inc()
            if isinstance(exc, PartMissing):
                raise PictureLost(f"{key} ends before it should: {exc}; {REMEDY}") from exc
            # What it refuses it refuses at once, and maybe only this: one object that is missing, where the
            # key may not list, must not keep all others from being asked for.
            if isinstance(exc, PlatformUnavailable):
                self._asks_again_s = time.monotonic() + PAUSE_S
            log.warning("the bucket of pictures fails: %s", exc)
            raise BucketUnavailable(f"the bucket of pictures fails: {exc}", PAUSE_S) from exc
        metrics.BUCKET_REQUESTS.labels(operation, "ok").inc()
        return answer
