"""Reads a server's answer as far as every server sends it: what the model said, and what that took."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from worker.errors import Unjudged
from worker.judge.answers import is_same_model
from worker.judge.words import tidy

# A bill that no request can have. Such numbers are added up in a database, where they must not overflow.
_MOST_TOKENS = 10_000_000


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Body(BaseModel):
    # Thoughts (`reasoning_content`) and whatever else servers add are left out.
    choices: list[_Choice] | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said, and what a server tells of it."""

    text: str
    refusal: str
    finish_reason: str
    model: str  #: empty where the server does not say
    prompt_tokens: int
    answer_tokens: int
    is_empty: bool  #: there is no answer in it at all

    def checked(self, asked: str) -> str:
        """Return what was said, where it is an answer of the model that was asked.

        Raises:
            Unjudged: it is no whole answer, or one of another model.
        """
        if self.model and not is_same_model(asked, self.model):
            model = tidy(self.model, 80)
            raise Unjudged(
                "misconfigured",
                f"the judge's server answers as {model}, not as {asked}: if that is meant, write it into "
                "JUDGE_MODEL",
            )
        if self.refusal or self.finish_reason == "content_filter":
            why = f": {tidy(self.refusal, 120)}" if self.refusal else ""
            raise Unjudged("refused", f"the judge does not want to look at these pictures{why}")
        if self.finish_reason == "length" and not _is_whole(self.text):
            raise Unjudged(
                "invalid",
                "the judge's answer was cut off: it needs a model that answers without thinking before, and "
                "a server that keeps it to a JSON schema",
            )
        if self.is_empty:
            raise Unjudged("invalid", "the judge's server gave an answer with nothing in it: see its log")
        return self.text


def read_completion(body: bytes) -> Completion:
    """Read the body of an answer with status 200.

    Raises:
        Unjudged: it is none of this API.
    """
    try:
        read = _Body.model_validate_json(body)
    except ValidationError:
        raise Unjudged(
            "failed",
            "what the judge's server answers is not of an OpenAI-compatible API: check JUDGE_URL, which "
            "mostly ends in /v1",
        ) from None
    choice = read.choices[0] if read.choices else _Choice(message=_Message())
    usage = read.usage or {}
    return Completion(
        text=choice.message.content or "",
        refusal=choice.message.refusal or "",
        finish_reason=choice.finish_reason or "",
        model=read.model or "",
        prompt_tokens=_tokens(usage.get("prompt_tokens")),
        answer_tokens=_tokens(usage.get("completion_tokens")),
        is_empty=not read.choices or choice.message.content is None,
    )


def _is_whole(text: str) -> bool:
    """Tell whether an answer is complete: a model held to a schema can then only go on with line breaks."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _tokens(told: object) -> int:
    return told if isinstance(told, int) and 0 <= told <= _MOST_TOKENS else 0
