"""Reads a platform's error answer: what it means for us, and what the platform says about it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from worker.errors import (
    AssetGone,
    CredentialsRefused,
    MalformedPayload,
    PlatformUnavailable,
    PublishRejected,
    RateLimited,
    ThumbsError,
)
from worker.http.retry_after import GONE, TRY_LATER, retry_after_s
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from worker.platforms.shared.credentials import Credentials

MAX_MESSAGE_CHARACTERS = 300
LEAST_SIGNATURE_CHARACTERS = 16  # shorter values of a query are numbers and names

# Each platform has a field of its own for what went wrong, some within `error`, `errors` or `problems`.
_MESSAGE_FIELDS = ("title", "message", "Message", "description", "detail", "error", "developer_message")

_REFUSED = frozenset({401, 403})
_READING = frozenset({"GET", "HEAD"})


def error_of(
    answer: httpx.Response, content: bytes, credentials: Credentials, prefix: str, *, said: str | None = None
) -> ThumbsError:
    """Translate an answer that is no success into our error, whose class says whether trying again helps.

    Args:
        answer: its status and its headers decide.
        content: the answer's body, for the platform's own words.
        credentials: what was shown; no secret of it gets into the message.
        prefix: how the account's variables begin, e.g. "MUX__MAIN".
        said: the platform's own words, where its answers are no JSON.

    Returns:
        CredentialsRefused, AssetGone, PlatformUnavailable, RateLimited or PublishRejected, not raised.
    """
    status, url = answer.status_code, answer.request.url
    # The secrets go first: a cut through one of them would leave its beginning.
    words = _message(content) if said is None else _in_one_line(said)
    said = _without_secrets(words, credentials, url)[:MAX_MESSAGE_CHARACTERS]
    happened = f"{answer.request.method} {url.path}: {status}{said and f' ({said})'}"
    if status in _REFUSED:
        is_write = answer.request.method not in _READING and bool(credentials.to_write)
        needed = f": a write needs {credentials.to_write}" if is_write else ", and what the token may do"
        return CredentialsRefused(f"{happened}; check {credentials.settings}{needed}")
    if status in GONE:
        return AssetGone(happened)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimited(happened, retry_after_s(answer))
    if status in TRY_LATER or httpx.codes.is_server_error(status):
        return PlatformUnavailable(happened, retry_after_s(answer))
    if httpx.codes.is_client_error(status):
        return PublishRejected(happened)
    # A redirect: APIs send none, so the address is probably another's.
    return PlatformUnavailable(f"{happened}; check {prefix}__API_URL")


def _without_secrets(message: str, credentials: Credentials, url: httpx.URL) -> str:
    """Black out secrets and signatures, because some platforms repeat what they were shown."""
    for secret in (*credentials.secrets, *_signatures(url)):
        message = message.replace(secret, "...")
    return message


def _signatures(url: httpx.URL) -> list[str]:
    """List what may sign an address: each long value of its query, as it was sent and as it was meant."""
    sent = [pair.partition("=")[2] for pair in url.query.decode().split("&")]
    return [value for value in (*sent, *map(unquote, sent)) if len(value) >= LEAST_SIGNATURE_CHARACTERS]


def _message(content: bytes) -> str:
    """Gather what the platform said, in one line; empty where it said nothing that we can read."""
    said, listed = _said(content)
    error = json_fields.part(said, "error")
    places = [said, error, *listed, *json_fields.parts(said, "errors"), *json_fields.parts(said, "problems")]
    messages = error.get("messages")
    found = [place.get(name) for place in places for name in _MESSAGE_FIELDS]
    found += messages if isinstance(messages, list) else []
    return _in_one_line("; ".join(dict.fromkeys(item for item in found if isinstance(item, str) and item)))


def _said(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read an answer that is an object, or a list of objects as Brightcove's; both are empty for another."""
    with suppress(MalformedPayload):
        return json_fields.read_object(content), []
    with suppress(MalformedPayload):
        return {}, json_fields.read_objects(content)
    return {}, []


def _in_one_line(words: str) -> str:
    # Control characters could write lines of their own into a log or a terminal.
    return "".join(sign if sign.isprintable() else " " for sign in words)
