"""The evidence of pairs of days: exact by the coin alone, and what it says in known cases."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from worker.trials.statistics import switchback
from worker.trials.statistics.switchback import Evidence, evidence_path, interval, line, strongest


def by_the_formula(differences: list[float]) -> list[tuple[float, float]]:
    """E+ and E- as the method is written down, term by term."""
    found = []
    for upto in range(1, len(differences) + 1):
        sides = []
        for sign in (1, -1):
            products = []
            for bet in (0.5, 1, 2, 4):
                product = 1.0
                for pair, difference in enumerate(differences[:upto]):
                    earlier = differences[:pair]
                    usual = math.sqrt(sum(one**2 for one in earlier) / pair) if pair >= 2 else 0.3
                    x = sign * bet * difference / max(usual, 0.02)
                    product *= 2 * math.exp(x) / (math.exp(x) + math.exp(-x))
                products.append(product)
            sides.append(sum(products) / 4)
        found.append((sides[0], sides[1]))
    return found


def test_the_evidence_is_that_of_the_method() -> None:
    """Against a second writing of the formula."""
    rng = random.Random(5)  # noqa: S311 - no secret
    differences = [rng.gauss(0.1, 0.3) for _ in range(20)]

    told = [tuple(math.exp(side) for side in step) for step in evidence_path(differences)]
    assert told == [pytest.approx(step) for step in by_the_formula(differences)]


def test_no_coin_wins_on_average() -> None:
    """Over all signs of seven differences, the mean evidence is 1, whatever their sizes are."""
    sizes = [0.05, 3.0, 0.2, 0.0, 0.7, 0.01, 0.4]
    ends = [
        list(evidence_path([size * sign for size, sign in zip(sizes, signs, strict=True)]))[-1]
        for signs in itertools.product((1, -1), repeat=len(sizes))
    ]

    for side in zip(*ends, strict=True):
        assert math.fsum(math.exp(one) for one in side) / len(side) == pytest.approx(1.0)


def test_huge_differences_are_no_error() -> None:
    """A day with no view beside one with a million."""
    assert all(math.isfinite(side) for step in evidence_path([14.0, -14.0, 1e3] * 9) for side in step)


def test_the_line_is_split_over_the_pictures() -> None:
    """Both signs, and as many pairs as fit beside each other."""
    assert [math.exp(line(0.05, variants)) for variants in (2, 3, 4)] == pytest.approx([40, 80, 80])


def test_nothing_is_proved_before_the_seventh_pair() -> None:
    """Two weeks hold the rhythm of a week twice."""
    clear = [1.0] * 7

    assert strongest(clear[:6]) == Evidence(0.0, 0.0)
    assert strongest(clear).for_first > line(0.05, 2)
    assert strongest([-one for one in clear]).for_second > line(0.05, 2)


def test_what_was_proved_once_stays_proved() -> None:
    """Later days do not take it back: that is what makes looking at any time allowed."""
    assert strongest([1.0] * 10 + [-1.0] * 10).for_first > line(0.05, 2)


def test_the_interval_holds_the_effect_and_narrows() -> None:
    """It is the effects that the pairs do not contradict; few pairs contradict none."""
    rng = random.Random(2)  # noqa: S311 - no secret
    differences = [rng.gauss(0.3, 0.1) for _ in range(40)]
    few, many = interval(differences[:3], line(0.05, 2)), interval(differences, line(0.05, 2))

    assert few == (-switchback.WIDEST, switchback.WIDEST)
    assert 0.15 < many[0] < 0.3 < many[1] < 0.4


def test_noise_is_measured_within_blocks() -> None:
    """Neither the level of a block, nor an effect of the pictures, is noise."""
    rng = random.Random(7)  # noqa: S311 - no secret
    blocks = [
        [level + effect + rng.gauss(0, 0.2) for effect in (0.0, 0.5, -0.5)]
        for level in (rng.gauss(0, 5) for _ in range(400))
    ]

    assert switchback.noise(blocks) == pytest.approx(0.2, rel=0.08)


def test_chances_are_shares_and_follow_the_days() -> None:
    """Equal pictures have equal ones; a prior of small effects keeps two odd days from deciding."""
    equal = switchback.chances([[0.1, 0.0], [0.0, 0.1]] * 4, 0.2)
    better = switchback.chances([[0.3, 0.0], [0.2, 0.1]] * 4, 0.2)
    odd = switchback.chances([[2.0, 0.0], [0.0, 1.0]], 0.2)

    assert equal == pytest.approx([0.5, 0.5])
    assert sum(better) == pytest.approx(1.0)
    assert better[0] > 0.95
    assert 0.5 < odd[0] < 0.7
