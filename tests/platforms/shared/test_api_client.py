"""What becomes of a platform's answers, good and bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import unquote

import pytest

from tests.support.platforms.scripted_server import CUT, Answer, serving
from tests.support.platforms.webhook_senders import settings
from worker.errors import (
    AssetGone,
    CredentialsRefused,
    PlatformUnavailable,
    PublishRejected,
    RateLimited,
    ThumbsError,
)
from worker.http import deadline
from worker.platforms.shared import api_client
from worker.platforms.shared.api_client import ApiClient, Upload
from worker.platforms.shared.api_errors import MAX_MESSAGE_CHARACTERS
from worker.platforms.shared.credentials import bearer, of_token

TOKEN = of_token(settings().mux["main"], "MUX__MAIN")
REFUSED = {"error": {"type": "invalid_parameters", "messages": ["thumbnail_time is", "too large"]}}


def failure(answer: Answer) -> ThumbsError:
    """The error that an answer becomes."""
    with serving(answer) as server:
        client = ApiClient(server.url, TOKEN, "MUX__MAIN")
        with pytest.raises(ThumbsError) as caught:
            client.request("GET", "/a/1")
        client.close()
    return caught.value


def test_a_request_carries_the_token_and_a_body() -> None:
    """By HTTP's basic authentication, as JSON, under the path of the base address."""
    with serving(Answer(json={"data": {"x": 1}})) as server:
        client = ApiClient(f"{server.url}/v1", TOKEN, "MUX__MAIN")
        answer = client.request("PATCH", "/a/1", {"thumbnail_time": 1.5})
        client.close()

    (asked,) = server.journal
    assert answer == {"data": {"x": 1}}
    assert (asked.method, asked.path, asked.json) == ("PATCH", "/v1/a/1", {"thumbnail_time": 1.5})
    assert asked.headers["Authorization"] == "Basic dGhlLXRva2VuLWlkOnRoZS10b2tlbi1zZWNyZXQ="
    assert asked.headers["Content-Type"] == "application/json"


def test_an_answer_may_be_empty() -> None:
    """As after a DELETE."""
    with serving(Answer(204)) as server:
        client = ApiClient(server.url, TOKEN, "MUX__MAIN")
        assert client.request("DELETE", "/a/1") == {}
        client.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, PlatformUnavailable),
        (400, PublishRejected),
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        (404, AssetGone),
        (408, PlatformUnavailable),
        (409, PlatformUnavailable),
        (410, AssetGone),
        (422, PublishRejected),
        (425, PlatformUnavailable),
        (429, RateLimited),
        (500, PlatformUnavailable),
        (503, PlatformUnavailable),
    ],
)
def test_a_bad_answer_says_whether_trying_again_helps(status: int, error: type[ThumbsError]) -> None:
    """By its status; the platform's own words are passed on."""
    caught = failure(Answer(status, json=REFUSED))

    assert type(caught) is error
    assert f"GET /a/1: {status} (thumbnail_time is; too large)" in str(caught)


def test_a_refused_token_names_the_settings() -> None:
    """The operator must know which variables to look at."""
    message = str(failure(Answer(401)))

    assert "MUX__MAIN__TOKEN_ID and MUX__MAIN__TOKEN_SECRET" in message


def test_the_other_form_of_an_error_is_read_too() -> None:
    """FastPix says `message` and `description`."""
    answer = Answer(422, json={"success": False, "error": {"message": "No", "description": "Bad\nid"}})

    assert "422 (No; Bad id)" in str(failure(answer))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"success": False, "errors": [{"code": 10005, "message": "not found"}]}, "not found"),
        ({"title": "No timecode.", "status": 400, "problems": [{"title": "Bad"}]}, "No timecode.; Bad"),
        ({"success": False, "message": "File too large", "statusCode": 400}, "File too large"),
        ({"error": "Invalid", "developer_message": "The time is wrong."}, "Invalid; The time is wrong."),
        ({"errors": "odd", "error": {"messages": 7}}, "400"),
    ],
)
def test_every_form_of_an_error_is_read(said: object, shown: str) -> None:
    """Cloudflare, api.video, Bunny and Vimeo have one each, and nonsense has none."""
    assert shown in str(failure(Answer(400, json=said)))


def test_a_picture_is_sent_as_a_body_or_in_a_form() -> None:
    """As the platform asks for it; a token by OAuth goes with it."""
    with serving(Answer(json={})) as server:
        client = ApiClient(server.url, bearer("the-token", "X__MAIN__TOKEN"), "X__MAIN")
        client.request("POST", "/raw", upload=Upload(b"JPEG"))
        client.request("POST", "/form", upload=Upload(b"JPEG", field="file"))
        client.close()

    raw, form = server.journal
    assert (raw.headers["Content-Type"], raw.body) == ("image/jpeg", b"JPEG")
    assert form.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="file"; filename="thumbnail.jpg"' in form.body
    assert raw.headers["Authorization"] == form.headers["Authorization"] == "Bearer the-token"


def test_the_token_is_never_in_a_message() -> None:
    """Not even where the platform says it back."""
    said = {"error": {"message": "no user the-token-id with the-token-secret"}}

    message = str(failure(Answer(400, json=said)))

    assert "no user ... with ..." in message
    assert "the-token" not in message


@pytest.mark.parametrize("value", ["sesame-sesame-01", "sesame%2Fsesame-01", "sesame/sesame-01"])
def test_a_signed_address_that_the_platform_repeats_is_in_no_message(value: str) -> None:
    """Neither as it was sent, nor as it was meant; not even its beginning, where the message is cut."""
    told = f"{value} {unquote(value)} {'x' * (MAX_MESSAGE_CHARACTERS - 16)} {value} {value}"
    with serving(Answer(503, json={"message": told})) as server:
        client = ApiClient(server.url, TOKEN, "MUX__MAIN")
        with pytest.raises(PlatformUnavailable, match=r"\.\.\. \.\.\. x+") as caught:
            client.request("PUT", f"/upload?signature={value}")
        client.close()

    assert "ses" not in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    """The token goes to the configured host only."""
    with serving(Answer(302, headers={"Location": "/elsewhere"}), Answer(json={})) as server:
        client = ApiClient(server.url, TOKEN, "MUX__MAIN")
        with pytest.raises(PlatformUnavailable, match="check MUX__MAIN__API_URL"):
            client.request("GET", "/a/1")
        client.close()

    assert server.asked == ["GET /a/1"]


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [("7", 7), ("0.5", 0.5), ("-1", 0), ("999999999", 3600), ("soon", None), ("nan", None)],
)
def test_a_platform_may_say_how_long_to_wait(value: str, wait_s: float | None) -> None:
    """In seconds; nonsense is no answer, and nobody is waited for longer than an hour."""
    caught = failure(Answer(429, headers={"Retry-After": value}))

    assert isinstance(caught, PlatformUnavailable)
    assert caught.retry_after_s == wait_s


@pytest.mark.parametrize("header", ["X-RateLimit-Retry-After", "X-RateLimit-Reset"])
def test_a_platform_may_have_a_header_of_its_own_for_the_wait(header: str) -> None:
    """api.video says seconds, Vimeo a time."""
    until = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    caught = failure(Answer(429, headers={header: "60" if "Retry" in header else until}))

    assert isinstance(caught, PlatformUnavailable)
    assert caught.retry_after_s == pytest.approx(60, abs=30)


def test_a_platform_may_say_until_when_to_wait() -> None:
    """As a date."""
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)

    caught = failure(Answer(503, headers={"Retry-After": until}))

    assert isinstance(caught, PlatformUnavailable)
    assert caught.retry_after_s == pytest.approx(600, abs=30)


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"\xff", b"{", b"7"])
def test_an_answer_that_is_no_object_is_as_good_as_none(raw: bytes) -> None:
    """A proxy's page with status 200 must not become an asset."""
    assert type(failure(Answer(200, raw=raw))) is PlatformUnavailable


def test_an_endless_answer_is_given_up() -> None:
    """Its size is bounded."""
    caught = failure(Answer(200, raw=b" " * (api_client.MAX_ANSWER_BYTES + 1)))

    assert "larger than" in str(caught)


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its whole time is bounded, not only that between two bytes."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", 0.2)

    caught = failure(Answer(200, raw=b" " * 100, pause_s=0.05))

    assert type(caught) is PlatformUnavailable
    assert "not over after 0.2 s" in str(caught)


def test_a_connection_that_breaks_off_is_worth_another_try() -> None:
    """Before an answer, or in the middle of one."""
    assert type(failure(Answer(CUT))) is PlatformUnavailable
    assert type(failure(Answer(200, raw=b"{", headers={"Content-Length": "9"}))) is PlatformUnavailable


def test_a_platform_that_is_not_there_is_worth_another_try() -> None:
    """Nobody listens at the address."""
    with serving(Answer()) as server:
        url = server.url
    client = ApiClient(url, TOKEN, "MUX__MAIN")

    with pytest.raises(PlatformUnavailable, match=r"GET /a/1: no whole answer \(Connection refused\)"):
        client.request("GET", "/a/1")
    client.close()


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token goes to the configured host only."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(Answer(json={})) as server:
        client = ApiClient(server.url, TOKEN, "MUX__MAIN")
        client.request("GET", "/a/1")
        client.close()

    assert server.asked == ["GET /a/1"]
