"""Videos that live on no platform: the customer gives each one an id and the address of its file.

Nothing can be written back: we serve the thumbnails. One object of this class belongs to one video.
"""

from __future__ import annotations

import ipaddress
import secrets
from typing import TYPE_CHECKING

import httpx

from worker.errors import (
    AssetGone,
    PlatformUnavailable,
    PublishRejected,
    SourceRefused,
)
from worker.http.public_client import MAX_REDIRECTS, checked_client
from worker.http.retry_after import GONE, TRY_LATER, retry_after_s
from worker.platforms.base import (
    AssetState,
    Capabilities,
    NewThumbnail,
    Page,
    Platform,
    RemoteAsset,
    Rendition,
    Source,
    WriteBack,
)
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.settings import Settings

ACCOUNT = "media"  #: of every direct video; like the setting that names their hosts

TIMEOUT_S = 10.0  # to connect, and for every read; only the head of an answer is read

# Addresses that are signed for GET answer HEAD with 403, and some servers do not know HEAD at all.
_HEAD_NOT_ALLOWED = frozenset({400, 403, 405, 501})


class MediaUrl(Platform):
    """One video at an address of its own."""

    name = "direct"
    capabilities = Capabilities("A media host", frozenset(), frozenset({WriteBack.NONE}))
    account = ACCOUNT

    def __init__(self, media_url: str, settings: Settings) -> None:
        self._media_url = media_url
        self._settings = settings

    def asset(self, asset_id: str) -> RemoteAsset:
        """Ask the file's host for what tells one version of the file from another.

        Raises:
            SourceRefused: the address is not one that we fetch from, or needs a login.
        """
        try:
            with checked_client(allow_loopback=self._settings.allow_loopback, timeout_s=TIMEOUT_S) as client:
                answer = self._ask(client, "HEAD")
                if answer.status_code in _HEAD_NOT_ALLOWED:
                    answer = self._ask(client, "GET")
        except httpx.RequestError as exc:
            raise PlatformUnavailable(f"{self._host}: {type(exc).__name__}: {exc}") from exc
        self._require_success(answer)
        return RemoteAsset(asset_id, AssetState.READY, _fingerprint(answer.headers))

    def assets(self, page: str | None = None) -> Page:  # noqa: ARG002 - part of every platform
        """List nothing: there is no account that has a list."""
        return Page((), None)

    def source(self, asset: RemoteAsset) -> Source:  # noqa: ARG002 - the address is all there is
        """Read the file itself.

        Raises:
            SourceRefused: its host is not in MEDIA_HOSTS, or no longer.
        """
        check_media_url(self._media_url, self._settings)
        return Source(scan=Rendition(self._media_url, hosts=self._settings.media_hosts))

    def write(self, asset: RemoteAsset, choice: NewThumbnail) -> str:  # noqa: ARG002 - part of every platform
        """Refuse: no platform shows a thumbnail of this video."""
        raise PublishRejected(f"{asset.id} lives on no platform; its thumbnails are served by us only")

    def close(self) -> None:
        """Do nothing: connections are closed after every question."""

    @property
    def _host(self) -> str:
        return httpx.URL(self._media_url).host

    def _ask(self, client: httpx.Client, method: str) -> httpx.Response:
        url = self._media_url
        for _ in range(MAX_REDIRECTS + 1):
            check_media_url(url, self._settings)
            # One byte is asked for, and the body is not read even where a server sends all of it.
            with client.stream(
                method, url, headers={"Range": "bytes=0-0"} if method == "GET" else {}
            ) as answer:
                if answer.next_request is None:
                    return answer
                url = str(answer.next_request.url)
        raise SourceRefused(f"{self._host}: more than {MAX_REDIRECTS} redirects")

    def _require_success(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if answer.is_success:
            return
        if status in GONE:
            raise AssetGone(f"{self._host}: {status}; there is no such file any more")
        if status in TRY_LATER or answer.is_server_error:
            raise PlatformUnavailable(f"{self._host}: {status}", retry_after_s(answer))
        raise SourceRefused(f"{self._host}: {status}; `media_url` must be readable as it is, without a login")


def check_media_url(url: str, settings: Settings) -> None:
    """Refuse an address that the operator did not allow.

    Raises:
        SourceRefused: no address, not https, with a password in it, or of a host that is not in MEDIA_HOSTS.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as exc:
        raise SourceRefused("`media_url` is not an address") from exc
    is_local = address.scheme == "http" and settings.allow_loopback and _is_loopback(address.host)
    if address.scheme != "https" and not is_local:
        raise SourceRefused("`media_url` must begin with https://")
    # A password in the address would end up in rows and in logs.
    if address.userinfo:
        raise SourceRefused("`media_url` must hold no name and password; sign the address instead")
    if address.host not in {host.lower() for host in settings.media_hosts}:
        raise SourceRefused(f"`media_url`: the host {address.host} is not in MEDIA_HOSTS; add it to allow it")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fingerprint(headers: Mapping[str, str]) -> str:
    _, _, total = headers.get("Content-Range", "").partition("/")
    facts = {
        "etag": headers.get("ETag"),
        "last_modified": headers.get("Last-Modified"),
        "length": total or headers.get("Content-Length"),
    }
    if not any(facts.values()):
        # A host that tells nothing cannot say that the file is the same, so it never is.
        facts["nonce"] = secrets.token_hex(8)
    return json_fields.fingerprint(**facts)
