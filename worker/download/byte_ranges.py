"""The body of one answer on its way into a file, and how to ask for the rest of it.

Source: RFC 9110, 14 (range requests) and 13.1.5 (If-Range)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

from worker.errors import DownloadFailed, SourceRefused, VideoTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

_LONGEST_STEP = 64  # of a path: longer than an id or a file's name, shorter than a JSON Web Token
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(?:\d+|\*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file."""

    first_byte: int
    length_bytes: int


@dataclass(slots=True)
class Body:
    """One file on its way: what is asked for, and how much of it is here."""

    file: IO[bytes]
    span: ByteRange | None
    max_bytes: int  #: of `file`
    start: int  #: where in `file` it begins
    done_bytes: int = 0
    etag: str = ""  #: a strong one, or nothing

    def request_headers(self) -> dict[str, str]:
        """Ask for what is missing."""
        if not self.etag:
            self.done_bytes = 0
        if self.span is None and not self.done_bytes:
            return {}
        first = self._offset + self.done_bytes
        last = "" if self.span is None else self._offset + self.span.length_bytes - 1
        headers = {"Range": f"bytes={first}-{last}"}
        return headers | {"If-Range": self.etag} if self.done_bytes else headers

    @property
    def _offset(self) -> int:
        return self.span.first_byte if self.span else 0

    def receive(self, response: httpx.Response, on_progress: Callable[[float], None]) -> None:
        """Write what comes, after what is here."""
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            raise SourceRefused(
                f"{name_of(response.url)}: sent as {coding}, although we ask for the plain file"
            )
        self._find_place(response)
        length = response.headers.get("Content-Length", "")
        total_bytes = self.done_bytes + int(length) if length.isdecimal() else None
        self._refuse_too_much(response.url, total_bytes or 0)
        for chunk in response.iter_raw():
            self.done_bytes += len(chunk)
            self._refuse_too_much(response.url, self.done_bytes)
            self.file.write(chunk)
            if total_bytes:
                on_progress(self.done_bytes / total_bytes)
        if self.span and self.done_bytes != self.span.length_bytes:
            raise DownloadFailed(
                f"{name_of(response.url)}: {self.done_bytes} bytes came of the part that was asked for, "
                f"which has {self.span.length_bytes}"
            )

    def _find_place(self, response: httpx.Response) -> None:
        """Continue where the host continues, or begin again where it sends all of it."""
        etag = response.headers.get("ETag", "")
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            sent = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if sent is None or int(sent[1]) != self._offset + self.done_bytes or not self.request_headers():
                raise SourceRefused(f"{name_of(response.url)}: another part came than was asked for")
            if self.done_bytes and etag != self.etag:
                raise DownloadFailed(f"{name_of(response.url)}: the file changed while it was fetched")
        elif self.span:
            raise SourceRefused(f"{response.url.host}: serves no parts of a file, which its playlist needs")
        else:
            self.done_bytes = 0
        self.file.seek(self.start + self.done_bytes)
        self.file.truncate()
        self.etag = etag if etag.startswith('"') else ""

    def _refuse_too_much(self, url: httpx.URL, size_bytes: int) -> None:
        if self.start + size_bytes > self.max_bytes:
            raise VideoTooLarge(
                f"{name_of(url)}: more than {self.max_bytes} bytes; "
                "offer a smaller rendition, or raise MAX_DOWNLOAD_BYTES"
            )


def name_of(url: httpx.URL) -> str:
    """Where a file lies, without what may be a signature: the query, and steps of the path that sign it."""
    steps = url.raw_path.decode().partition("?")[0].split("/")
    pairs = zip(["", *steps], steps, strict=False)
    return url.host + "/".join("..." if _is_token(step, before) else unquote(step) for before, step in pairs)


def _is_token(step: str, before: str) -> bool:
    """Bunny signs in a step like a query, Cloudflare in a JSON Web Token, api.video after a step "token"."""
    return "=" in step or len(step) > _LONGEST_STEP or before == "token"
