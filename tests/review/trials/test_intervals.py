"""How much better one picture is: a bar on a scale, and a sentence that says the same."""

from __future__ import annotations

import itertools

import pytest

from worker.review.trials.intervals import LiftInterval, read_intervals, scale_of


def pair(a: int, b: int, lift: float, low: float, high: float) -> dict[str, float]:
    """Return a pair as a look has it."""
    return {"a": a, "b": b, "lift": lift, "low": low, "high": high, "evidence": 3.0, "needed": 20.0}


def test_each_two_pictures_are_compared_once_from_the_side_of_the_better_one() -> None:
    """A look has both directions; one that has only the worse one is turned round."""
    both = [pair(0, 1, -0.2, -0.5, -0.1), pair(1, 0, 0.25, 0.11, 1.0)]

    for told in (both, both[::-1], both[:1]):
        (one,) = read_intervals(told)
        assert (one.a, one.b) == (1, 0)
        assert (one.lift, one.low, one.high) == pytest.approx((0.25, 0.111, 1.0), abs=0.002)


def test_a_pair_without_numbers_is_not_shown() -> None:
    """Before enough was counted there is no interval."""
    assert read_intervals([{**pair(1, 0, 0.1, 0.0, 0.0), "low": None}]) == []


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.06, 0.31, "The second picture is better than the first by 18 %: surely between +6.0 % and +31 %."),
        (-0.04, 0.45, "The second picture may be better than the first, or worse: the difference is between"),
        (-0.03, 0.04, "The second picture and the first are alike: the difference is surely between -3.0 %"),
        (-0.5, -0.1, "The second picture is worse than the first by 18 %: surely between -50 % and -10 %."),
    ],
)
def test_the_sentence_claims_no_more_than_the_interval(low: float, high: float, says: str) -> None:
    """Better only where all of it lies above none."""
    one = LiftInterval(1, 0, 0.18, low, high)

    assert one.said.replace("\N{NO-BREAK SPACE}", " ").startswith(says.replace(" -", " \N{MINUS SIGN}"))


def test_half_as_good_is_as_far_from_the_middle_as_twice_as_good() -> None:
    """And what has no room stands at the edge."""
    scale = scale_of([LiftInterval(1, 0, 0.2, -0.4, 0.9)])

    assert scale.at(0.0) == 50
    assert scale.at(0.5) - 50 == pytest.approx(50 - scale.at(-1 / 3), abs=0.02)
    assert (scale.at(-1.0), scale.at(50.0)) == (0, 100)
    assert scale_of([]).at(0.2) < 100


@pytest.mark.parametrize("high", [0.02, 0.3, 0.9, 3.0])
def test_the_words_of_the_scale_do_not_cover_each_other(high: float) -> None:
    """On a phone, too."""
    places = [tick.at for tick in scale_of([LiftInterval(1, 0, 0.01, -0.01, high)]).ticks]

    assert all(right - left >= 14 for left, right in itertools.pairwise(places))
    assert 50 in places
