"""What a server refuses is told in a sentence that names the remedy, and tells no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from worker.judge.server.refusals import LONGEST_WORDS, AskedToWait, refusal_of, status_of

if TYPE_CHECKING:
    from worker.errors import Unjudged

KEY = "sk-0123456789"


def refused(status: int, told: object = "", headers: dict[str, str] | None = None, **how: object) -> Unjudged:
    """Read a refusal."""
    body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    answer = httpx.Response(status, headers=headers)
    return refusal_of(status_of(answer, body), answer, body, **{"has_key": True, **how})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "told", "result", "remedy"),
    [
        (401, "", "misconfigured", "JUDGE_API_KEY: set the right one"),
        (403, "", "misconfigured", "JUDGE_API_KEY"),
        (404, "no such model", "misconfigured", "JUDGE_MODEL and JUDGE_URL"),
        (405, "", "misconfigured", "JUDGE_URL"),
        (402, "", "misconfigured", "your account"),
        (308, "", "misconfigured", "leads elsewhere"),
        (400, "response_format is not supported", "misconfigured", "JSON schema"),
        (400, "At most 1 image(s) may be provided in one prompt.", "misconfigured", "JUDGE_PICTURES"),
        (413, "", "misconfigured", "JUDGE_PICTURES"),
        (422, "", "misconfigured", "JSON schema"),
        (500, "image input is not supported - hint: mmproj", "misconfigured", "takes no pictures"),
        (400, "eye is not a multimodal model", "misconfigured", "takes no pictures"),
        (400, {"error": {"code": "content_filter", "message": "content_filter"}}, "refused", "does not want"),
        (403, {"error": "Content violates usage guidelines."}, "refused", "does not want"),
        (
            400,
            {"error": {"message": "Input data may contain inappropriate content."}},
            "refused",
            "does not want",
        ),
        (429, "", "busy", "your limits"),
        (500, "", "failed", "see its log"),
        (503, "Loading model", "failed", "see its log"),
        (408, "", "failed", "see its log"),
    ],
)
def test_each_refusal_has_a_word_and_a_remedy(status: int, told: object, result: str, remedy: str) -> None:
    """And the status, for whoever looks into the server's log."""
    refusal = refused(status, told)

    assert refusal.result == result
    assert remedy in str(refusal)
    assert f"({status}" in str(refusal)


def test_a_server_that_wants_a_key_and_got_none_is_told_so() -> None:
    """In place of a wrong key."""
    assert "wants a key: set JUDGE_API_KEY" in str(refused(401, has_key=False))


@pytest.mark.parametrize(
    "told",
    [
        {"error": {"message": "it is too hot"}},
        {"error": "it is too hot"},
        {"message": "it is too hot"},
        {"detail": "it is too hot"},
        "it is too hot",
    ],
)
def test_the_servers_own_words_are_told(told: object) -> None:
    """In whatever form they come."""
    assert str(refused(500, told)).endswith("(500: it is too hot)")


@pytest.mark.parametrize(
    ("error", "result", "words"),
    [
        ({"code": 429, "message": "Provider is busy"}, "busy", "(429: Provider is busy)"),
        (
            {"code": 404, "message": "No endpoints found that support image input"},
            "misconfigured",
            "no pictures",
        ),
        ({"code": "upstream", "message": "it is too hot"}, "failed", "(502: it is too hot)"),
        ("it is too hot", "failed", "(502: it is too hot)"),
    ],
)
def test_an_error_that_comes_as_a_success_is_one(error: object, result: str, words: str) -> None:
    """Hosts that pass requests on to others send such."""
    refusal = refused(200, {"error": error})

    assert refusal.result == result
    assert words in str(refusal)


def test_a_success_is_none() -> None:
    """Also with an empty place for errors."""
    assert status_of(httpx.Response(200), b'{"error": null, "choices": []}') == 200


def test_a_page_for_browsers_is_not_told() -> None:
    """Proxies send one."""
    assert str(refused(502, "<html>\n<h1>Bad gateway")).endswith("(502)")


def test_words_of_a_server_tell_no_key_and_no_picture() -> None:
    """Some repeat what they were sent."""
    told = str(refused(401, f"bad key {KEY} in data:image/jpeg;base64,{'Zm9v' * 50}", secret=KEY))

    assert KEY not in told
    assert "Zm9v" not in told
    assert "bad key *** in" in told


def test_words_of_a_server_are_few_and_on_one_line() -> None:
    """Also where they are hostile."""
    told = str(refused(500, "no\n\x1b[31m " * 10_000))

    assert "\n" not in told
    assert "\x1b" not in told
    assert len(told) < LONGEST_WORDS + 100
    assert "[[[" in str(refused(500, "[" * 200_000))


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_says_how_long_it_wants_to_be_left_alone(status: int) -> None:
    """By Retry-After."""
    refusal = refused(status, headers={"Retry-After": "17"})

    assert isinstance(refusal, AskedToWait)
    assert refusal.wait_s == 17.0


def test_what_has_to_be_mended_is_not_waited_for() -> None:
    """A wrong key stays wrong."""
    assert not isinstance(refused(401, headers={"Retry-After": "17"}), AskedToWait)
