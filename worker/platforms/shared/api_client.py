"""Talks to a platform's JSON API."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

import httpx

from worker import tracing
from worker.errors import MalformedPayload, PlatformUnavailable
from worker.http.client import BoundedClient
from worker.http.deadline import one_exchange
from worker.http.failure import reason_of
from worker.platforms.shared import json_fields
from worker.platforms.shared.api_errors import error_of
from worker.platforms.shared.request_limits import limit_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from worker.platforms.shared.credentials import Credentials

Answer = TypeVar("Answer")

PHASE_TIMEOUT_S = 10.0  # to connect, to send, and between two reads
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # an asset with a hundred tracks takes 50 kB


class Upload(NamedTuple):
    """A picture to send in place of JSON, or anything else of another type."""

    content: bytes
    media_type: str = "image/jpeg"
    field: str | None = None  #: of a form that holds it (multipart/form-data); None: it is the body
    also_as: str | None = None  #: another field of that form, which holds it too


class ApiClient:
    """The API of one account. Nothing is opened before the first request; not for several threads at once.

    Args:
        base_url: without a slash at its end.
        credentials: sent to this host only.
        prefix: how the account's variables begin, e.g. "MUX__MAIN".
    """

    def __init__(self, base_url: str, credentials: Credentials, prefix: str) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._prefix = prefix

    def request(
        self, method: str, path: str, body: object = None, *, upload: Upload | None = None
    ) -> dict[str, Any]:
        """Send one request and return the object in its answer; empty where the answer is.

        Args:
            method: of HTTP.
            path: from the base address, with its query; where the base is empty, a whole address.
            body: to be sent as JSON, if any.
            upload: a picture in its place.

        Raises:
            CredentialsRefused, AssetGone, PlatformUnavailable, PublishRejected, RequestHeldBack
        """
        with _span(method, path):
            content, asked = self._exchange(method, path, body, upload)
        return self._read(content, asked, json_fields.read_object) if content else {}

    def request_list(self, path: str) -> list[dict[str, Any]]:
        """Ask for a list that no object holds. Raises as `request`."""
        with _span("GET", path):
            content, asked = self._exchange("GET", path)
        return self._read(content, asked, json_fields.read_objects)

    def close(self) -> None:
        """Close connections, if there are any."""
        if "_client" in vars(self):
            self._client.close()

    def _read(self, content: bytes, asked: str, read: Callable[[bytes], Answer]) -> Answer:
        try:
            return read(content)
        except MalformedPayload as exc:
            raise PlatformUnavailable(f"{asked}: {exc}; check {self._prefix}__API_URL") from exc

    def _exchange(
        self, method: str, path: str, body: object = None, upload: Upload | None = None
    ) -> tuple[bytes, str]:
        """Send one request; return the answer's body, and what was asked in words."""
        asked = f"{method} {path.partition('?')[0]}"  # a query may hold a signature
        sent = _sent(body, upload)
        answer, content = self._send(method, path, sent, asked)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._credentials.renew is not None:
            self._show(self._credentials.renew())
            answer, content = self._send(method, path, sent, asked)
        if not answer.is_success:
            raise error_of(answer, content, self._credentials, self._prefix)
        return content, asked

    def _send(self, method: str, path: str, sent: dict[str, Any], asked: str) -> tuple[httpx.Response, bytes]:
        try:
            with (
                one_exchange(),
                limit_of(self._prefix).place(),
                self._client.stream(method, path, **sent) as answer,
            ):
                return answer, content_of(answer)
        except httpx.RequestError as exc:
            raise PlatformUnavailable(f"{asked}: no whole answer ({reason_of(exc)})") from exc

    def _show(self, credentials: Credentials) -> None:
        """Show other credentials from the next request on, once those that were shown have run out."""
        self._credentials = credentials._replace(to_write=self._credentials.to_write)
        self._client.headers.update(credentials.headers)

    @cached_property
    def _client(self) -> BoundedClient:
        # The token goes to the configured host: by no proxy, and after no redirect.
        return BoundedClient(
            base_url=self._base_url,
            timeout_s=PHASE_TIMEOUT_S,
            # Compressed, a small answer could fill the memory.
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                **self._credentials.headers,
            },
        )


def _span(method: str, path: str) -> AbstractContextManager[object]:
    # A query may hold a signature.
    return tracing.span("platform request", "client", method=method, path=path.partition("?")[0])


def segment(value: str) -> str:
    """Quote a value so that it is one step of a path."""
    return quote(value, safe="")


def _sent(body: object, upload: Upload | None) -> dict[str, Any]:
    if upload is None:
        return {"json": body}
    if upload.field is None:
        return {"content": upload.content, "headers": {"Content-Type": upload.media_type}}
    file = ("thumbnail.jpg", upload.content, upload.media_type)
    return {"files": dict.fromkeys(filter(None, (upload.field, upload.also_as)), file)}


def content_of(answer: httpx.Response, most_bytes: int = MAX_ANSWER_BYTES) -> bytes:
    """Read an answer's body. Raises PlatformUnavailable where it is larger than `most_bytes`."""
    content = bytearray()
    for chunk in answer.iter_raw():
        content += chunk
        if len(content) > most_bytes:
            raise PlatformUnavailable(f"the platform's answer is larger than {most_bytes} bytes")
    return bytes(content)
