"""A head learns what makes viewers play, within each video; with nothing to learn from it says nothing."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.audience.planted_taste import PlantedTaste
from tests.support.learning.turned_account import WithTurnedAccount
from worker.errors import NothingToLearn
from worker.learning.training import policy
from worker.learning.training.learn import LEAST_OF_ACCOUNT, learn


def audience(videos: int = 600, **values: Any) -> PlantedTaste:
    """Return viewers with a strong taste."""
    return PlantedTaste(np.random.default_rng(5), videos, **values)


def likeness(direction: np.ndarray, known: PlantedTaste) -> float:
    """Correlate what a head gives with what pictures are worth, on videos that it has not seen."""
    fresh, worth = known.fresh(1_000)
    given = policy.points(direction, fresh.centred(fresh.embeddings))
    return float(np.corrcoef(given, fresh.centred(worth))[0, 1])


def test_the_same_data_give_the_same_bytes() -> None:
    """So that anybody can check what a head was learned from."""
    known = audience()
    first = learn(known)
    second = learn(known, basis=first.basis)

    assert first.packed() == second.packed()
    assert first.summary() == second.summary()


def test_what_is_stored_can_be_read_without_pickles() -> None:
    """A row of a database must not run code."""
    learned = learn(audience())

    with np.load(io.BytesIO(learned.packed()), allow_pickle=False) as arrays:
        assert np.array_equal(arrays["direction"], learned.direction)
    assert learned.direction.dtype == np.float32


def test_no_tests_and_no_choices_make_a_head_that_changes_nothing() -> None:
    """Without data the order by hand stays."""
    assert not learn(audience(videos=0)).direction.any()


def test_without_frames_nothing_can_be_learned() -> None:
    """The directions come from frames, so somebody has to be told."""
    known = audience()
    known.frames = lambda: iter(())  # type: ignore[method-assign]

    with pytest.raises(NothingToLearn, match="let it look at videos first"):
        learn(known)


def test_a_planted_taste_is_found() -> None:
    """What the head gives goes with what pictures are worth."""
    known = audience()

    assert likeness(learn(known).direction, known) > 0.5


def test_titles_and_seasons_teach_nothing() -> None:
    """A video that everybody plays says nothing about its frames: only differences within it count."""
    known = audience()
    (tests,) = known.tests()
    popular = np.where(tests.videos % 2, 5.0, 1.0)[tests.groups]
    known._tests = tests._replace(impressions=tests.impressions * popular, plays=tests.plays * popular)  # noqa: SLF001

    assert likeness(learn(known).direction, known) > 0.5


def test_what_people_choose_teaches_too() -> None:
    """Most sites have choices long before they have tests."""
    known = audience(videos=0, judged=1_500, people_rho=0.7)

    learned = learn(known)

    assert likeness(learned.direction, known) > 0.4
    assert learned.summary()["choices"] > 1_000


def test_only_what_is_older_than_asked_is_learned_from() -> None:
    """The gate trains on the older part, and judges on the newer one."""
    known = audience()
    (tests,) = known.tests()

    learned = learn(known, before_s=float(tests.at_s[100]))

    assert learned.summary()["tests"] == 100
    assert learned.collected.videos == set(range(100))


def test_an_account_differs_from_all_only_from_400_videos_on() -> None:
    """With fewer, what it would learn is chance."""
    known = audience(1_000)

    few = learn(WithTurnedAccount(known, LEAST_OF_ACCOUNT - 1), "mux/own")
    enough = learn(WithTurnedAccount(known, LEAST_OF_ACCOUNT), "mux/own")

    assert np.array_equal(
        few.direction, learn(WithTurnedAccount(known, LEAST_OF_ACCOUNT - 1), basis=few.basis).direction
    )
    assert likeness(few.direction, known) > 0.4
    assert likeness(enough.direction, known) < likeness(few.direction, known) - 0.2


def test_a_head_gives_or_takes_one_point_at_most() -> None:
    """However long its direction is."""
    given = policy.points(np.full(4, 1e6), np.eye(4) - 0.5)

    assert set(given.tolist()) <= {-1.0, 1.0}


def test_a_frame_that_is_far_below_the_best_never_comes_first() -> None:
    """Not even where a head likes nothing else."""
    hand = np.array([5.0, 4.1, 3.9])

    assert policy.first(hand, np.array([-1.0, 1.0, 1.0])) == 1
    assert policy.first(hand, np.array([0.0, 0.0, 1.0])) == 0
