"""Which frames of a video are put in order."""

from __future__ import annotations

import numpy as np
import pytest

from worker.weights.training.taste.judge.teaching.varied import varied

SCENES = np.eye(8, dtype=np.float32)


def test_most_frames_are_far_from_one_another() -> None:
    """Of eight scenes, of which one fills most of the video, seven at least are shown."""
    scenes = [*[0] * 20, 1, 2, 3, 4, 5, 6, 7]
    chosen = varied(SCENES[scenes], np.arange(27.0).tolist(), np.random.default_rng(0))

    assert len(chosen) == len(set(chosen)) == 10
    assert len({scenes[index] for index in chosen}) >= 7


def test_of_a_single_take_moments_far_apart_are_shown() -> None:
    """Time counts as looks do."""
    chosen = varied(np.ones((100, 1), np.float32), np.arange(100.0).tolist(), np.random.default_rng(0))

    gaps_s = np.diff(np.sort(chosen))
    assert min(chosen) < 10
    assert max(chosen) >= 90
    assert gaps_s.max() < 30


def test_the_order_is_drawn_and_draws_are_repeatable() -> None:
    """Whoever orders the frames must not learn from their letters which were chosen first."""
    embeddings, times_s = SCENES[[0, 1, 2, 3, 4, 5, 6, 7] * 3], np.arange(24.0).tolist()

    drawn = [varied(embeddings, times_s, np.random.default_rng(seed)) for seed in range(20)]

    assert drawn[3] == varied(embeddings, times_s, np.random.default_rng(3))
    assert len({chosen[0] for chosen in drawn}) > 5


@pytest.mark.parametrize("count", [1, 4, 7, 9])
def test_of_few_frames_all_are_shown(count: int) -> None:
    """A short video has no more."""
    chosen = varied(SCENES[[0] * count], np.arange(float(count)).tolist(), np.random.default_rng(0))

    assert sorted(chosen) == list(range(count))
