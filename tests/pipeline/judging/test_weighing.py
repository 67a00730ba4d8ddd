"""A judge's order counts as far as the judge may decide, and not a hair farther."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.heads import film, frame, head, mad_head
from tests.support.judge_server.scripted_judges import shares, verdict
from worker.pipeline.frames import JUDGED, LEARNED, Scored
from worker.pipeline.judging.verdict import Description, Fault, Say
from worker.pipeline.judging.weighing import NEAR_TIE, is_led, is_near_tie, weigh
from worker.pipeline.scoring.learned_head import add_learned
from worker.pipeline.selection.diversity import pick_diverse

ROUNDING = 1e-9
SEEDS = st.integers(0, 2**32 - 1)


def line(*scores: float) -> list[Scored]:
    """Return frames of as many scenes, far from each other."""
    vectors = np.eye(len(scores))
    return [frame(score, vectors[n], time_s=20.0 * n) for n, score in enumerate(scores)]


def in_order(video: list[Scored]) -> list[int]:
    """Return the indexes of frames, the best first."""
    return sorted(range(len(video)), key=lambda index: -video[index].score)


class TestWhoLeads:
    """A judge that was measured to be clearly better than the score."""

    VIDEO = line(9.0, 6.0, 3.0, 2.0, -4.0)

    def test_puts_its_best_first_whatever_it_scored(self) -> None:
        """And the others in its order; what it was not shown comes after all of them."""
        moved = weigh(self.VIDEO, [0, 2, 3], (), verdict(Say.LEAD, [0.0, 0.5, 1.0]))

        assert in_order(moved) == [3, 2, 0, 1, 4]
        assert pick_diverse(moved, 1)[0] == [3]

    def test_leaves_ties_to_the_score_with_the_learned_head(self) -> None:
        """Which viewers decided; the judge's own order stays."""
        learned = add_learned(line(2.0, 2.2, 1.9, 0.0), head([1.0, 0.0, 0.0, 0.0]))
        moved = weigh(learned, [0, 1, 2], (), verdict(Say.LEAD, [0.25, 0.25, 1.0]))

        assert learned[0].score > learned[1].score
        assert in_order(moved) == [2, 0, 1, 3]

    def test_nobody_has_a_part_of_the_learned_head(self) -> None:
        """Scores of two kinds in one video would tell nothing."""
        learned = add_learned(line(2.0, 2.2, 1.9, 1.8), head([1.0, 0.0, 0.0, 0.0]))
        moved = weigh(learned, [0, 1], (), verdict(Say.LEAD, [0.0, 1.0]))

        assert any(LEARNED in one.parts for one in learned)
        assert not any(LEARNED in one.parts for one in moved)
        assert is_led(moved, verdict(Say.LEAD, [0.0, 1.0]))

    def test_gives_nothing_to_what_it_finds_at_fault(self) -> None:
        """The rest is in its order all the same."""
        moved = weigh(self.VIDEO, [0, 1, 2], {2}, verdict(Say.LEAD, [0.0, 0.5, 1.0]))

        assert moved[1].score > moved[0].score > moved[3].score
        assert JUDGED not in moved[2].parts

    @pytest.mark.parametrize("places", [[0.5, 0.5, 0.5], [1 / 3, math.nextafter(1 / 3, 1), 1 / 3]])
    def test_changes_nothing_where_it_prefers_none(self, places: list[float]) -> None:
        """As one that calls whatever is first the best, whose readings disagree."""
        learned = add_learned(self.VIDEO, head([1.0, 0, 0, 0, 0]))
        moved = weigh(learned, [0, 1, 2], (), verdict(Say.LEAD, places))

        assert [(one.score, one.parts) for one in moved] == [(one.score, one.parts) for one in learned]
        assert not is_led(moved, verdict(Say.LEAD, places))

    def test_its_smallest_preference_counts_more_than_any_score(self) -> None:
        """One reading of twelve that prefers one of 26 pictures to one other is a preference."""
        moved = weigh(self.VIDEO, range(5), (), verdict(Say.LEAD, [0.5, 0.5 + 1 / 300, 0.2, 0.1, 0.0]))

        assert in_order(moved)[:2] == [1, 0]

    @pytest.mark.parametrize(("place", "is_kept"), [(0.8, True), (0.6, False)])
    def test_takes_an_earlier_pick_away_only_where_it_clearly_prefers_another(
        self, place: float, *, is_kept: bool
    ) -> None:
        """Viewers know that picture."""
        video = line(5.0, 4.0, 3.0, 2.0, 1.0, 0.0)
        moved = weigh(video, range(6), (), verdict(Say.LEAD, [place, 1.0, 0.4, 0.3, 0.2, 0.0]))

        assert (pick_diverse(moved, 1, earlier=[0])[0] == [0]) is is_kept

    @settings(max_examples=60, deadline=None)
    @given(SEEDS)
    def test_whatever_the_film_its_order_is_the_order_of_the_scores(self, seed: int) -> None:
        """Parts add up, the score by hand stays what it was, and what was not shown lies below."""
        video, rng = film(seed), np.random.default_rng(seed)
        shown = sorted(rng.permutation(len(video))[: int(rng.integers(2, 13))].tolist())
        places = shares(rng.integers(0, 5, len(shown)).tolist())
        said = verdict(Say.LEAD, places)
        moved = weigh(add_learned(video, mad_head(seed, video)), shown, (), said)

        for before, one in zip(video, moved, strict=True):
            assert one.hand_score == pytest.approx(before.score, abs=1e-6)
            assert sum(one.parts.values()) == pytest.approx(one.score, abs=1e-6)
        if is_led(moved, said):
            scores = [moved[index].score for index in shown]
            assert all(
                scores[i] > scores[j]
                for i in range(len(shown))
                for j in range(len(shown))
                if places[i] > places[j]
            )
            others = [one.score for index, one in enumerate(moved) if index not in shown]
            assert min(scores) > max(others, default=-np.inf)


class TestWhoDecidesNearTies:
    """A judge that nobody has measured."""

    VIDEO = line(3.0, 2.9, 1.0, -1.0)

    def test_turns_two_frames_that_score_nearly_the_same(self) -> None:
        """With a part of the score that says so."""
        moved = weigh(self.VIDEO, [0, 1], (), verdict(Say.TIES, [0.0, 1.0]))

        assert in_order(moved) == [1, 0, 2, 3]
        assert moved[1].parts[JUDGED] == -moved[0].parts[JUDGED] > 0
        assert not is_led(moved, verdict(Say.TIES, [0.0, 1.0]))

    @pytest.mark.parametrize(("gap", "is_near"), [(0.4, True), (0.5, False)])
    def test_near_is_within_half_of_the_standard_deviation(self, gap: float, *, is_near: bool) -> None:
        """That of the scores is 0.86 here with the first gap, and 0.85 with the second."""
        assert is_near_tie(line(0.0, -gap, -2.0), [0, 1], frozenset()) is is_near

    @settings(max_examples=60, deadline=None)
    @given(SEEDS)
    def test_a_larger_gap_stays_as_it_is(self, seed: int) -> None:
        """Whatever a judge says, of whatever film, with a learned head or without."""
        video, rng = film(seed), np.random.default_rng(seed)
        before = add_learned(video, mad_head(seed, video))
        shown = sorted(rng.permutation(len(video))[: int(rng.integers(2, 13))].tolist())
        moved = weigh(before, shown, (), verdict(Say.TIES, shares(rng.normal(size=len(shown)).tolist())))
        gap = NEAR_TIE * float(np.std([one.hand_score for one in video])) + ROUNDING

        for i in range(len(video)):
            for j in range(len(video)):
                if before[i].score - before[j].score > gap:
                    assert moved[i].score > moved[j].score
            assert sum(moved[i].parts.values()) == pytest.approx(moved[i].score, abs=ROUNDING)
            assert moved[i].hand_score == pytest.approx(video[i].hand_score, abs=ROUNDING)

    @pytest.mark.parametrize(
        ("shown", "preferred", "is_near"),
        [([0, 1, 2], (), True), ([0, 2, 3], (), False), ([0, 1, 2], (1, 2), False)],
    )
    def test_is_only_asked_for_an_order_where_the_best_two_are_near(
        self, shown: list[int], preferred: tuple[int, ...], *, is_near: bool
    ) -> None:
        """Of what the caller prefers, where there is any: nothing else comes first."""
        assert is_near_tie(self.VIDEO, shown, frozenset(preferred)) is is_near


@pytest.mark.parametrize("say", [Say.NOTHING, Say.VETO])
def test_whoever_may_only_veto_orders_nothing(say: Say) -> None:
    """Even where an order was kept from when it was worth more."""
    video = line(2.0, 1.0, 0.0)
    moved = weigh(video, [0, 1, 2], (), verdict(say, [0.0, 0.5, 1.0]))

    assert [one.score for one in moved] == [2.0, 1.0, 0.0]


def test_what_was_said_of_each_picture_stays_with_it() -> None:
    """Subject, faults, place among how many; those between which it did not decide share a place."""
    told = [Description(frozenset({Fault.TEXT, Fault.HEAD_CUT}), "a boat"), *[Description(subject="sea")] * 2]
    moved = weigh(line(3.0, 2.0, 1.0, 0.0), [0, 2, 3], {0}, verdict(Say.LEAD, [0.0, 0.75, 0.75], told))

    assert moved[0].by_judge == ("a boat", (Fault.HEAD_CUT, Fault.TEXT), 3, 3)
    assert [moved[2].by_judge, moved[3].by_judge] == [("sea", (), 1, 3)] * 2
    assert moved[1].by_judge is None


def test_without_an_order_pictures_have_no_place() -> None:
    """It only described them."""
    (one, _) = weigh(line(1.0, 0.0), [0, 1], (), verdict(Say.VETO, None, [Description(subject="a boat")] * 2))

    assert one.by_judge == ("a boat", (), None, 2)
