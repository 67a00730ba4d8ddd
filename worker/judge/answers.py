"""Reads what a model answered, and takes nothing that was not asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from worker.judge.words import tidy
from worker.pipeline.judging.verdict import Description, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_ANSWER = 16_000  #: characters; 26 descriptions with every subject at its longest take half of it
LONGEST_SUBJECT = 80  #: characters that are kept; eight words are asked for

# After a model's name: a quantised file of it, or the version that is served under a name without one.
_SUFFIX = re.compile(r"(\.gguf|-latest|-\d{4}(-?\d{2}-?\d{2})?)$")


class Wrong(ValueError):
    """An answer is not what was asked for; the message tells the model what is wrong with it."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Picture(_Strict):
    picture: str
    subject: str
    eyes_closed: bool
    head_cut: bool
    transition: bool
    text: bool
    unsafe: bool


class _Descriptions(_Strict):
    pictures: list[_Picture]


class _Order(_Strict):
    order: list[str]


_Answer = TypeVar("_Answer", bound=_Strict)


def read_descriptions(answer: str, letters: str) -> tuple[Description, ...]:
    """Read the answer to `descriptions_of`.

    Args:
        answer: as it came.
        letters: of the pictures, in the order shown.

    Raises:
        Wrong: it is anything else.
    """
    seen = _read(_Descriptions, answer).pictures
    told = [one.picture for one in seen]
    _check_letters(told, letters)
    if told != list(letters):
        raise Wrong(f"the pictures are not in the order {', '.join(letters)}")
    return tuple(
        Description(
            frozenset(fault for fault in Fault if getattr(one, fault)), tidy(one.subject, LONGEST_SUBJECT)
        )
        for one in seen
    )


def read_order(answer: str, letters: str) -> tuple[int, ...]:
    """Read the answer to `order_of`: the places at which pictures were shown, the best first.

    Args:
        answer: as it came.
        letters: of the pictures, in the order shown.

    Raises:
        Wrong: it is anything else.
    """
    order = _read(_Order, answer).order
    _check_letters(order, letters)
    return tuple(letters.index(letter) for letter in order)


def is_same_model(asked: str, answered: str) -> bool:
    """Tell whether a server answered as the model that was asked, which it may name in another way.

    llama.cpp names the file, with or without its folder; Ollama adds a tag; hosted models add the date of the
    version that is served (`gpt-4o-mini-2024-07-18` for `gpt-4o-mini`).
    """
    (asked_name, asked_tag), (answered_name, answered_tag) = _parts(asked), _parts(answered)
    return asked_name == answered_name and (not asked_tag or not answered_tag or asked_tag == answered_tag)


def _parts(model: str) -> tuple[str, str]:
    """Take a name apart: what stands between its path and its suffix, and its tag."""
    name, _, tag = model.strip().lower().replace("\\", "/").rpartition("/")[2].partition(":")
    return _SUFFIX.sub("", name), "" if tag == "latest" else tag


def _read(form: type[_Answer], answer: str) -> _Answer:
    if len(answer) > LONGEST_ANSWER:
        raise Wrong("it is far too long")
    try:
        return form.model_validate_json(answer)
    except ValidationError as exc:
        fault = exc.errors(include_input=False, include_url=False)[0]
        if fault["type"] == "json_invalid":
            raise Wrong("it is not JSON alone") from None
        where = ".".join(map(str, fault["loc"]))
        raise Wrong(tidy(f"{where}: {fault['msg']}" if where else fault["msg"], 200)) from None


def _check_letters(told: Sequence[str], letters: str) -> None:
    if missing := [letter for letter in letters if letter not in told]:
        raise Wrong(f"it lacks {', '.join(missing)}")
    if doubled := [letter for letter in letters if told.count(letter) > 1]:
        raise Wrong(f"it has {', '.join(doubled)} more than once")
    if len(told) != len(letters):
        raise Wrong("it has letters that were not shown")
