"""llama.cpp's own server keeps our schemas, and refuses pictures as we understand it: `make judge-real`.

Its model is small and reads text only, so the pictures are left out of what it is to answer.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.judge_server.example import picture
from tests.support.judge_server.llama import NAME, is_installed, running_llama
from tests.support.judge_server.schemas import keeps
from worker.errors import Unjudged
from worker.judge.answers import is_same_model
from worker.judge.connection import JudgeConnection
from worker.judge.prompt import descriptions_of, order_of, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from worker.judge.prompt import Question
    from worker.judge.server.completion import Completion

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not is_installed(), reason="`make judge-real` installs the server"),
    pytest.mark.timeout(600),  # on two cores an answer takes 5 to 20 seconds, and on busy ones minutes
]

TIMEOUT_S = 300.0
PICTURES = [picture(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def connection() -> Iterator[JudgeConnection]:
    """A connection to a running server."""
    with running_llama() as url:
        yield JudgeConnection(url, NAME)


def ask(connection: JudgeConnection, question: Question) -> Completion:
    """Ask one question."""
    with connection.client(TIMEOUT_S) as client:
        return connection.ask(client, question)


def without_pictures(question: Question) -> Question:
    """Leave out the pictures, but not their letters."""

    def words(message: Mapping[str, Any]) -> Mapping[str, Any]:
        content = message["content"]
        if isinstance(content, str):
            return message
        return {**message, "content": [part for part in content if part["type"] == "text"]}

    return replace(question, messages=tuple(map(words, question.messages)))


@pytest.mark.parametrize("asking", [descriptions_of, order_of])
def test_a_real_server_keeps_our_schemas_and_takes_a_retry(
    connection: JudgeConnection, asking: Callable[[Sequence[bytes], str], Question]
) -> None:
    """What a model of this size says is of no worth, but its form is as asked for, also the second time."""
    question = without_pictures(asking(PICTURES, "Cats at play"))
    form = schema(question.kind, question.letters)
    first = ask(connection, question)
    assert keeps(form, json.loads(first.text)), first
    assert min(first.prompt_tokens, first.answer_tokens) > 0
    assert is_same_model(NAME, first.model)
    second = ask(connection, question.again(first.text, "it lacks B"))
    assert keeps(form, json.loads(second.text)), second
    assert second.prompt_tokens > first.prompt_tokens


def test_a_model_without_eyes_is_misconfigured(connection: JudgeConnection) -> None:
    """The message names the remedy, and has the server's own words."""
    with pytest.raises(Unjudged, match=r"--mmproj.*image input is not supported") as refused:
        ask(connection, order_of(PICTURES, ""))
    assert refused.value.result == "misconfigured"
