"""What the fake judge sends back, and how."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.judge_server.asked import text_tokens
from tests.support.judge_server.contract import Breach
from tests.support.judge_server.schemas import keeps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.judge_server.asked import JudgeRequest


class Pace(enum.Enum):
    """How an answer travels."""

    AT_ONCE = enum.auto()
    NEVER = enum.auto()  #: nothing is sent, and the connection stays open
    DRIPPING = enum.auto()  #: the head at once, then a byte of the body each second
    CUT_OFF = enum.auto()  #: half of the body, then the connection ends


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: Pace = Pace.AT_ONCE
    answer_tokens: int = 0  #: as `usage` in the body says


def completion(
    asked: JudgeRequest, content: str | None, *, finish_reason: str = "stop", **message: object
) -> Reply:
    """Wrap what the model says as `/v1/chat/completions` does.

    Args:
        asked: the request.
        content: what it says.
        finish_reason: "stop", or "length" where it was cut.
        message: more of its message, such as `refusal`.
    """
    tokens = text_tokens(content or "")
    told: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": asked.body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": asked.prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": asked.prompt_tokens + tokens,
        },
    }
    return Reply(json.dumps(told).encode(), answer_tokens=tokens)


def in_form(asked: JudgeRequest, answer: dict[str, Any]) -> Reply:
    """Answer as the request's schema wants it.

    Raises:
        Breach: that schema, or `max_tokens`, leaves no room for this right answer.
    """
    content = json.dumps(answer)
    if not keeps(asked.schema, answer):
        raise Breach([f"a schema that refuses {content}"])
    # llama.cpp, for one, lets its models write JSON on many lines.
    if text_tokens(json.dumps(answer, indent=2)) > asked.max_tokens:
        raise Breach([f"max_tokens {asked.max_tokens} is too few for {content}"])
    return completion(asked, content)


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with an error, as these servers word it."""
    told = {"error": {"code": status, "message": message, "type": "server_error"}}
    return Reply(json.dumps(told).encode(), status, headers or {})
