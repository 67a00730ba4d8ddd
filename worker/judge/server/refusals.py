"""What a judge's server refused, as a sentence that names the remedy."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from worker.errors import Unjudged
from worker.http.retry_after import retry_after_s
from worker.judge.words import tidy

if TYPE_CHECKING:
    import httpx

LONGEST_WORDS = 200  #: characters of a server's own words that are told

# How servers say that a model reads text only: llama.cpp (with status 500), vLLM, Ollama, hosts of many.
_NO_PICTURES = (
    "image input is not supported",
    "mmproj",
    "not a multimodal model",
    "missing data required for image input",
    "does not support image",
    "support image input",
)
# How hosts say that they do not want to look at these pictures.
_NOT_THESE = (
    "content_filter",
    "content filter",
    "content_policy",
    "content policy",
    "management policy",
    "usage guidelines",
    "inappropriate content",
    "safety system",
)

_TAKES_NO_PICTURES = (
    "the judge's model takes no pictures: name one that does in JUDGE_MODEL, and give llama.cpp its --mmproj"
)
_DOES_NOT_WANT = "the judge does not want to look at these pictures"
_WRONG_KEY = "the judge's server does not accept JUDGE_API_KEY: set the right one"
_NO_KEY = "the judge's server wants a key: set JUDGE_API_KEY"
_NOT_THERE = "the judge's server has no such model, or no API at this path: check JUDGE_MODEL and JUDGE_URL"
_NOT_TAKEN = (
    "the judge's server does not take the request: its model has to take JUDGE_PICTURES pictures at once, "
    "all within its context, and to answer by a JSON schema"
)
_BY_STATUS = {
    402: ("misconfigured", "the judge's server wants to be paid: see your account there"),
    404: ("misconfigured", _NOT_THERE),
    405: ("misconfigured", _NOT_THERE),
    410: ("misconfigured", _NOT_THERE),
    429: ("busy", "the judge's server is asked too often: raise your limits there if that goes on"),
    **dict.fromkeys((408, 409, 425), ("failed", "the judge's server was not ready: see its log")),
}
_BY_CLASS = {
    3: ("misconfigured", "the judge's server leads elsewhere: write that address into JUDGE_URL"),
    4: ("misconfigured", _NOT_TAKEN),
}
_NOT_THIS = frozenset({400, 403, 413, 415, 422})  #: which hosts also send where a filter minds the pictures
_ERRORS = range(400, 600)
_FAILED = ("failed", "the judge's server failed: see its log if that goes on")


class AskedToWait(Unjudged):
    """The server names a time before which it is not to be asked again."""

    def __init__(self, result: str, message: str, wait_s: float) -> None:
        super().__init__(result, message)
        self.wait_s = wait_s


class OfOneRequest(Unjudged):
    """The server does not take this request; whether that is its set-up or this video, it does not say."""


def status_of(answer: httpx.Response, body: bytes) -> int:
    """Return the status of an answer.

    Hosts that pass requests on to others send 200, and put the true one into the body.

    Args:
        answer: whose status counts where it is no success.
        body: what came with it, or its beginning.
    """
    error = _json(body).get("error") if answer.is_success else None
    if not error:
        return answer.status_code
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and code in _ERRORS else HTTPStatus.BAD_GATEWAY


def refusal_of(
    status: int, answer: httpx.Response, body: bytes, *, has_key: bool, secret: str = ""
) -> Unjudged:
    """Say what an answer without success means.

    Args:
        status: as `status_of`.
        answer: whose headers count.
        body: what came with it, or its beginning.
        has_key: whether JUDGE_API_KEY was sent.
        secret: is never told, even where the server repeats it.
    """
    told = _words(body)
    if secret:
        told = told.replace(secret, "***")
    words = tidy(told, LONGEST_WORDS)
    result, sentence = _meaning(status, told.lower(), has_key=has_key)
    message = f"{sentence} ({status}{': ' + words if words else ''})"
    wait_s = retry_after_s(answer)
    if wait_s and result in {"busy", "failed"}:
        return AskedToWait(result, message, wait_s)
    is_of_one = result == "misconfigured" and status in _NOT_THIS
    return (OfOneRequest if is_of_one else Unjudged)(result, message)


def _meaning(status: int, told: str, *, has_key: bool) -> tuple[str, str]:
    """Return the result in one word, and a sentence with the remedy."""
    if any(words in told for words in _NO_PICTURES):
        return "misconfigured", _TAKES_NO_PICTURES
    if any(words in told for words in _NOT_THESE):
        return "refused", _DOES_NOT_WANT
    if status in {401, 403}:
        return "misconfigured", _WRONG_KEY if has_key else _NO_KEY
    return _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _FAILED)


def _words(body: bytes) -> str:
    """Find the sentence in an error: OpenAI's form, those that resemble it, or plain text."""
    found: Any = _json(body)
    if not found:
        text = body.decode("utf-8", "replace")
        return "" if text.lstrip().startswith("<") else text  # a page for browsers says nothing in a line
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return found if isinstance(found, str) else json.dumps(found)


def _json(body: bytes) -> dict[str, Any]:
    """Read an object; anything else is an empty one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
