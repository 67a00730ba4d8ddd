"""Buckets of any storage that speaks S3: reads the video by a signed address, and lays our picture beside it.

An asset is an object, and its id is the object's key. A new object under an old key is another content of the
same asset, which its entity tag shows. What we write is a JPEG, and videos are told by their suffix, so that
our own picture never asks for work.
"""

from __future__ import annotations

import hashlib
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import cached_property
from typing import TYPE_CHECKING, Any

from worker.errors import AssetGone, PlatformUnavailable, ShownMeanwhile, SourceRefused
from worker.platforms.base import (
    AssetState,
    Capabilities,
    ListedAsset,
    NewThumbnail,
    Page,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.event import EventKind
from worker.platforms.shared import json_fields
from worker.platforms.shared.base_platform import BasePlatform
from worker.platforms.shared.buckets.bucket import Bucket, bucket_url
from worker.platforms.shared.buckets.notifications import BRIDGE_KINDS, KINDS, read_notifications
from worker.platforms.shared.buckets.sigv4 import AccessKey
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.signatures import SharedToken
from worker.platforms.shared.signed_urls import LIFETIME_S
from worker.platforms.shared.waiting import reading_back
from worker.settings.accounts import S3Account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.platforms.event import Event
    from worker.platforms.shared.buckets.answers import ListedObject
    from worker.platforms.shared.buckets.notifications import Notification

# Objects of these classes have to be restored before anybody can read them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
MAX_ID_BYTES = 2000  # of what a row is found by; a key has 1,024 at most
RESTORED = 'ongoing-request="false"'  # in the header x-amz-restore


class S3(BasePlatform[S3Account]):
    """One bucket."""

    name = "s3"
    capabilities = Capabilities(
        "S3 (MinIO, Ceph, R2, AWS)",
        frozenset({*KINDS.values(), *BRIDGE_KINDS.values(), EventKind.UPDATED}),
        frozenset({WriteBack.IMAGE}),
        needs_reconcile=True,
        write_permission="an access key that may s3:PutObject where pictures go",
    )
    signature = SharedToken("Authorization")

    def identifier(self, of: Mapping[str, Any], name: str) -> str:
        """Read a key, which may hold slashes, spaces and letters of all scripts."""
        return json_fields.required(of, name)

    def _events(self, said: dict[str, Any]) -> list[Event]:
        return [self._read_event(told) for told in read_notifications(said)]

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask for the object, and for the picture beside it."""
        head = self._videos.head(asset_id)
        return RemoteAsset(
            id=asset_id,
            state=AssetState.READY,
            fingerprint=_fingerprint(_etag(head), _size(head.get("Content-Length"))),
            title=_title(asset_id, head.get("x-amz-meta-title", "")),
            is_private=True,  # whether strangers can read a bucket is not told in any one place
            shown=self._shown(asset_id),
            details={
                "storage_class": head.get("x-amz-storage-class"),
                "restore": head.get("x-amz-restore"),
            },
        )

    def assets(self, page: str | None = None) -> Page:
        """List the videos by their keys, a page of objects at a time, which may hold no video at all."""
        found = self._videos.list(self._settings.prefix, page)
        pictures = {one.key: one.etag for one in found.objects} if self._is_one_bucket else {}
        videos = [
            ListedAsset(
                one.key,
                one.changed_at,
                AssetState.READY,
                _fingerprint(one.etag, one.size),
                pictures.get(self._image_key(one.key)),
            )
            for one in found.objects
            if self._is_video(one.key)
        ]
        is_over = found.is_last or not found.objects
        return Page(videos, None if is_over else _last_key(found.objects), is_by_change=False)

    def source(self, asset: RemoteAsset) -> Source:
        """Sign an address of the object that lives for as long as a job may take.

        Raises:
            SourceRefused: it lies in an archive.
        """
        if asset.details["storage_class"] in ARCHIVES and RESTORED not in (asset.details["restore"] or ""):
            raise SourceRefused(f"{asset.id} lies in an archive; restore it, and it is looked at again")
        address = self._videos.read_address(asset.id, LIFETIME_S)
        return Source(Rendition(address, own_origin=self._videos.origin))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str | None:
        """Lay the picture beside the video, unless another one came there since it was asked for.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        """
        self._videos.head(asset.id)  # storage would take a picture of a video that is gone
        headers = {
            "Content-Type": "image/jpeg",
            "x-amz-meta-made-by": "thumbs",
            "x-amz-meta-time-s": f"{choice.time_s:.3f}",
        }
        try:
            stored = self._pictures.put(
                self._image_key(asset.id), choice.jpeg, headers, in_place_of=asset.shown
            )
        except ShownMeanwhile:
            shown = self._shown(asset.id)
            if shown == hashlib.md5(choice.jpeg, usedforsecurity=False).hexdigest():
                return shown  # this very picture, which an attempt whose answer was lost has put there
            raise
        with reading_back():
            return _etag(stored) or self._shown(asset.id)

    def close(self) -> None:
        """Close connections, if there are any."""
        for name in ("_videos", "_pictures"):
            if name in vars(self):
                getattr(self, name).close()

    def _credentials(self) -> Credentials:
        # Requests are signed one by one, see `Bucket`.
        return Credentials({}, (self._key.secret_access_key,), f"{self._prefix}__SECRET_ACCESS_KEY")

    @cached_property
    def _key(self) -> AccessKey:
        secret = self._settings.secret_access_key.get_secret_value()
        return AccessKey(self._settings.access_key_id, secret, self._settings.region)

    @cached_property
    def _videos(self) -> Bucket:
        return self._bucket(self._settings.bucket, "BUCKET")

    @cached_property
    def _pictures(self) -> Bucket:
        if self._settings.image_bucket is None:
            return self._bucket(self._settings.bucket, "BUCKET")
        return self._bucket(self._settings.image_bucket, "IMAGE_BUCKET")

    @property
    def _is_one_bucket(self) -> bool:
        return self._settings.image_bucket in {None, self._settings.bucket}

    def _bucket(self, name: str, setting: str) -> Bucket:
        url = bucket_url(self._settings.endpoint_url, name, is_path_style=self._settings.path_style)
        permission = self.capabilities.write_permission
        return Bucket(url, self._key, f"{self._prefix}__", setting, permission, self._prefix)

    def _is_video(self, key: str) -> bool:
        suffixes = tuple(suffix.lower() for suffix in self._settings.video_suffixes)
        return key.startswith(self._settings.prefix) and key.lower().endswith(suffixes)

    def _image_key(self, key: str) -> str:
        folder, slash, file = key.rpartition("/")
        values = {"{key}": key, "{stem}": folder + slash + file.rpartition(".")[0]}
        # In one go: a key may hold such words itself.
        return re.sub(r"\{(?:key|stem)\}", lambda field: values[field[0]], self._settings.image_key)

    def _shown(self, key: str) -> str | None:
        try:
            return _etag(self._pictures.head(self._image_key(key))) or None
        except AssetGone:
            return None

    def _read_event(self, told: Notification) -> Event:
        if not _is_text(told.id):  # it would cost all others of its delivery
            problem = f"its key or its sequencer is longer than {MAX_ID_BYTES} bytes, or no text"
            return self._unusable(
                problem, "unreadable", f"unreadable:{json_fields.digest(told.said)}", told.said
            )
        # Other buckets may send to the same address, and ours sends of pictures, too.
        is_ours = told.bucket == self._settings.bucket and self._is_video(told.key)
        return self._event(
            told.kind if is_ours else EventKind.OTHER,
            ({"key": told.key}, "key"),
            delivery_id=told.id,
            event_type=told.type,
            payload=told.said,
            happened_at=told.happened_at,
        )


def _is_text(value: str) -> bool:
    try:
        return "\0" not in value and len(value.encode()) <= MAX_ID_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _last_key(objects: list[ListedObject]) -> str:
    last = objects[-1].key
    if not last:
        raise PlatformUnavailable("an object in the list has no key; its next page cannot be asked for")
    return last


def _etag(head: Mapping[str, str]) -> str:
    return head.get("ETag", "").strip('"')


def _size(value: str | None) -> int | None:
    size = json_fields.finite_number(value)
    return None if size is None else int(size)


def _fingerprint(etag: str, size: int | None) -> str:
    return json_fields.fingerprint(etag=etag or None, size=size)


def _title(key: str, told: str) -> str:
    """Choose the title that the object's uploader gave it, else the name of its file without its suffix.

    Storage writes letters beyond ASCII in its headers as mail does (RFC 2047).
    """
    try:
        title = str(make_header(decode_header(told))).strip()
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        title = ""
    return title or key.rpartition("/")[2].rpartition(".")[0]
