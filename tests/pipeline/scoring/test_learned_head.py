"""What was learned from viewers has a small word: it moves nothing far, and nothing past a defect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.heads import film, frame, head, mad_head
from tests.support.media import pictures
from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import LEARNED, Candidate
from worker.pipeline.scoring.learned_head import REACH, add_learned
from worker.pipeline.scoring.models import score
from worker.pipeline.selection.by_hand import first_by_hand, without_learned
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.reasons import explain
from worker.text import reason_words

if TYPE_CHECKING:
    from worker.pipeline.frames import Scored
    from worker.pipeline.scoring.models import Models

ROUNDING = 1e-9
SEEDS = st.integers(0, 2**32 - 1)
LIKED, OTHER = [1.0, 0.0], [0.0, 1.0]


def in_order(video: list[Scored]) -> list[int]:
    """Return the indexes of frames, the best first."""
    return sorted(range(len(video)), key=lambda index: -video[index].score)


class TestWhatAHeadIsFor:
    """Among frames that are about as good, what viewers like comes first."""

    def test_the_liked_one_of_two_good_frames_comes_first(self) -> None:
        """And says so, where that decided."""
        video = [frame(2.0, OTHER), frame(1.5, LIKED, time_s=30.0), frame(-4.0, OTHER, time_s=60.0)]

        moved = add_learned(video, head([2.0, 0.0]))
        picks, lost, _ = pick_diverse(moved, 1)
        (why,) = explain(picks, moved, lost)

        assert picks == [1]
        assert why.reasons == ("learned",)
        assert reason_words("learned") == "liked by your viewers"

    def test_points_are_a_part_of_the_score(self) -> None:
        """Reports show them as a bar, and all parts add up."""
        moved = add_learned([frame(2.0, OTHER), frame(1.5, LIKED)], head([1.0, 0.0]))

        assert [one.parts[LEARNED] for one in moved] == pytest.approx([-0.5, 0.5])
        assert [sum(one.parts.values()) for one in moved] == pytest.approx([one.score for one in moved])
        assert [one.hand_score for one in moved] == pytest.approx([2.0, 1.5])

    def test_what_all_frames_of_a_video_share_gives_none_of_them_points(self) -> None:
        """A head that likes beaches says nothing about a film that shows only the beach."""
        alike = [frame(1.0, LIKED), frame(2.0, LIKED), frame(1.5, LIKED)]

        assert add_learned(alike, head([5.0, 0.0])) == alike

    def test_it_is_no_reason_where_the_pick_was_the_best_by_hand_as_well(self) -> None:
        """It would have won without."""
        video = [frame(3.0, LIKED), frame(2.2, OTHER, time_s=30.0), frame(-4.0, OTHER, time_s=60.0)]

        moved = add_learned(video, head([0.4, 0.0]))
        picks, lost, _ = pick_diverse(moved, 1)
        (why,) = explain(picks, moved, lost)

        assert picks == [0]
        assert why.reasons == ("taste",)


class TestWithoutAHead:
    """What was not learned changes nothing, to the last bit."""

    @settings(max_examples=50, deadline=None)
    @given(SEEDS)
    def test_nothing_changes(self, seed: int) -> None:
        """Neither without a head, nor with one that likes nothing."""
        video = film(seed)
        nothing = np.zeros(len(video[0].embedding), np.float32)

        for unmoved in (add_learned(video, None), add_learned(video, head(nothing))):
            assert all(one is before for one, before in zip(unmoved, video, strict=True))
            assert [one.hand_score for one in unmoved] == [one.score for one in video]

    @pytest.mark.parametrize("sight", ["lite #1 another", None])
    def test_a_head_of_another_model_is_not_used(self, models: Models, sight: str | None) -> None:
        """Its directions mean nothing here; that of this model changes the scores of the same frames."""
        frames = [*pictures.footage("bikes", 2), *pictures.footage("bigbuckbunny", 2, start=60)]
        shown = [
            Candidate(5.0 * number, number, rgb, film(0)[0].candidate.cues)
            for number, rgb in enumerate(frames)
        ]
        mine = sight or models.scorer.sight
        direction = models.scorer.embed(frames[:1])[0] * 0.3
        with_head = replace(models, head=head(direction, mine))

        found = score(shown, "", with_head, lambda _fraction: None)

        is_used = any(LEARNED in one.parts for one in found)
        assert is_used is (sight is None)
        assert with_head.head_in_use == (with_head.head if is_used else None)


class TestTheGuard:
    """The worst head does one point of harm."""

    @settings(max_examples=300, deadline=None)
    @given(SEEDS, SEEDS)
    def test_no_frame_moves_by_more_than_a_point(self, film_seed: int, head_seed: int) -> None:
        """And what lies more than that below the best keeps its place among all."""
        video = film(film_seed)
        moved = add_learned(video, mad_head(head_seed, video))
        floor = max(one.score for one in video) - REACH

        for one, before in zip(moved, video, strict=True):
            assert abs(one.score - before.score) <= REACH + ROUNDING
            assert one.hand_score == pytest.approx(before.score, abs=ROUNDING)
            if before.score < floor:
                assert one is before

    @settings(max_examples=300, deadline=None)
    @given(SEEDS, SEEDS)
    def test_a_frame_only_passes_what_is_hardly_better_and_no_sounder(
        self, film_seed: int, head_seed: int
    ) -> None:
        """It is free of defects, if any frame is, and was looked at for text."""
        video = film(film_seed)
        moved = add_learned(video, mad_head(head_seed, video))
        fewest = min(len(defects(one.candidate.cues)) for one in video)
        best = max(one.score for one in video)

        for passing, one in enumerate(video):
            for passed, other in enumerate(video):
                if one.score < other.score and moved[passing].score >= moved[passed].score:
                    assert one.score >= best - REACH
                    assert len(defects(one.candidate.cues)) == fewest
                    assert "text" not in one.parts or one.text_lines is not None

    @settings(max_examples=300, deadline=None)
    @given(SEEDS, SEEDS, SEEDS)
    def test_the_first_pick_is_hardly_worse_by_hand(
        self, film_seed: int, head_seed: int, place_seed: int
    ) -> None:
        """Whatever is preferred, wherever the video begins and ends, and whatever was picked before."""
        video = film(film_seed)
        rng = np.random.default_rng(place_seed)
        preferred, at_ends = (
            frozenset(np.flatnonzero(rng.random(len(video)) < share)) for share in (0.2, 0.3)
        )
        earlier = rng.permutation(len(video))[: rng.integers(4)].tolist()
        moved = add_learned(video, mad_head(head_seed, video))

        (first, *_), *_ = pick_diverse(moved, 3, preferred, earlier, at_ends - preferred)
        by_hand = first_by_hand(moved, preferred, earlier, at_ends - preferred)

        assert by_hand == pick_diverse(video, 1, preferred, earlier, at_ends - preferred)[0][0]
        assert video[first].score >= video[by_hand].score - REACH - ROUNDING
        faults = [len(defects(video[index].candidate.cues)) for index in (first, by_hand)]
        assert faults[0] <= faults[1]

    def test_an_earlier_pick_does_not_gain_by_what_a_head_takes_from_better_ones(self) -> None:
        """It stays where it is hardly worse; with the others lowered, it only seems so."""
        video = [
            frame(2.0, LIKED),
            frame(0.2, OTHER, time_s=30.0),
            frame(-0.5, OTHER, time_s=60.0),
            frame(1.9, LIKED, time_s=90.0),
        ]
        moved = add_learned(video, head([-1e30, 0.0]))

        picks, _, kept = pick_diverse(moved, 1, earlier=[1])

        assert picks == [0]
        assert not kept

    def test_a_head_that_hates_every_good_frame_does_not_bring_a_defect_forward(self) -> None:
        """The only frame with a defect is the second by hand, and the head loves it."""
        video = [frame(2.0, OTHER), frame(1.9, LIKED, is_faulty=True), frame(1.5, OTHER)]

        moved = add_learned(video, head([1e30, 0.0]))

        assert in_order(moved)[0] == 0

    def test_a_film_of_which_every_frame_has_the_same_defect_is_ordered_all_the_same(self) -> None:
        """A soft rendition has viewers, too."""
        video = [frame(2.0, OTHER, is_faulty=True), frame(1.9, LIKED, time_s=2.0, is_faulty=True)]

        assert in_order(add_learned(video, head([1.0, 0.0]))) == [1, 0]

    def test_a_frame_that_nobody_searched_for_text_does_not_come_first(self) -> None:
        """It may be full of it: only the best by hand are looked at."""
        video = [
            frame(2.0, OTHER, text=0.0, text_lines=0),
            frame(1.9, LIKED, text=-0.5),
            frame(1.5, OTHER, text=-1.0, text_lines=2),
        ]

        assert in_order(add_learned(video, head([1e30, 0.0])))[0] == 0


def test_taking_it_back_leaves_the_scores_by_hand() -> None:
    """So that what would be picked without a head can be shown beside what is."""
    video = [frame(2.0, OTHER), frame(1.5, LIKED)]

    back = without_learned(add_learned(video, head([1.0, 0.0])))

    assert [one.parts for one in back] == [one.parts for one in video]
    assert [one.score for one in back] == pytest.approx([2.0, 1.5])
