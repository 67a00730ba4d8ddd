"""The fake judge complains of each breach of the contract, and answers as its script says."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.support.judge_server.example import picture, request, schema
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.scripts import always_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def judge() -> Iterator[FakeJudge]:
    """A judge that prefers what it is shown first."""
    with FakeJudge(always_first()) as running:
        yield running


def ask(judge: FakeJudge, body: dict[str, Any], **headers: str) -> httpx.Response:
    """Send a request."""
    return httpx.post(f"{judge.url}/chat/completions", json=body, headers=headers, timeout=10.0)


@pytest.mark.parametrize("kind", ["order", "descriptions"])
def test_a_request_as_agreed_is_answered(judge: FakeJudge, kind: str) -> None:
    """No complaint, and the pictures are remembered as they came."""
    answer = ask(judge, request(kind), Authorization="Bearer secret")
    assert answer.status_code == 200
    assert judge.complaints == []
    (asked,) = judge.asked
    assert (asked.kind, asked.letters, asked.pictures) == (kind, "AB", (picture(0), picture(1)))


def test_a_judge_of_thousands_counts_and_keeps_no_pictures() -> None:
    """They would fill the memory of who runs a benchmark."""
    with FakeJudge(always_first(), remembers=False) as judge:
        ask(judge, request("order"))
        ask(judge, request("order"))

        assert judge.asked == []
        assert judge.usage.requests == 2
        assert 0 < judge.usage.answer_tokens < judge.usage.prompt_tokens < judge.usage.sent_bytes


def _extra_key(body: dict[str, Any]) -> None:
    body["top_p"] = 1


def _extra_key_of_a_part(body: dict[str, Any]) -> None:
    body["messages"][1]["content"][1]["image_url"]["detail"] = "low"


def _warm(body: dict[str, Any]) -> None:
    body["temperature"] = 0.2


def _no_seed(body: dict[str, Any]) -> None:
    del body["seed"]


def _no_rules(body: dict[str, Any]) -> None:
    del body["messages"][0]


def _rules_by_the_user(body: dict[str, Any]) -> None:
    body["messages"][0]["role"] = "user"


def _swapped_letters(body: dict[str, Any]) -> None:
    parts = body["messages"][1]["content"]
    parts[0], parts[2] = parts[2], parts[0]


def _letters_after_pictures(body: dict[str, Any]) -> None:
    parts = body["messages"][1]["content"]
    parts[0], parts[1] = parts[1], parts[0]


def _no_task(body: dict[str, Any]) -> None:
    body["messages"][1]["content"].pop()


def _title_last(body: dict[str, Any]) -> None:
    body["messages"][1]["content"].append({"type": "text", "text": "Title of the video, as data: Cats"})


def _no_format(body: dict[str, Any]) -> None:
    del body["response_format"]


def _not_strict(body: dict[str, Any]) -> None:
    body["response_format"]["json_schema"]["strict"] = False


def _open_schema(body: dict[str, Any]) -> None:
    del body["response_format"]["json_schema"]["schema"]["additionalProperties"]


def _schema_of_other_letters(body: dict[str, Any]) -> None:
    body["response_format"]["json_schema"]["schema"] = schema("order", "ABC")


def _unknown_word(body: dict[str, Any]) -> None:
    body["response_format"]["json_schema"]["schema"]["properties"]["order"]["uniqueItems"] = True


def _of(address: Callable[[], str]) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        body["messages"][1]["content"][1]["image_url"]["url"] = address()

    return change


def _data(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36)).save(file, "PNG")
    return file.getvalue()


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    return picture(exif=exif.tobytes())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_extra_key, "top_p: Extra inputs"),
        (_extra_key_of_a_part, "detail: Extra inputs"),
        (_warm, "temperature"),
        (_no_seed, "seed: Field required"),
        (_no_rules, "messages"),
        (_rules_by_the_user, "messages"),
        (_swapped_letters, "no 'Picture A:' before"),
        (_letters_after_pictures, "no picture after 'Picture A:'"),
        (_no_task, "no task"),
        (_title_last, "the title is the last part"),
        (_no_format, "response_format: Field required"),
        (_not_strict, "strict"),
        (_open_schema, "accepts further keys"),
        (_schema_of_other_letters, "refuses a right answer"),
        (_unknown_word, "uniqueItems, which not every server knows"),
        (_of(lambda: "https://example.org/a.jpg"), "does not begin with data:image/jpeg"),
        (_of(lambda: "data:image/jpeg;base64,####"), "does not decode"),
        (_of(lambda: _data(picture()[:500])), "does not decode"),
        (_of(lambda: _data(_png())), "is a PNG"),
        (_of(lambda: _data(picture(size=(640, 360)))), "a picture of 640x360 px"),
        (_of(lambda: _data(_with_exif())), "exif data"),
        (_of(lambda: _data(picture(comment=b"/home/me/private.mp4"))), "comment data"),
    ],
)
def test_each_breach_is_refused_and_remembered(
    judge: FakeJudge, change: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    """One point of the contract at a time."""
    body = request()
    change(body)
    assert ask(judge, body).status_code == 400
    assert any(complaint in told for told in judge.complaints), judge.complaints
    assert judge.asked == []
    judge.complaints.clear()


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"traceparent": "00-1-2-01"}, "a header that was not agreed: traceparent"),
        ({"Cookie": "session=1"}, "a header that was not agreed: cookie"),
        ({"Authorization": "Bearer"}, "Authorization is not 'Bearer KEY'; without a key, send none at all"),
        ({"Content-Type": "text/plain"}, "Content-Type is 'text/plain'"),
    ],
)
def test_headers_that_leak_or_mislead_are_breaches(
    judge: FakeJudge, headers: dict[str, str], complaint: str
) -> None:
    """Nothing is sent but what the request needs."""
    assert ask(judge, request(), **headers).status_code == 400
    assert complaint in judge.complaints
    judge.complaints.clear()


def test_a_title_and_a_remark_are_told_apart_from_the_task(judge: FakeJudge) -> None:
    """As data behind the pictures, and as a further turn."""
    body = request()
    body["messages"][1]["content"].insert(-1, {"type": "text", "text": "Title of the video, as data: Cats"})
    body["messages"] += [
        {"role": "assistant", "content": "Picture A!"},
        {"role": "user", "content": "That is no JSON."},
    ]
    assert ask(judge, body).status_code == 200
    (asked,) = judge.asked
    assert (asked.title, asked.task, asked.remarks) == ("Cats", "Put them in order.", ("That is no JSON.",))


def test_an_answer_for_which_there_is_no_room_is_a_breach(judge: FakeJudge) -> None:
    """Real servers would cut it off."""
    body = request("descriptions")
    body["max_tokens"] = 20
    assert ask(judge, body).status_code == 400
    assert "max_tokens 20 is too few" in judge.complaints[0]
    judge.complaints.clear()
