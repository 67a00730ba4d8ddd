"""Asks the host of a video that lives on no platform what it holds, and refuses hosts of no setting."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import mimetypes
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import httpx

from worker.errors import AssetGone, PlatformUnavailable, SourceRefused
from worker.http.deadline import Deadline
from worker.http.failure import reason_of
from worker.http.playlist import HEAD_BYTES, is_playlist, without_mark
from worker.http.public_client import MAX_REDIRECTS, checked_client
from worker.http.retry_after import GONE, TRY_LATER, retry_after_s
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.http.client import BoundedClient
    from worker.settings import Settings

TIMEOUT_S = 10.0  # to connect, and for every read
DEADLINE_S = 60.0  # for all questions together; a host may send its playlists byte by byte

# Addresses that are signed for GET answer HEAD with 403, and some servers do not know HEAD at all.
_HEAD_NOT_ALLOWED = frozenset({400, 403, 405, 501})

# Whether the content is new is told by the beginning of each playlist and by a few variants: an edit changes
# them all. A day of segments of six seconds is 14,400 lines of about a hundred bytes.
MAX_PLAYLIST_BYTES = 4 * 1024 * 1024
MAX_VARIANTS = 4


class Found(NamedTuple):
    """What a host says about the video at an address."""

    fingerprint: str  #: equal while the content is the same
    is_playlist: bool  #: an HLS playlist lies there, no file


class _Playlist(NamedTuple):
    response: httpx.Response  #: its head
    body: bytes


class MediaHost:
    """The host of one video, whose redirects and playlists may name other allowed hosts.

    Args:
        media_url: where the video lies.
        settings: which hosts are allowed.
    """

    def __init__(self, media_url: str, settings: Settings) -> None:
        self._media_url = media_url
        self._settings = settings

    def look(self) -> Found:
        """Find out what lies at the address, without fetching a video.

        A playlist stays the same where an edit changes what it names, so the playlists of the first variants
        count too. Their text counts as it is: a host that signs it anew each time always has news, which
        costs a run more and never shows an old picture.

        Raises:
            SourceRefused: an address that we do not fetch from, or one that needs a login.
            AssetGone: nothing is there any more.
            PlatformUnavailable: the host is down, busy or slow.
        """
        try:
            with (
                Deadline(DEADLINE_S, late=self._late),
                checked_client(allow_loopback=self._settings.allow_loopback, timeout_s=TIMEOUT_S) as client,
            ):
                answer, _ = self._ask(client, "HEAD", self._media_url)
                if answer.status_code in _HEAD_NOT_ALLOWED:
                    answer, _ = self._ask(client, "GET", self._media_url, {"Range": "bytes=0-0"})
                self._require_success(answer)
                playlists = self._playlists(client) if _may_be_playlist(answer) else []
        except httpx.RequestError as exc:
            raise PlatformUnavailable(f"{self._host}: no whole answer ({reason_of(exc)})") from exc
        return Found(_fingerprint(answer.headers, playlists), bool(playlists))

    @property
    def _host(self) -> str:
        return httpx.URL(self._media_url).host

    def _late(self) -> PlatformUnavailable:
        return PlatformUnavailable(f"{self._host}: no whole answer within {DEADLINE_S:.0f} s")

    def _ask(
        self, client: BoundedClient, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> _Playlist:
        """Ask once; of the body only what is a playlist is read, even where a server sends a whole video."""
        for _ in range(MAX_REDIRECTS + 1):
            check_media_url(url, self._settings)
            with client.stream(method, url, headers=headers) as answer:
                if answer.next_request is None:
                    body = playlist_in(answer) if method == "GET" and not headers else b""
                    return _Playlist(answer, body)
                url = str(answer.next_request.url)
        raise SourceRefused(f"{self._host}: more than {MAX_REDIRECTS} redirects")

    def _playlists(self, client: BoundedClient) -> list[_Playlist]:
        """Read the playlist at the address, and those of its first variants; none where it is none."""
        first = self._ask(client, "GET", self._media_url)
        self._require_success(first.response)
        if not first.body:
            return []
        playlists = [first]
        for uri in _variants(first.body)[:MAX_VARIANTS]:
            # It may be a spare that nobody needs; where it is needed, the download says so.
            with suppress(SourceRefused, AssetGone, httpx.InvalidURL, ValueError):
                variant = self._ask(client, "GET", str(first.response.url.join(uri)))
                self._require_success(variant.response)
                playlists.append(variant)
        return playlists

    def _require_success(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if answer.is_success:
            return
        if status in GONE:
            raise AssetGone(f"{self._host}: {status}; there is no such file any more")
        if status in TRY_LATER or answer.is_server_error:
            raise PlatformUnavailable(f"{self._host}: {status}", retry_after_s(answer))
        raise SourceRefused(f"{self._host}: {status}; `media_url` must be readable as it is, without a login")


def _may_be_playlist(answer: httpx.Response) -> bool:
    """Tell whether the first bytes are worth a look: hosts call a playlist by many types, or by none."""
    media_type = answer.headers.get("Content-Type", "").lower()
    named_type = mimetypes.guess_type(answer.url.path)[0] or ""
    if "mpegurl" in media_type + named_type:
        return True
    return not (media_type.startswith("video/") or named_type.startswith("video/"))


def _variants(body: bytes) -> list[str]:
    """List the addresses of the variants of a master playlist; none of another playlist."""
    if b"#EXT-X-STREAM-INF" not in body:
        return []
    lines = (line.strip() for line in body.decode(errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def playlist_in(answer: httpx.Response) -> bytes:
    """Read a body that is a playlist, without its byte order mark; of anything else its first bytes only."""
    body = bytearray()  # to which small chunks are added without a copy of all
    for chunk in answer.iter_raw():
        body += chunk
        is_other = len(body) >= HEAD_BYTES and not is_playlist(bytes(body[:HEAD_BYTES]))
        if is_other or len(body) >= MAX_PLAYLIST_BYTES:
            break
    return without_mark(bytes(body)) if is_playlist(bytes(body[:HEAD_BYTES])) else b""


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


def _fingerprint(headers: Mapping[str, str], playlists: list[_Playlist]) -> str:
    _, _, total = headers.get("Content-Range", "").partition("/")
    facts = {
        "etag": headers.get("ETag"),
        "last_modified": headers.get("Last-Modified"),
        "length": total or headers.get("Content-Length"),
    }
    if playlists:
        facts["playlists"] = _digest(playlists)
    if not any(facts.values()):
        # A host that tells nothing cannot say that the file is the same, so it never is.
        facts["nonce"] = secrets.token_hex(8)
    return json_fields.fingerprint(**facts)


def _digest(playlists: list[_Playlist]) -> str:
    digest = hashlib.sha256()
    for response, body in playlists:
        # Segments may be replaced under their old names; their playlist is then mostly written anew, too.
        told = [response.headers.get(name, "") for name in ("ETag", "Last-Modified")]
        digest.update(json.dumps([*told, len(body)]).encode() + body)
    return digest.hexdigest()
