"""Talks to a platform's JSON API, and says what went wrong in our words."""

from __future__ import annotations

import base64
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote

import httpx

from worker.errors import (
    AssetGone,
    CredentialsRefused,
    MalformedPayload,
    PlatformUnavailable,
    PublishRejected,
    ThumbsError,
)
from worker.http.retry_after import GONE, TRY_LATER, retry_after_s
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.settings.accounts import TokenAccount

Answer = TypeVar("Answer")

TOTAL_TIMEOUT_S = 30.0  # from the first byte sent to the last one read; an API answers in one
PHASE_TIMEOUT_S = 10.0  # to connect, to send, and between two reads
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # an asset with a hundred tracks takes 50 kB
MAX_MESSAGE_CHARACTERS = 300
LEAST_SIGNATURE_CHARACTERS = 16  # shorter values of a query are numbers and names

# Each platform has a field of its own for what went wrong, some within `error`, `errors` or `problems`.
_TOLD_IN = ("title", "message", "Message", "description", "detail", "error", "developer_message")

_REFUSED = frozenset({401, 403})


class Credentials(NamedTuple):
    """What shows an API who is asking."""

    headers: Mapping[str, str]  #: of every request
    secrets: tuple[str, ...]  #: in no message
    settings: str  #: the variables to check where they are refused


class Upload(NamedTuple):
    """A picture to send in place of JSON."""

    content: bytes
    media_type: str = "image/jpeg"
    field: str | None = None  #: of a form that holds it (multipart/form-data); None: it is the body


class Api:
    """The API of one account. Nothing is opened before the first request; not for several threads at once.

    Args:
        base_url: without a slash at its end.
        credentials: sent to this host only.
        setting: how the account's variables begin, e.g. "MUX__MAIN".
    """

    def __init__(self, base_url: str, credentials: Credentials, setting: str) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._setting = setting

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
            CredentialsRefused, AssetGone, PlatformUnavailable, PublishRejected
        """
        content, asked = self._exchange(method, path, body, upload)
        return self._read(content, asked, json_fields.read_object) if content else {}

    def request_list(self, path: str) -> list[dict[str, Any]]:
        """Ask for a list that no object holds. Raises as `request`."""
        return self._read(*self._exchange("GET", path), json_fields.read_objects)

    def _read(self, content: bytes, asked: str, read: Callable[[bytes], Answer]) -> Answer:
        try:
            return read(content)
        except MalformedPayload as exc:
            raise PlatformUnavailable(f"{asked}: {exc}; check {self._setting}__API_URL") from exc

    def _exchange(
        self, method: str, path: str, body: object = None, upload: Upload | None = None
    ) -> tuple[bytes, str]:
        """The answer, and what it answers in words."""
        deadline_s = time.monotonic() + TOTAL_TIMEOUT_S
        asked = f"{method} {path.partition('?')[0]}"  # a query may hold a signature
        try:
            with self._client.stream(method, path, **_sent(body, upload)) as answer:
                content = _read(answer, deadline_s)
        except httpx.RequestError as exc:
            raise PlatformUnavailable(f"{asked}: {type(exc).__name__}: {exc}") from exc
        if not answer.is_success:
            raise self._error(answer, content)
        return content, asked

    def close(self) -> None:
        """Close connections, if there are any."""
        if "_client" in vars(self):
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._base_url,
            timeout=PHASE_TIMEOUT_S,
            trust_env=False,
            follow_redirects=False,
            # Compressed, a small answer could fill the memory.
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                **self._credentials.headers,
            },
        )

    def _error(self, answer: httpx.Response, content: bytes) -> ThumbsError:
        status = answer.status_code
        said = self._without_secrets(_message(content), answer.request.url)[:MAX_MESSAGE_CHARACTERS]
        happened = f"{answer.request.method} {answer.request.url.path}: {status}{said and f' ({said})'}"
        if status in _REFUSED:
            return CredentialsRefused(
                f"{happened}; check {self._credentials.settings}, and what the token may do"
            )
        if status in GONE:
            return AssetGone(happened)
        if status in TRY_LATER or httpx.codes.is_server_error(status):
            return PlatformUnavailable(happened, retry_after_s(answer))
        if httpx.codes.is_client_error(status):
            return PublishRejected(happened)
        return PlatformUnavailable(f"{happened}; check {self._setting}__API_URL")

    def _without_secrets(self, message: str, url: httpx.URL) -> str:
        """Some platforms repeat what they were shown."""
        for secret in (*self._credentials.secrets, *_signatures(url)):
            message = message.replace(secret, "...")
        return message


def basic(user: str, password: str, settings: str) -> Credentials:
    """HTTP's basic authentication."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Credentials({"Authorization": f"Basic {pair}"}, _not_empty(user, password, pair), settings)


def bearer(token: str, settings: str) -> Credentials:
    """One token, as OAuth has it."""
    return Credentials({"Authorization": f"Bearer {token}"}, _not_empty(token), settings)


def token_of(account: TokenAccount, setting: str) -> Credentials:
    """The id and the secret of an account's token."""
    names = f"{setting}__TOKEN_ID and {setting}__TOKEN_SECRET"
    return basic(account.token_id, account.token_secret.get_secret_value(), names)


def _not_empty(*secrets: str) -> tuple[str, ...]:
    return tuple(filter(None, secrets))


def _sent(body: object, upload: Upload | None) -> dict[str, Any]:
    if upload is None:
        return {"json": body}
    if upload.field is None:
        return {"content": upload.content, "headers": {"Content-Type": upload.media_type}}
    return {"files": {upload.field: ("thumbnail.jpg", upload.content, upload.media_type)}}


def segment(value: str) -> str:
    """A value as one step of a path."""
    return quote(value, safe="")


def _read(answer: httpx.Response, deadline_s: float) -> bytes:
    content = bytearray()
    for chunk in answer.iter_raw():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise PlatformUnavailable(f"the platform's answer is larger than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline_s:
            raise PlatformUnavailable(f"the platform's answer took longer than {TOTAL_TIMEOUT_S:.0f} s")
    return bytes(content)


def _signatures(url: httpx.URL) -> list[str]:
    """What may sign an address: each long value of its query, as it was sent and as it was meant."""
    sent = [pair.partition("=")[2] for pair in url.query.decode().split("&")]
    return [value for value in (*sent, *map(unquote, sent)) if len(value) >= LEAST_SIGNATURE_CHARACTERS]


def _message(content: bytes) -> str:
    """What the platform said about an error, in one line; empty where it said nothing that we can read."""
    try:
        said = json_fields.read_object(content)
    except MalformedPayload:
        return ""
    error = json_fields.part(said, "error")
    places = [said, error, *json_fields.parts(said, "errors"), *json_fields.parts(said, "problems")]
    messages = error.get("messages")
    found = [place.get(name) for place in places for name in _TOLD_IN]
    found += messages if isinstance(messages, list) else []
    line = "; ".join(dict.fromkeys(item for item in found if isinstance(item, str) and item))
    return "".join(sign if sign.isprintable() else " " for sign in line)
