"""What is said of a test: by rules in a fixed order, in sentences that an editor understands."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.trials.bucket_counts import counted
from worker.database.states import TrialMetric, TrialOutcome
from worker.trials.judging import judge
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from worker.trials.verdict import TrialVerdict


def _pair(verdict: TrialVerdict, a: int, b: int) -> dict[str, Any]:
    return next(pair for pair in verdict.numbers["pairs"] if (pair["a"], pair["b"]) == (a, b))


def test_a_better_picture_wins_with_its_lift_and_how_sure_that_is() -> None:
    """In whole per cents."""
    verdict = judge(counted([0.1, 0.12]))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 1)
    assert verdict.said == "the second picture is better: +20 % plays, surely between +13 % and +27 %"
    pair = _pair(verdict, 1, 0)
    assert pair["lift"] == pytest.approx(0.2)
    assert pair["low"] < 0.2 < pair["high"]
    assert pair["evidence"] >= pair["needed"] == pytest.approx(20)
    assert [variant["is_out"] for variant in verdict.numbers["variants"]] == [True, False]
    json.dumps(verdict.numbers, allow_nan=False)


def test_a_winner_of_three_is_better_than_all_others() -> None:
    """Its lift is that over the next best."""
    verdict = judge(counted([0.1, 0.12, 0.15], impressions=1000))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 2)
    assert verdict.said.startswith(
        "the third picture is better than all others: +24 % plays than the next best"
    )
    assert _pair(verdict, 2, 1)["needed"] == pytest.approx(40)


def test_it_counts_until_each_picture_has_100_plays() -> None:
    """Whatever the others have."""
    verdict = judge(counted([0.1, 0.05], impressions=20, spread=0))
    assert verdict.outcome is None
    assert verdict.said == "counting: 64 of 100 plays for the second picture"
    assert verdict.numbers["pairs"] == []
    assert verdict.evidence == {"maxima": {}}


def test_it_does_not_judge_before_a_whole_week() -> None:
    """Evidence is gathered from the first day, and nobody is out."""
    verdict = judge(counted([0.1, 0.15], days=6.9))
    assert verdict.outcome is None
    assert verdict.said == "counting: 6 of 7 days, as what people watch follows the week"
    assert verdict.evidence["maxima"]["1>0"] > math.log(20)
    assert not any(variant["is_out"] for variant in verdict.numbers["variants"])
    assert judge(counted([0.1, 0.15], days=7)).outcome is TrialOutcome.WINNER


def test_the_week_begins_when_the_pictures_are_first_seen() -> None:
    """A page may get the snippet weeks after the test began; then a day or two are no week."""
    late = judge(counted([0.1, 0.15], days=20, unseen_days=18))
    assert (late.outcome, late.said) == (
        None,
        "counting: 2 of 7 days, as what people watch follows the week",
    )
    assert late.numbers["days"] == 2
    assert judge(counted([0.1, 0.15], days=20, unseen_days=13)).outcome is TrialOutcome.WINNER
    out_of_time = judge(counted([0.1, 0.15], days=28, unseen_days=25))
    assert (out_of_time.outcome, out_of_time.winner) == (TrialOutcome.UNDECIDED, None)


def test_evidence_of_an_earlier_look_counts_while_the_picture_is_ahead() -> None:
    """As it was valid then; a sentence says so where today's interval alone would not do."""
    before = {"maxima": {"1>0": 4.0}}
    verdict = judge(counted([0.1, 0.102], spread=0.3, evidence=before))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 1)
    assert verdict.said.endswith("% plays by now; the proof was complete at an earlier look")
    assert verdict.evidence["maxima"]["1>0"] == 4.0
    assert judge(counted([0.1, 0.098], spread=0.3, evidence=before)).outcome is None


def test_a_picture_that_only_lures_does_not_win() -> None:
    """More plays, and less watched: a guard, before anybody is called the winner."""
    lures = counted([0.1, 0.12], watch_s=[60, 40])
    verdict = judge(lures)
    assert verdict.outcome is None
    assert verdict.said == "the second picture gets +20 % plays, but is watched less (-20 % watch time)"
    assert not any(variant["is_out"] for variant in verdict.numbers["variants"])
    ended = judge(counted([0.1, 0.12], watch_s=[60, 40], days=28))
    assert (ended.outcome, ended.winner) == (TrialOutcome.UNDECIDED, None)
    assert judge(counted([0.1, 0.12], watch_s=[60, 0])).outcome is None


def test_a_picture_that_is_only_new_does_not_win() -> None:
    """It has to be ahead in both halves of the days."""
    verdict = judge(counted([0.1, 0.12], newer_rates=[0.1, 0.099]))
    assert verdict.outcome is None
    assert verdict.said == "the second picture gets +20 % plays, but was not ahead in both halves of the days"


def test_what_is_watched_can_be_what_is_compared() -> None:
    """By the same rules, with seconds."""
    watched = counted([0.1, 0.1], watch_s=[50, 60], metric=TrialMetric.WATCH)
    verdict = judge(watched)
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 1)
    assert verdict.said == "the second picture is better: +20 % watch time, surely between +13 % and +27 %"
    assert verdict.numbers["need"]["impressions"] > 0


def test_a_picture_that_is_worse_than_another_is_out_while_the_test_goes_on() -> None:
    """It stays in the draw."""
    verdict = judge(counted([0.12, 0.121, 0.1]))
    assert verdict.outcome is None
    assert verdict.said.startswith(
        "not proved yet: the second picture is ahead, +1 % plays, surely between -"
    )
    assert verdict.said.endswith("; the third picture is out")
    assert [variant["is_out"] for variant in verdict.numbers["variants"]] == [False, False, True]
    both_out = judge(counted([0.12, 0.121, 0.1, 0.1]))
    assert both_out.said.endswith("; the third and the fourth pictures are out")


def test_pictures_that_are_surely_within_5_per_cent_are_alike() -> None:
    """Nobody has to choose."""
    verdict = judge(counted([0.1, 0.1], impressions=4000, spread=0.05))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.ALIKE, None)
    assert verdict.said == "the pictures are alike: surely less than 5 % apart, so take whichever you like"
    assert judge(counted([0.1, 0.1], spread=0.2)).outcome is None


def test_at_the_end_a_picture_that_is_probably_better_is_preferred() -> None:
    """Which is not called proved."""
    verdict = judge(counted([0.1, 0.11], days=28, spread=0.25, impressions=200))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.PREFERRED, 1)
    assert verdict.said.startswith(
        "the second picture is probably better, which is not proved: +10 % plays, "
    )
    assert verdict.numbers["variants"][1]["p_best"] >= 0.9
    little = judge(counted([0.1, 0.104], days=28, spread=0.25, impressions=200))
    assert little.numbers["variants"][1]["p_best"] < 0.9
    assert little.outcome is TrialOutcome.UNDECIDED
    lures = judge(counted([0.1, 0.11], days=28, spread=0.25, impressions=200, watch_s=[90, 40]))
    assert lures.outcome is TrialOutcome.UNDECIDED
    fades = judge(counted([0.1, 0.11], days=28, spread=0.25, impressions=200, newer_rates=[0.1, 0.09]))
    assert fades.outcome is TrialOutcome.UNDECIDED


def test_at_the_end_of_a_test_without_an_answer_the_need_is_said_in_numbers() -> None:
    """With the days at the pace so far."""
    verdict = judge(counted([0.05, 0.05], days=28, impressions=100))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.UNDECIDED, None)
    assert verdict.said == (
        "it cannot be told: 12,800 impressions; telling 20 % apart needs about 65,000. "
        "At 457 a day that is 143 days"
    )
    assert verdict.numbers["need"] == {"impressions": pytest.approx(65_000, rel=0.02), "days": 143}
    nothing = judge(counted([0.0, 0.0], days=28, impressions=0))
    assert nothing.said == "it cannot be told: 0 of 100 plays for the first picture"


def test_pictures_that_were_not_shown_as_drawn_break_the_test_before_any_winner() -> None:
    """With the shares, in as many digits as they need to differ."""
    flooded = {place: Sums(480, 70, 70, 4200.0, 1.0) for place in range(64, 128)}
    verdict = judge(counted([0.1, 0.12], changed=flooded))
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.BROKEN, None)
    assert verdict.said == (
        "the pictures were not shown as drawn: a cache? the second picture got 55 % of the impressions "
        "instead of 50 %"
    )
    assert verdict.numbers["imbalance"]["is_alarm"]


def test_a_flooded_bucket_is_left_out_and_the_rest_is_judged() -> None:
    """Together with one of each other variant, and told."""
    verdict = judge(counted([0.1, 0.12], changed={70: Sums(400 * 51, 0)}))
    assert verdict.numbers["left_out"] == 2
    assert (verdict.outcome, verdict.winner) == (TrialOutcome.WINNER, 1)
    assert verdict.numbers["variants"][1]["impressions"] == 63 * 400


def test_few_groups_of_viewers_prove_nothing() -> None:
    """A server that counts all in one or two buckets hides how much viewers differ."""
    few = {place: Sums() for place in range(128) if place % 64 > 4}
    verdict = judge(counted([0.1, 0.2], changed=few, impressions=4000))
    assert (verdict.outcome, verdict.said) == (
        None,
        "counting: viewers of 5 of 20 groups for the first picture",
    )


def test_counts_that_cannot_be_are_named_or_refused() -> None:
    """More plays than impressions are somebody's mistake; less than nothing is ours."""
    verdict = judge(counted([0.1, 1.2], spread=0))
    assert verdict.said == (
        "counting: the second picture has more plays than impressions; check that each impression is sent"
    )
    with pytest.raises(ValueError, match="correct what was counted"):
        judge(counted([0.1, 0.1], changed={3: Sums(-1, 0)}))


def test_pictures_that_are_level_are_not_called_ahead() -> None:
    """By nothing."""
    verdict = judge(counted([0.1, 0.1], spread=0.2))
    assert verdict.said.startswith("not proved yet: no picture is ahead, the plays are surely between -")


def test_a_verdict_takes_about_a_millisecond() -> None:
    """A turn of the dispatcher looks at many tests."""
    test = counted([0.1, 0.11, 0.12, 0.1], days=20)
    began_s = time.process_time()
    for _ in range(50):
        judge(test)
    assert (time.process_time() - began_s) / 50 < 0.02  # of a crowded machine; 0.001 of an idle one
