"""What is learned is judged by the rules of the picker, on the two to four pictures of a test."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import heads
from worker.learning.training import examples, policy
from worker.pipeline.scoring.learned_head import add_learned

VIDEOS = 40


@pytest.mark.parametrize("strength", [0.01, 0.3, 1.0, 10.0])
@pytest.mark.parametrize("spread", [0.1, 0.5, 2.0])
def test_a_test_is_judged_as_the_picker_would_have_picked(spread: float, strength: float) -> None:
    """Where defects and text tell no two frames apart, for weak heads and for strong ones."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(2, 5, VIDEOS)
    starts = np.append(0, np.cumsum(sizes)[:-1])
    hand = rng.normal(scale=spread, size=sizes.sum())
    embeddings = rng.normal(size=(sizes.sum(), 4)).astype(np.float32)
    direction = (strength * rng.normal(size=4)).astype(np.float32)
    names, none = np.array(["mux/main"] * VIDEOS), np.zeros(len(hand))
    videos = (np.zeros(VIDEOS), np.arange(VIDEOS), names, starts)
    tests = examples.Tests(*videos, embeddings, hand, none, none, none)

    points = policy.points(direction, tests.centred(embeddings.astype(np.float64)))
    judged = policy.pick(tests, points) - starts

    for first, size, shown in zip(starts, sizes, judged, strict=True):
        rows = slice(first, first + size)
        film = [heads.frame(*one) for one in zip(hand[rows].tolist(), embeddings[rows], strict=True)]
        scores = [one.score for one in add_learned(film, heads.head(direction))]
        assert shown == policy.first(hand[rows], points[rows]) == int(np.argmax(scores))


def test_what_stands_on_the_floor_keeps_the_order_by_hand() -> None:
    """As for the picker: a head that dislikes both frames most of all decides nothing between them."""
    hand, points = np.array([2.0, 1.502]), np.array([-1.0, -0.5])
    picked = np.argmax([1.0 + 0.01 * 1.0, 1.0 + 0.01 * 0.502])

    assert policy.first(hand, points) == picked == 0
