"""A check finds what a judge is worth: its order, its habits, its vetoes, its price."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.learning.readings import as_shown, knowing, looked
from worker.pipeline.judging.verdict import Fault, Say
from worker.weights.training.taste.judge.check import check
from worker.weights.training.taste.judge.check_report import as_document, for_people

if TYPE_CHECKING:
    from tests.support.learning.readings import Read

VIDEOS = 60
NO_FAULT: frozenset[Fault] = frozenset()


def test_a_judge_that_knows_leads() -> None:
    """Nearly every pair, the best frame first, and much better than our score."""
    found = check([looked(seed, knowing(1.0, seed)) for seed in range(VIDEOS)])

    assert found.judge.pairs_right.value > 0.95
    assert found.judge.first_is_best.value > 0.8
    assert found.lead.low > 0.1
    assert found.finding.say is Say.LEAD


def test_a_coin_may_only_leave_out_and_leaves_out_nothing() -> None:
    """Half of its pairs are right, and its readings agree by chance."""
    found = check([looked(seed, knowing(1e6, seed)) for seed in range(VIDEOS)])

    assert found.judge.pairs_right.low < 0.5 < found.judge.pairs_right.high
    assert found.couples.agreement.value == pytest.approx(0.5, abs=0.03)
    assert found.couples.first_shown.low < 0 < found.couples.first_shown.high
    assert found.finding.say is Say.VETO
    assert found.vetoes.place is None


def test_always_the_first_is_ties_and_a_habit() -> None:
    """No pair is read alike from both sides; each goes to what was shown first."""
    found = check([looked(seed, as_shown) for seed in range(VIDEOS)])

    assert found.judge.pairs_right == (0.5, 0.5, 0.5)
    assert found.couples.agreement.value == 0
    assert found.couples.first_shown.value == 1
    assert found.finding.say is Say.VETO


def test_always_the_last_is_the_same_habit_the_other_way_round() -> None:
    """The share is negative."""
    found = check([looked(seed, lambda shown: [*shown[::-1]]) for seed in range(3)])

    assert found.couples.first_shown.value == -1


def test_the_reverse_order_is_not_asked_for() -> None:
    """Also where it comes with vetoes that look useful."""
    backwards = [looked(seed, lambda shown: sorted(shown, reverse=True)) for seed in range(VIDEOS)]

    assert check(backwards).finding.say is Say.NOTHING


def test_whoever_finds_the_best_at_fault_is_not_asked() -> None:
    """However well it orders; the share is that of the editor's best three."""

    def slander(rank: int) -> frozenset[Fault]:
        return frozenset({Fault.EYES_CLOSED}) if rank < 3 else NO_FAULT

    found = check([looked(seed, knowing(0.1, seed), faults=slander) for seed in range(VIDEOS)])

    assert found.vetoes.of_best.value == 1
    assert found.vetoes.of_all.value == pytest.approx(0.3)
    assert found.vetoes.place is not None
    assert found.vetoes.place.value == pytest.approx(1 / 9)
    assert found.finding.say is Say.NOTHING


def test_whoever_obeys_one_picture_and_knows_the_rest_does_not_lead() -> None:
    """Most pairs are right, more than our score has, and the frame that would be shown is any frame."""

    def obeying(seed: int) -> Read:
        return lambda shown: sorted(shown, key=lambda rank: -1 if rank == seed % 10 else rank)

    found = check([looked(seed, obeying(seed), head_error=4.0) for seed in range(VIDEOS)])

    assert found.lead.low > 0
    assert found.judge.first_is_best.value == pytest.approx(0.1)
    assert found.finding.say is Say.VETO


def test_vetoes_of_bad_frames_are_kept_where_the_order_is_worthless() -> None:
    """They show that the judge sees something."""

    def picky(rank: int) -> frozenset[Fault]:
        return frozenset({Fault.TEXT}) if rank > 7 else NO_FAULT

    found = check([looked(seed, knowing(1e6, seed), faults=picky) for seed in range(VIDEOS)])

    assert found.finding.say is Say.VETO
    assert found.vetoes.of_best.value == 0
    text = next(one for one in found.vetoes.faults if one.fault is Fault.TEXT)
    assert text.of_all == text.would_veto == pytest.approx(0.2)


def test_vetoes_by_chance_are_refused_with_an_order_by_chance() -> None:
    """One frame in thirty, as good as any other: it would change picks for nothing."""
    seen = [
        looked(seed, knowing(1e6, seed), faults=lambda rank, seed=seed: _one_of_thirty(rank, seed))
        for seed in range(VIDEOS)
    ]
    found = check(seen)

    assert 0 < found.vetoes.of_best.value <= 0.05
    assert found.finding.say is Say.NOTHING


def test_a_fault_of_most_pictures_is_the_look_of_the_video() -> None:
    """It is counted, and vetoes nothing."""

    def captions(rank: int) -> frozenset[Fault]:
        return frozenset({Fault.TEXT}) if rank < 6 else NO_FAULT

    found = check([looked(seed, knowing(1.0, seed), faults=captions) for seed in range(VIDEOS)])

    text = next(one for one in found.vetoes.faults if one.fault is Fault.TEXT)
    assert (text.of_all, text.would_veto) == (pytest.approx(0.6), 0)
    assert found.finding.say is Say.LEAD


def test_videos_without_a_verdict_are_counted_by_their_reasons() -> None:
    """Too many of them, and even the best judge does not lead."""
    seen = [looked(seed, knowing(1.0, seed)) for seed in range(VIDEOS)]
    silent = [replace(one, verdict=None, result="timeout") for one in seen[:20]]

    found = check([*silent, *seen[20:]])

    assert found.unjudged == {"timeout": 20}
    assert found.judge.videos == 40
    assert found.finding.say is Say.TIES


def test_what_was_not_shown_comes_last() -> None:
    """By our score, as the product has it."""
    seen = looked(0, knowing(0.001))
    assert seen.verdict is not None
    assert seen.verdict.places is not None
    few = replace(
        seen,
        shown=seen.shown[:4],
        verdict=replace(
            seen.verdict, places=seen.verdict.places[:4], descriptions=seen.verdict.descriptions[:4]
        ),
    )

    order = few.scores.argsort()[::-1].tolist()
    hidden = [place for place in few.head.argsort()[::-1].tolist() if place not in few.shown]
    assert set(order[:4]) == set(few.shown)
    assert order[4:] == hidden


def test_price_and_time_are_told() -> None:
    """Requests and tokens on average; the time in the middle, and near the end."""
    price = check([looked(seed, as_shown) for seed in range(101)]).price

    assert (price.requests, price.prompt_tokens, price.answer_tokens) == (7, 9_000, 500)
    assert (price.median_s, price.p95_s) == (50, 95)


def test_people_and_programs_are_told_the_same() -> None:
    """With a warning where our score may know the frames."""
    found = check([looked(seed, knowing(1.0, seed)) for seed in range(30)])
    text = "\n".join(map(str, for_people(found, "eye-8b", may_know=True)[1:]))

    assert "may know these frames" in text
    assert "say: lead" in text
    assert "may know these frames" not in "\n".join(map(str, for_people(found, "x", may_know=False)[1:]))
    document = as_document(found, {"set": "abc"})
    assert document["judge"]["videos"] == 30
    assert document["says"] == found.finding.because
    assert document["couples"]["agreement"]["value"] == found.couples.agreement.value


def _one_of_thirty(rank: int, seed: int) -> frozenset[Fault]:
    return frozenset({Fault.HEAD_CUT}) if (seed + rank) % 30 == 0 else NO_FAULT
