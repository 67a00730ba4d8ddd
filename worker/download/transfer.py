"""Everything that is fetched for one video: one deadline, one limit on bytes, one list of hosts.

Redirects are followed by hand, so that every hop is checked like the first. A transfer that breaks off goes
on where it broke if the host can tell that the file is still the same (a strong ETag), else from its start.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import IO, TYPE_CHECKING, Self

import httpx

from worker.download.byte_ranges import Body, ByteRange, loggable
from worker.download.transfer_clock import TransferClock
from worker.errors import DownloadFailed, PlatformUnavailable, SourceRefused
from worker.http.deadline import Deadline, TooSlow
from worker.http.failure import reason_of
from worker.http.public_client import MAX_REDIRECTS, checked_client
from worker.http.retry_after import TRY_LATER, retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from worker.platforms.base import Rendition

# A host that says nothing for so long is down; a busy origin behind a CDN can take several seconds.
SILENCE_S = 20.0

# Tries of one file; more in a row is an outage, which the job's own back-off outlasts better.
TRIES = 4

# Worth another try: the platform has just told us that the file is there, so an edge that does not know it
# lags behind, and an address whose signature ran out is made anew each time. A deleted asset is noticed when
# the platform is asked again.
_MAY_APPEAR = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How much is fetched for one video, for how long, and from where."""

    max_bytes: int
    timeout_s: float  #: for which hosts are waited for in all, whatever is done in between
    allow_loopback: bool = False  #: also from this machine, over plain http
    in_pages: bool = True  #: of what is large, only what is looked at, where the host allows it


class Downloader:
    """Fetches the files of one rendition, one after the other. Use it as a context manager.

    Args:
        rendition: the file, or the playlist whose files are wanted.
        limits: for all of them together.
        should_stop: called at least twice a second; raises to give up.
        clock: of all that is fetched for the video, by whomever; one of its own if None.

    Raises:
        SourceRefused: the rendition's address cannot be read.
    """

    def __init__(
        self,
        rendition: Rendition,
        limits: DownloadLimits,
        should_stop: Callable[[], None],
        clock: TransferClock | None = None,
    ) -> None:
        self.url = parse_url(rendition.url)
        self._headers = dict(rendition.headers)
        # An address that opens once would only be refused from now on; the job asks for another.
        self._tries = 1 if rendition.is_one_use else TRIES
        self._hosts = (self.url.host, *rendition.hosts)
        self._hosts_from = rendition.hosts_from
        self.limits = limits
        self._clock = clock or TransferClock()
        self._deadline = Deadline(
            limits.timeout_s - self._clock.elapsed_s(),
            now_s=self._clock.elapsed_s,
            late=self._late,
            should_stop=should_stop,
        )
        self._client = checked_client(
            allow_loopback=limits.allow_loopback, timeout_s=SILENCE_S, own_origin=rendition.own_origin
        )

    def __enter__(self) -> Self:
        self._deadline.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._deadline.__exit__(kind, error, trace)

    def text(self, url: httpx.URL, max_bytes: int) -> tuple[str, httpx.URL]:
        """Fetch a text of at most `max_bytes`; raises as `append_to`.

        Returns:
            The text, and the address after redirects, from which its relative addresses start.
        """
        body = BytesIO()
        found_at = self.append_to(url, body, max_bytes=max_bytes)
        return body.getvalue().decode("utf-8-sig", errors="replace"), found_at

    def append_to(
        self,
        url: httpx.URL,
        file: IO[bytes],
        span: ByteRange | None = None,
        *,
        max_bytes: int | None = None,
        on_progress: Callable[[float], None] = lambda _fraction: None,
    ) -> httpx.URL:
        """Fetch a file, or a part of it, and append it to `file`.

        Args:
            url: Where it lies.
            file: Open for writing and seeking.
            span: The part that is wanted; None for all.
            max_bytes: How large `file` may become; `DownloadLimits.max_bytes` by default.
            on_progress: Called with the share that is here, 0..1, where the host tells the length.

        Returns:
            The address that it came from, after redirects.

        Raises:
            SourceRefused: an address that we do not fetch from, on any hop.
            VideoTooLarge: more than `max_bytes`.
            DownloadFailed: it broke off time and again, or the deadline passed.
            PlatformUnavailable: the host is down or busy.
        """
        most = self.limits.max_bytes if max_bytes is None else max_bytes
        return self.receive(url, Body(file, span, most, file.tell()), on_progress)

    def receive(
        self, url: httpx.URL, body: Body, on_progress: Callable[[float], None] = lambda _fraction: None
    ) -> httpx.URL:
        """Fetch a body; else as `append_to`."""
        broken: Exception | None = None
        for _ in range(self._tries):
            try:
                with self._clock.running(), self._get(url, body.request_headers()) as response:
                    found_at = response.url
                    body.receive(response, on_progress)
                    return found_at
            except (httpx.ConnectError, httpx.ConnectTimeout, TooSlow) as exc:
                raise PlatformUnavailable(f"{url.host}: cannot be reached ({reason_of(exc)})") from exc
            except httpx.InvalidURL as exc:
                # The library reads the target of a redirect before we do.
                raise SourceRefused(f"{loggable(url)}: redirects to an address that cannot be read") from exc
            except httpx.TransportError as exc:
                if body.is_complete:  # all that is missing is the end of a body that comes in chunks
                    return found_at
                broken = exc
        times = "once" if self._tries == 1 else f"{self._tries} times"
        raise DownloadFailed(
            f"{loggable(url)}: the transfer broke off {times}, "
            f"the last time after {body.done_bytes} bytes ({reason_of(broken)})"
        ) from broken

    @contextlib.contextmanager
    def _get(self, url: httpx.URL, headers: dict[str, str]) -> Iterator[httpx.Response]:
        for _ in range(MAX_REDIRECTS + 1):
            self._refuse_strange_host(url)
            # The rendition's own headers may hold a token: only the host that it is for gets them.
            own = self._headers if _origin(url) == _origin(self.url) else {}
            with self._client.stream("GET", url, headers={**own, **headers}) as response:
                if not response.has_redirect_location:
                    _refuse_status(response)
                    yield response
                    return
                url = parse_url(response.headers["Location"], response.url)
        raise SourceRefused(f"{self.url.host}: redirects more than {MAX_REDIRECTS} times")

    def _refuse_strange_host(self, url: httpx.URL) -> None:
        # Other schemes name no host; the client refuses them.
        if url.scheme in {"http", "https"} and not any(
            _is_host(url.host, allowed) for allowed in self._hosts
        ):
            raise SourceRefused(
                f"{self.url.host} leads to {url.host}, a host that {self._hosts_from} does not name"
            )

    def _late(self) -> DownloadFailed:
        return DownloadFailed(
            f"{loggable(self.url)}: hosts were waited for {self.limits.timeout_s:.0f} s in all; "
            "for a slow line set DOWNLOAD_TIMEOUT_S"
        )


def _refuse_status(response: httpx.Response) -> None:
    status, name = response.status_code, loggable(response.url)
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    if status in TRY_LATER or response.is_server_error:
        raise PlatformUnavailable(f"{name}: the host answers {status}, busy or down", retry_after_s(response))
    if status in _MAY_APPEAR:
        raise DownloadFailed(
            f"{name}: the host answers {status}; if it stays so, look whether the video still exists and "
            "whether its signing key and its playback restrictions let this machine in"
        )
    raise SourceRefused(f"{name}: the host answers {status}, and would again")


def parse_url(address: str, base: httpx.URL | None = None) -> httpx.URL:
    """Read an address, which may be relative to `base`.

    Raises:
        SourceRefused: it cannot be read.
    """
    try:
        return base.join(address) if base else httpx.URL(address)
    except (httpx.InvalidURL, ValueError) as exc:
        raise SourceRefused(
            "an address that cannot be read, in the rendition, a redirect or a playlist"
        ) from exc


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _is_host(host: str, allowed: str) -> bool:
    """Tell whether a host is the allowed one, or lies under an allowed "*.example.com"."""
    host, allowed = host.lower().rstrip("."), allowed.lower()
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
