"""docs/concepts.md explains every word that a reader of outputs meets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker.database.states import EventOutcome, JobReason, JobState, PublicationState

if TYPE_CHECKING:
    import enum

PAGE = (Path(__file__).parents[3] / "docs/concepts.md").read_text()


def section(title: str) -> str:
    """Return what stands under a heading."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.parametrize(
    ("title", "states"), [("Event", EventOutcome), ("Job", JobState), ("Publication", PublicationState)]
)
def test_every_state_has_its_row_and_no_row_is_of_another(title: str, states: type[enum.StrEnum]) -> None:
    """In the order of a life, as in the code."""
    assert re.findall(r"^\| `(\w+)`", section(title), re.MULTILINE) == [state.value for state in states]


def test_every_reason_of_a_job_is_explained() -> None:
    """In the words about jobs."""
    assert all(f"`{reason}` (" in section("Job") for reason in JobReason)


def test_every_word_is_defined_once() -> None:
    """In bold, where it is explained: those of the terms' table that outputs show."""
    words = [
        "account",
        "asset",
        "event",
        "generation",
        "job",
        "hint",
        "lease",
        "attempt",
        "candidate",
        "score",
    ]
    words += ["pick", "rank", "reasons", "note", "thumbnail", "publication", "foreign", "choice", "reconcile"]
    words += ["test", "variant", "buckets", "look", "head"]
    defined = [word.lower() for word in re.findall(r"\*\*(\w+)\*\*", PAGE)]

    assert set(words) <= set(defined)
    assert len(defined) == len(set(defined))
