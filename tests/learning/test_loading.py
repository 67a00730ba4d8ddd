"""A job judges with the head that was shipped for its account and its model, or with none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.heads import SIGHT, arrays
from worker.database import transaction
from worker.database.learning import Head
from worker.learning.loading import head_for

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.pipeline.scoring.learned_head import LearnedHead

FINE = [0.5, -1.0, 0.25]
STORED = arrays(FINE)
OWN = {"platform": "mux", "account": "main"}

DAMAGES: dict[str, bytes] = {
    "nothing": b"",
    "no archive": b"a picture of a cat",
    "cut off": arrays(FINE)[:-40],
    "a broken entry": arrays(FINE).replace(b"NUMPY", b"NUMBY"),
    "no number": arrays([0.5, float("nan"), 0.25]),
    "endless": arrays([0.5, float("inf"), 0.25]),
    "beyond single precision": arrays([0.5, 1e300, 0.25], np.float64),
    "another length": arrays([0.5, 1.0]),
    "words": arrays(["a", "b", "c"], str),
    "a table": arrays(np.ones((3, 1))),
    "a program": arrays([print, 1, 2], object),
}


def ship(engine: Engine, stored: bytes = STORED, **values: Any) -> int:
    """Put a head into use, for all accounts and the model of these tests unless told otherwise."""
    row = {"state": "shipped", "model": SIGHT, "arrays": stored, **values}
    with transaction(engine) as session:
        head = Head(trained_on={}, who="sam", **row)
        session.add(head)
        session.flush()
        return head.id


def found(engine: Engine, sight: str = SIGHT, account: str = "main") -> LearnedHead | None:
    """Return the head that a job of this account at Mux would use."""
    with transaction(engine) as session:
        return head_for(session, sight, "mux", account, 3)


def test_the_head_that_is_in_use_is_read_as_it_was_stored(engine: Engine) -> None:
    """Whatever else its training keeps beside the direction."""
    number = ship(engine, arrays(FINE, components=np.ones((2, 3))))

    head = found(engine)

    assert head is not None
    assert (head.id, head.sight, head.direction.dtype) == (number, SIGHT, np.float32)
    assert head.direction.tolist() == FINE


def test_an_account_with_a_head_of_its_own_uses_that(engine: Engine) -> None:
    """Its viewers are not those of all; others keep that of all."""
    of_all = ship(engine)
    own = ship(engine, **OWN)

    heads = [found(engine, account=name) for name in ("main", "other")]

    assert [head and head.id for head in heads] == [own, of_all]


@pytest.mark.parametrize(
    "row",
    [
        *({"state": state} for state in ("candidate", "refused", "passed", "retired")),
        {"model": "lite #1 another"},
        {"platform": "mux", "account": "other"},
        {"platform": "vimeo", "account": "main"},
    ],
    ids=str,
)
def test_a_head_that_is_not_meant_is_not_found(engine: Engine, row: dict[str, Any]) -> None:
    """Not in use, of another model, or of another account."""
    ship(engine, **row)

    assert found(engine) is None


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_head_is_none_and_the_log_says_so(
    engine: Engine, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    """The video is picked from all the same, by hand-made weights."""
    ship(engine, damage)

    with caplog.at_level(logging.WARNING):
        assert found(engine) is None

    assert "is not used" in caplog.text
