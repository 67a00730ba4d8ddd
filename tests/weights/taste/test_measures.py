"""Figures that a person could count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from worker.weights.training.taste.measures import VideoMeasures, figures, first_wins, lead, measure

TEN = np.arange(10)


def test_scores_in_the_editors_order_are_perfect() -> None:
    """All 45 pairs, and the best comes first."""
    measured = measure(TEN, -TEN.astype(float))

    assert measured == (45, 45, 1, 1, 0)


def test_scores_in_the_reverse_order_are_all_wrong() -> None:
    """No pair, and the worst comes first."""
    assert measure(TEN, TEN.astype(float)) == (0, 45, 0, 0, 1)


def test_one_swap_costs_one_pair() -> None:
    """The second best comes first: not the best, but among the best three."""
    scores = -TEN.astype(float)
    scores[[0, 1]] = scores[[1, 0]]

    assert measure(TEN, scores) == (44, 45, 0, 1, 0)


def test_equal_scores_are_a_coin_toss() -> None:
    """Half of each pair, and each frame is first with the same chance."""
    measured = measure(TEN, np.zeros(10))

    assert measured == pytest.approx((22.5, 45, 0.1, 0.3, 0.3))


def test_frames_that_are_alike_make_no_pair() -> None:
    """And picking any of the best is right."""
    measured = measure(np.array([0, 0, 1]), np.array([1.0, 2.0, 0.0]))

    assert (measured.right, measured.pairs, measured.first_is_best) == (2, 2, 1)


def test_frames_that_are_alike_share_their_places() -> None:
    """Four frames behind the best share places 2 to 5, of which two are among the best three."""
    ranks = np.array([0, 1, 1, 1, 1, 2, 3, 4])

    measured = measure(ranks, np.array([0.0, 9, 0, 0, 0, 0, 0, 0]))

    assert measured.first_in_best == 0.5
    assert measured.first_in_worst == 0


def test_of_three_frames_one_is_among_the_best() -> None:
    """Where three places would be all there are, the measure would say nothing."""
    assert measure(np.array([0, 1, 2]), np.array([1.0, 2.0, 0.0])).first_in_best == 0


def test_pairs_are_counted_over_all_videos() -> None:
    """A video with more pairs counts for more; the interval lies around the share."""
    right, wrong = measure(TEN, -TEN.astype(float)), measure(np.array([0, 1]), np.array([0.0, 1.0]))

    found = figures([right, wrong] * 20)

    assert found.videos == 40
    assert found.pairs_right.value == pytest.approx(45 / 46)
    assert found.first_is_best.value == 0.5
    assert 0.3 < found.first_is_best.low < 0.45
    assert 0.55 < found.first_is_best.high < 0.7


def test_a_lead_is_sure_where_it_is_the_same_everywhere() -> None:
    """Though each of the two varies from video to video, they vary together."""
    ours = [VideoMeasures(right, 45, 1, 1, 0) for right in (45, 30, 20) * 10]
    theirs = [VideoMeasures(right - 9, 45, 1, 1, 0) for right in (45, 30, 20) * 10]

    assert lead(ours, theirs) == pytest.approx((0.2, 0.2, 0.2))


def test_first_picks_meet_each_other() -> None:
    """Won, drawn and lost: half of the videos."""
    ranks = [np.array([0, 1, 1])] * 3
    best, middle, last = np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])

    found = first_wins(ranks, [best, middle, last], [middle, last, best])

    assert found.value == 0.5
