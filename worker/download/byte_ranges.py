"""The body of one answer on its way into a file, and how to ask for the rest of it.

Source: RFC 9110, 14 (range requests) and 13.1.5 (If-Range)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from worker.errors import DownloadFailed, SourceRefused, VideoTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

_LONGEST_STEP = 64  # of a path: longer than an id or a file's name, shorter than a JSON Web Token
_BYTES = r"[0-9]{1,18}"  # as many digits as fit into 64 bits
_LENGTH = re.compile(_BYTES)
_CONTENT_RANGE = re.compile(rf"bytes ({_BYTES})-({_BYTES})/({_BYTES}|\*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file."""

    first_byte: int
    length_bytes: int


class RangesRefused(SourceRefused):
    """The host sends all of a file to whoever asks for a part."""


class Sink(Protocol):
    """Where a body is written to: a file, or a part of one."""

    def seek(self, offset: int, /) -> object:
        """Go to a place."""

    def truncate(self) -> object:
        """Drop what is behind it."""

    def write(self, chunk: bytes, /) -> object:
        """Write there."""


@dataclass(slots=True)
class Body:
    """One file, or a part of one, on its way: what is asked for, and how much of it is here."""

    file: Sink  #: where it is written to
    span: ByteRange | None  #: the part that is wanted; None for all
    max_bytes: int  #: how large `file` may become
    start: int  #: where in `file` it begins, in bytes
    done_bytes: int = 0  #: how much of it the last try wrote
    etag: str = ""  #: the strong entity tag of what is here; empty where the host gave none
    is_known: bool = False  #: `etag` and `file_bytes` are those of the file of which this is a part
    takes_ranges: bool = False  #: the host says that it would send a part of it
    total_bytes: int | None = None  #: of the body, where the host tells
    file_bytes: int | None = None  #: of the whole file, where the host tells it
    may_end_early: bool = False  #: the file may end within the part
    is_enough: Callable[[Body], bool] | None = None  #: asked after each chunk; True ends the transfer

    def request_headers(self) -> dict[str, str]:
        """Make the headers that ask for what is missing; none where that is the whole file."""
        if not self._asks_for_part:
            return {}
        first = self._offset + self._kept_bytes
        last = "" if self.span is None else self._offset + self.span.length_bytes - 1
        headers = {"Range": f"bytes={first}-{last}"}
        # With If-Range a host sends all of the file, where it is not the one any more that we have a part of.
        is_sure = self.etag and (self.is_known or self.done_bytes)
        return headers | {"If-Range": self.etag} if is_sure else headers

    @property
    def is_complete(self) -> bool:
        """Whether all of the part that is wanted is here."""
        return self.span is not None and self.done_bytes == self.span.length_bytes

    @property
    def _kept_bytes(self) -> int:
        """Bytes that need not come again: none where the host cannot tell that the file is still the same."""
        return self.done_bytes if self.etag else 0

    @property
    def _asks_for_part(self) -> bool:
        return self.span is not None or self._kept_bytes > 0

    @property
    def _offset(self) -> int:
        return self.span.first_byte if self.span else 0

    def receive(self, response: httpx.Response, on_progress: Callable[[float], None]) -> None:
        """Write the body of an answer after what is here.

        Args:
            response: the answer to a request with `request_headers`, its body not read yet.
            on_progress: called with the share that is here, 0..1, where the host tells the length.

        Raises:
            SourceRefused: the host packs the file, or sends another part than was asked for.
            VideoTooLarge: `file` would become larger than `max_bytes`.
            DownloadFailed: the file has changed since the last try, or more or less came than was asked for.
        """
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            raise SourceRefused(
                f"{loggable(response.url)}: sent as {coding}, although we ask for the plain file"
            )
        self._find_place(response)
        length = response.headers.get("Content-Length", "")
        self.total_bytes = self.done_bytes + int(length) if _LENGTH.fullmatch(length) else None
        self._refuse_too_much(response.url, self.total_bytes or 0)
        for chunk in response.iter_raw():
            self.done_bytes += len(chunk)
            self._refuse_too_much(response.url, self.done_bytes)
            self.file.write(chunk)
            if self.total_bytes:
                on_progress(self.done_bytes / self.total_bytes)
            if self.is_enough and self.is_enough(self):
                return
        is_end = self.may_end_early and self._offset + self.done_bytes == self.file_bytes
        if self.span and not self.is_complete and not is_end:
            raise DownloadFailed(
                f"{loggable(response.url)}: {self.done_bytes} bytes came of the part that was asked for, "
                f"which has {self.span.length_bytes}"
            )

    def _find_place(self, response: httpx.Response) -> None:
        """Go on where the host goes on, or begin anew where it sends all of the file."""
        etag = _strong(response.headers.get("ETag", ""))
        if self.is_known and etag != self.etag:
            raise DownloadFailed(f"{loggable(response.url)}: the file changed while it was fetched")
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            sent = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if sent is None or int(sent[1]) != self._offset + self._kept_bytes or not self._asks_for_part:
                raise SourceRefused(f"{loggable(response.url)}: another part came than was asked for")
            if self._kept_bytes and etag != self.etag:
                raise DownloadFailed(f"{loggable(response.url)}: the file changed while it was fetched")
            file_bytes = None if sent[3] == "*" else int(sent[3])
            if self.is_known and None not in {file_bytes, self.file_bytes} and file_bytes != self.file_bytes:
                raise DownloadFailed(f"{loggable(response.url)}: the file changed while it was fetched")
            self.done_bytes, self.file_bytes = self._kept_bytes, file_bytes
        elif self.span:
            raise RangesRefused(f"{response.url.host}: serves no parts of a file, which its playlist needs")
        else:
            self.done_bytes = 0
        self.file.seek(self.start + self.done_bytes)
        self.file.truncate()
        self.etag = etag
        self.takes_ranges = response.headers.get("Accept-Ranges", "") == "bytes"

    def _refuse_too_much(self, url: httpx.URL, size_bytes: int) -> None:
        if self.span and size_bytes > self.span.length_bytes:
            raise DownloadFailed(f"{loggable(url)}: more came than was asked for")
        if self.is_known and size_bytes > self.max_bytes:
            raise DownloadFailed(f"{loggable(url)}: the file changed while it was fetched")
        if self.start + size_bytes > self.max_bytes:
            raise VideoTooLarge(
                f"{loggable(url)}: more than the {self.max_bytes} bytes that are left for it; "
                "offer a smaller rendition, or raise MAX_DOWNLOAD_BYTES"
            )


def _strong(etag: str) -> str:
    """Leave nothing of a weak tag (W/"..."), which says that two files mean the same, not that they are."""
    return etag if etag.startswith('"') else ""


def loggable(url: httpx.URL) -> str:
    """Write where a file lies, for logs and errors, without what may be a signature.

    That is the query, and steps of the path that sign it.
    """
    steps = url.raw_path.decode().partition("?")[0].split("/")
    pairs = zip(["", *steps], steps, strict=False)
    return url.host + "/".join("..." if _is_token(step, before) else unquote(step) for before, step in pairs)


def _is_token(step: str, before: str) -> bool:
    # Bunny signs in a step like a query, Cloudflare in a JSON Web Token, api.video after a step "token".
    return "=" in step or len(step) > _LONGEST_STEP or before == "token"
