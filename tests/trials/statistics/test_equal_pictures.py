"""Tests of equal pictures seldom have a winner, however often one looks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.audience.rules import Decided, decide
from tests.benchmarks.audience.viewers import ViewerModel


@pytest.fixture(scope="module")
def decided() -> Decided:
    """Run 100 tests of viewers who differ, looked at 100 times."""
    audience = ViewerModel(0.3, (1.0, 1.0), 8_000, 100)
    return decide(audience, 100, np.random.default_rng(11), is_controlled=True)


def test_the_evidence_crowns_a_false_winner_in_at_most_one_of_twenty(decided: Decided) -> None:
    """However often one looks."""
    assert len(decided.winners) <= 5


def test_a_z_test_and_a_high_chance_crown_one_in_a_third_or_more(decided: Decided) -> None:
    """The same tests by the rules of most tools: were they ours, the test above would fail."""
    assert len(decided.by_z) >= 25
    assert len(decided.by_chance) >= 40
