"""An answer counts as one where it is whole, and of the model that was asked."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import Unjudged
from worker.judge.answers import Wrong, read_descriptions, read_order
from worker.judge.server.completion import read_completion
from worker.judge.server.refusals import refusal_of, status_of


def body(**changed: object) -> bytes:
    """Write an answer with changes."""
    message = {"content": "{}", "reasoning_content": "Let me think.", **changed.pop("message", {})}  # type: ignore[dict-item]
    choice = {"index": 0, "message": message, "finish_reason": changed.pop("finish_reason", "stop")}
    usage = {"prompt_tokens": 700, "completion_tokens": 9, "total_tokens": 709}
    return json.dumps({"id": "1", "model": "eye", "choices": [choice], "usage": usage, **changed}).encode()


def test_what_was_said_and_what_it_took_are_read() -> None:
    """Thoughts are left out."""
    read = read_completion(body())

    assert read.checked("eye") == "{}"
    assert (read.prompt_tokens, read.answer_tokens) == (700, 9)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": None},
        {"prompt_tokens": -5, "completion_tokens": 10**30},
        {"prompt_tokens": "7", "completion_tokens": 1.5},
    ],
)
def test_a_bill_that_cannot_be_is_none(usage: object) -> None:
    """A database could not add it up."""
    read = read_completion(body(usage=usage))

    assert (read.prompt_tokens, read.answer_tokens) == (0, 0)
    assert read.checked("eye") == "{}"


def test_a_server_need_not_name_its_model() -> None:
    """Some do not."""
    assert read_completion(body(model=None)).checked("eye") == "{}"


@pytest.mark.parametrize(
    ("answer", "result", "remedy"),
    [
        (body(model="gpt-3.5-turbo"), "misconfigured", "answers as gpt-3.5-turbo, not as eye"),
        (body(message={"refusal": "I cannot."}), "refused", "look at these pictures: I cannot."),
        (body(finish_reason="content_filter"), "refused", "look at these pictures"),
        (body(message={"content": '{"order": ["A"'}, finish_reason="length"), "invalid", "cut off"),
        (body(choices=[]), "invalid", "nothing in it"),
        (body(choices=None), "invalid", "nothing in it"),
        (body(message={"content": None}), "invalid", "nothing in it"),
    ],
)
def test_what_is_no_whole_answer_is_told(answer: bytes, result: str, remedy: str) -> None:
    """With what helps."""
    read = read_completion(answer)

    with pytest.raises(Unjudged, match=remedy) as told:
        read.checked("eye")

    assert told.value.result == result


@pytest.mark.parametrize(
    "answer", [b"", b"<html>It works!", b"[]", b"\xff\xfe", b'{"choices": 7}', b"[" * 250_000, body()[:-20]]
)
def test_what_is_none_of_this_api_is_told(answer: bytes) -> None:
    """It may be the wrong address."""
    with pytest.raises(Unjudged, match="check JUDGE_URL") as told:
        read_completion(answer)

    assert told.value.result == "failed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["choices", "message", "content"]), inner)
    ),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_server_sends_there_is_a_sentence(sent: bytes) -> None:
    """And no error that would fail a job."""
    answer = httpx.Response(200)
    try:
        said = read_completion(sent).checked("eye")
    except Unjudged:
        said = ""
    for read in (read_descriptions, read_order):
        with pytest.raises(Wrong):
            read(said, "AB")
    assert str(refusal_of(status_of(answer, sent), answer, sent, has_key=True))
