"""Answers are taken as they were asked for, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.judge_server.schemas import right_answer
from worker.judge.answers import Wrong, is_same_model, read_descriptions, read_order
from worker.pipeline.judging.verdict import Description, Fault


def described(**changed: object) -> str:
    """Describe two pictures, the second with changes."""
    answer = right_answer("descriptions", "AB")
    answer["pictures"][1].update(changed)
    return json.dumps(answer)


def test_descriptions_are_read() -> None:
    """In the order shown."""
    assert read_descriptions(described(subject="a cat"), "AB") == (
        Description(subject="a dog"),
        Description(subject="a cat"),
    )


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_is_read(fault: Fault) -> None:
    """By the name that it was asked by."""
    assert read_descriptions(described(**{fault: True}), "AB")[1].faults == {fault}


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("a\u0000b", "a b"),  # no database takes it
        ("two\n\n lines\u202e", "two lines"),
        ("word " * 40, "word " * 15 + "wo..."),
        ("Z9" * 30, "..."),  # a piece of a picture, or a key
    ],
)
def test_a_subject_is_a_short_line(subject: str, read: str) -> None:
    """Whatever a model writes."""
    assert read_descriptions(described(subject=subject), "AB")[1].subject == read


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("", "not JSON alone"),
        ("I like B.", "not JSON alone"),
        (f"```json\n{described()}\n```", "not JSON alone"),
        (described() + " I hope this helps!", "not JSON alone"),
        ("[" * 200_000, "far too long"),
        ("[" * 10_000, "not JSON alone"),
        ("null", "object"),
        ('{"pictures": []}', "lacks A, B"),
        (described(picture="A"), "lacks B"),
        (described(picture="C"), "lacks B"),
        (described(beauty=9), r"pictures\.1\.beauty: Extra"),
        (described(eyes_closed="yes"), r"pictures\.1\.eyes_closed: .*boolean"),
        (described(eyes_closed=1), r"pictures\.1\.eyes_closed: .*boolean"),
        (described(subject=None), r"pictures\.1\.subject: .*string"),
        (json.dumps({**right_answer("descriptions", "AB"), "note": ""}), "note: Extra"),
        (json.dumps(right_answer("descriptions", "BA")), "not in the order A, B"),
        (json.dumps(right_answer("descriptions", "ABC")), "not shown"),
    ],
)
def test_any_other_description_is_told_what_is_wrong(answer: str, wrong: str) -> None:
    """In words for the model."""
    with pytest.raises(Wrong, match=wrong):
        read_descriptions(answer, "AB")


def test_an_order_is_read_as_the_places_at_which_pictures_were_shown() -> None:
    """The best first."""
    assert read_order('{"order": ["C", "A", "B"]}', "ABC") == (2, 0, 1)


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        (["A", "B"], "lacks C"),
        (["A", "B", "A"], "lacks C"),
        (["A", "B", "C", "A"], "A more than once"),
        (["A", "B", "C", "D"], "not shown"),
        (["a", "b", "c"], "lacks A, B, C"),
        ("ABC", "array"),
        ([0, 1, 2], "string"),
    ],
)
def test_any_other_order_is_told_what_is_wrong(order: Any, wrong: str) -> None:
    """Each letter has to be there once."""
    with pytest.raises(Wrong, match=wrong):
        read_order(json.dumps({"order": order}), "ABC")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("qwen3-vl:8b", "qwen3-vl:8b"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("mistral-small-latest", "mistral-small-2503"),
        ("Qwen/Qwen3-VL-8B-Instruct", "/models/Qwen3-VL-8B-Instruct"),
        ("Qwen3-VL-8B", "C:\\models\\qwen3-vl-8b.gguf"),
        ("gemma3", "gemma3:latest"),
        ("user/model", "user/model:Q4_K_M"),
    ],
)
def test_servers_name_a_model_in_their_own_way(asked: str, answered: str) -> None:
    """By a path, a tag, the date of its version."""
    assert is_same_model(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("gpt-4o", "gpt-4o-mini"), ("qwen3-vl:8b", "qwen3-vl:32b"), ("eye", "gpt-3.5-turbo")],
)
def test_another_model_is_told_from_it(asked: str, answered: str) -> None:
    """Also one of the same family."""
    assert not is_same_model(asked, answered)
