"""A judge decides as much as it was measured to be worth, and no more."""

from __future__ import annotations

import pytest

from worker.pipeline.judging.verdict import Say
from worker.weights.training.taste.judge.worth import Worth, say_of
from worker.weights.training.taste.measures import Estimate

SURELY_BETTER = Estimate(0.15, 0.12, 0.18)
PERHAPS_BETTER = Estimate(0.02, -0.01, 0.05)
WORSE = Estimate(-0.2, -0.23, -0.17)
GOOD_ORDER, COIN, UPSIDE_DOWN = (
    Estimate(0.86, 0.84, 0.88),
    Estimate(0.5, 0.47, 0.53),
    Estimate(0.1, 0.08, 0.12),
)
BETTER_FIRST, WORSE_FIRST = Estimate(0.7, 0.6, 0.8), Estimate(0.3, 0.2, 0.4)
BAD_FRAMES, ANY_FRAMES = Estimate(0.8, 0.7, 0.9), Estimate(0.55, 0.45, 0.65)


def worth(
    *,
    videos: int = 100,
    unjudged: int = 0,
    pairs_right: Estimate = GOOD_ORDER,
    lead: Estimate = SURELY_BETTER,
    first_wins: Estimate = BETTER_FIRST,
    best_vetoed: float = 0.0,
    vetoed_place: Estimate | None = None,
) -> Worth:
    """Make what was measured of a judge, a very good one by default."""
    return Worth(videos, unjudged, pairs_right, lead, first_wins, best_vetoed, vetoed_place)


def test_who_orders_surely_better_leads() -> None:
    """The whole interval of its lead in pairs lies above 0."""
    assert say_of(worth()).say is Say.LEAD


def test_who_is_better_by_luck_perhaps_decides_near_ties() -> None:
    """The interval of its lead holds 0."""
    found = say_of(worth(lead=PERHAPS_BETTER))

    assert found.say is Say.TIES
    assert "not surely" in found.because


@pytest.mark.parametrize("lead", [SURELY_BETTER, Estimate(0.0, -0.2, 0.2)])
def test_few_videos_are_too_few_to_lead(lead: Estimate) -> None:
    """And who does as well as our score on them keeps what an unmeasured judge has."""
    found = say_of(worth(videos=19, lead=lead))

    assert found.say is Say.TIES
    assert "on 19 videos" in found.because


def test_who_orders_no_better_may_only_leave_out() -> None:
    """On enough videos, also who is exactly as good as our score."""
    assert say_of(worth(pairs_right=COIN, lead=WORSE)).say is Say.VETO
    assert say_of(worth(lead=Estimate(0.0, 0.0, 0.0))).say is Say.VETO


def test_who_shows_worse_frames_first_does_not_lead() -> None:
    """Words in a picture may put it in front, while all others are in the right order."""
    found = say_of(worth(first_wins=WORSE_FIRST))

    assert found.say is Say.VETO
    assert "its first frame is the better one in 30%" in found.because


def test_who_takes_the_best_frames_away_is_not_asked() -> None:
    """However well it orders; a few of them may be at fault."""
    assert say_of(worth(best_vetoed=0.05, vetoed_place=BAD_FRAMES)).say is Say.LEAD
    assert say_of(worth(best_vetoed=0.051, vetoed_place=BAD_FRAMES)).say is Say.NOTHING


def test_who_orders_no_better_has_to_leave_out_surely_bad_frames() -> None:
    """Else its vetoes would be chance, as its order is."""
    assert say_of(worth(lead=WORSE, best_vetoed=0.03, vetoed_place=BAD_FRAMES)).say is Say.VETO
    assert say_of(worth(lead=WORSE, best_vetoed=0.03, vetoed_place=ANY_FRAMES)).say is Say.NOTHING


def test_an_order_upside_down_is_not_asked_for() -> None:
    """Whoever knows the order and says its reverse is no friend; a coin is not yet one."""
    assert say_of(worth(pairs_right=UPSIDE_DOWN, lead=WORSE, first_wins=WORSE_FIRST)).say is Say.NOTHING
    assert say_of(worth(pairs_right=COIN, lead=WORSE, first_wins=WORSE_FIRST)).say is Say.VETO


def test_a_coin_does_not_lead_a_score_that_is_worse() -> None:
    """Ours may be upside down on somebody's set; that makes no judge of a coin."""
    found = say_of(worth(pairs_right=COIN))

    assert found.say is Say.VETO
    assert "no better than a coin" in found.because


def test_who_is_often_silent_does_not_lead() -> None:
    """More than a fifth of the videos without a verdict."""
    assert say_of(worth(videos=80, unjudged=20)).say is Say.LEAD
    found = say_of(worth(videos=79, unjudged=21))

    assert found.say is Say.TIES
    assert "no verdict on 21% of the videos" in found.because
