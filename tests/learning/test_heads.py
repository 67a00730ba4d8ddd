"""Which head is in use is a person's decision; taking it back brings what was there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from tests.support.learning import tested_videos as videos
from worker.database import transaction
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.database.trials import Variant
from worker.errors import HeadRefused
from worker.learning import heads
from worker.learning.readiness import enough_videos
from worker.learning.training.data import Stored

if TYPE_CHECKING:
    from sqlalchemy import Engine


def head(engine: Engine, state: HeadState = HeadState.PASSED, **values: Any) -> int:
    """Store a head."""
    with transaction(engine) as session:
        row = Head(
            **(
                {"model": videos.SIGHT, "state": state, "trained_on": {}, "arrays": b"", "who": "ada"}
                | values
            )
        )
        session.add(row)
        session.flush()
        return row.id


def ship(engine: Engine, head_id: int) -> None:
    """Put it into use."""
    with transaction(engine) as session:
        heads.ship(session, head_id, "ada")


def roll_back(engine: Engine, head_id: int) -> int | None:
    """Take it out of use, and return which one is in use again."""
    with transaction(engine) as session:
        before = heads.roll_back(session, "bob", "it likes only cats", head_id=head_id)
        return before and before.id


def used(engine: Engine) -> list[int]:
    """Name the heads in use."""
    with transaction(engine) as session:
        return [one.id for one in heads.in_use(session)]


def find(engine: Engine, head_id: int) -> Head:
    """Read a head."""
    with transaction(engine) as session:
        return heads.find(session, head_id)


@pytest.mark.parametrize(
    "state", [HeadState.CANDIDATE, HeadState.REFUSED, HeadState.RETIRED, HeadState.SHIPPED]
)
def test_only_a_head_that_passed_can_be_shipped(engine: Engine, state: HeadState) -> None:
    """The message says what to do instead."""
    head_id = head(engine, state)

    with pytest.raises(HeadRefused, match=f"head {head_id} cannot be shipped: it "):
        ship(engine, head_id)


def test_a_head_that_is_shipped_takes_the_place_of_the_one_before(engine: Engine) -> None:
    """Who did it is on record."""
    first = head(engine)
    second = head(engine, report={"against": first})

    ship(engine, first)
    ship(engine, second)

    assert used(engine) == [second]
    assert find(engine, second).replaces_id == first
    assert find(engine, second).shipped_by == "ada"
    assert find(engine, first).retired_because == f"head {second} took its place"


def test_a_head_that_was_judged_against_something_else_than_what_is_in_use_has_to_be_judged_again(
    engine: Engine,
) -> None:
    """To be better than what lost, or than the order by hand, says nothing of what is in use now."""
    first, second = head(engine), head(engine)
    third = head(engine, report={"against": first})
    own = head(engine, platform="mux", account="main")
    ship(engine, first)

    for unproved in (second, own):
        with pytest.raises(HeadRefused, match=f"by hand, and head {first} is in use now: judge it again"):
            ship(engine, unproved)
    roll_back(engine, first)
    with pytest.raises(HeadRefused, match=f"against head {first}, and the order by hand is in use now"):
        ship(engine, third)

    assert used(engine) == []


def test_taking_a_head_back_brings_what_was_there_before_and_then_nothing(engine: Engine) -> None:
    """The order by hand is what remains at last."""
    first = head(engine)
    second = head(engine, report={"against": first})
    ship(engine, first)
    ship(engine, second)

    assert roll_back(engine, second) == first
    assert used(engine) == [first]
    assert find(engine, second).retired_because == "rolled back by bob: it likes only cats"
    assert roll_back(engine, first) is None
    assert used(engine) == []
    with pytest.raises(HeadRefused, match="not in use"):
        roll_back(engine, first)


def test_a_head_that_was_taken_back_itself_does_not_come_again(engine: Engine) -> None:
    """It lost; another one that replaced nothing leaves the order by hand."""
    first, second = head(engine), head(engine)
    ship(engine, first)
    roll_back(engine, first)
    ship(engine, second)

    assert roll_back(engine, second) is None
    assert used(engine) == []


def test_accounts_and_models_have_heads_of_their_own(engine: Engine) -> None:
    """An account without one has that of all."""
    of_all = head(engine)
    own = head(engine, platform="mux", account="main", report={"against": of_all})
    other = head(engine, model="big #1")
    for head_id in (of_all, own, other):
        ship(engine, head_id)

    assert used(engine) == [of_all, own, other]
    with transaction(engine) as session:
        assert _id(heads.used_by(session, videos.SIGHT, "mux", "main")) == own
        assert _id(heads.used_by(session, videos.SIGHT, "mux", "second")) == of_all
        assert heads.used_by(session, "unknown", "mux", "main") is None


def test_a_head_that_is_not_there_is_told(engine: Engine) -> None:
    """With how to find those that are."""
    with pytest.raises(HeadRefused, match=r"no head 7: `python -m worker.learning list`"):
        find(engine, 7)


def test_readiness_says_how_many_of_how_many(engine: Engine) -> None:
    """Of the model that judges now, and without tests that were broken."""
    assets = videos.assets(engine, 5)
    videos.store_frames(engine, assets[:1])
    videos.show_viewers(engine, assets[:3])
    videos.show_viewers(engine, assets[3:4], outcome="broken")
    videos.choose_among(engine, assets[:2])

    with transaction(engine) as session:
        ready = heads.readiness(session)
        nothing = heads.readiness(session, "unknown")

    assert str(ready).startswith("3 of about ")
    assert ", 2 of about " in str(ready)
    assert (nothing.tests, nothing.choices, nothing.is_enough) == (0, 0, False)


def test_readiness_counts_what_a_training_reads(engine: Engine) -> None:
    """Not tests that hardly anybody saw, or of which another model measured a picture; but those that run."""
    assets = videos.assets(engine, 4)
    videos.show_viewers(engine, assets[:2])
    videos.show_viewers(engine, assets[2:3], state="running", outcome=None)
    plays = [[0] * 63 + [29], [0] * 63 + [30]]
    videos.store_trial(engine, assets[3], [[1.0] * 6, [2.0] * 6], [1.0, 2.0], plays)
    with transaction(engine) as session:
        session.execute(
            update(Variant).values(model="other #1").where(Variant.trial_id == 1, Variant.number == 1)
        )
        ready = heads.readiness(session, videos.SIGHT)

    (read,) = Stored(engine, videos.SIGHT).tests()
    assert ready.tests == len(read.videos) == 2


def test_videos_with_more_variants_tell_more() -> None:
    """As measured by the benchmark: nine of ten heads of a strong taste pass with so many."""
    assert [enough_videos(100, 100 * variants) for variants in (2, 3, 4)] == [1_200, 710, 530]
    assert enough_videos(0, 0) == 1_200


def _id(head: Head | None) -> int | None:
    return None if head is None else head.id
