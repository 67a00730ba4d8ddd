"""Why a frame was picked: what decided against the runner-up, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.service.sample_run import CUES
from worker.pipeline.cues.defects import GATES
from worker.pipeline.frames import ByJudge, Candidate, Scored
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS, measured
from worker.pipeline.selection.diversity import pick_diverse
from worker.pipeline.selection.ends import AT_AN_END
from worker.pipeline.selection.reasons import explain
from worker.text import fault_words, reason_words


def frame(shot: int = 0, time_s: float = 0.0, **parts: float) -> Scored:
    """Return a frame whose score has these parts; each shot is a scene."""
    rgb = np.zeros((18, 32, 3), np.uint8)
    embedding = np.eye(10, dtype=np.float32)[shot]
    return Scored(Candidate(time_s, shot, rgb, CUES), embedding, (), parts, sum(parts.values()))


def gesture(scored: Scored) -> Scored:
    """Return another picture of the same scene."""
    embedding = scored.embedding + 1.3 * np.eye(10, dtype=np.float32)[8]
    return replace(scored, embedding=embedding / np.linalg.norm(embedding))


POOR = frame(shot=9, time_s=90.0, taste=-4.0)
"""Gives each video a range of scores."""


def test_a_reason_is_what_decided_against_the_runner_up() -> None:
    """Faces are the largest part of the score, but the runner-up had them as well."""
    video = [frame(faces=1.5, light=0.9), frame(faces=1.5, light=0.2), POOR]

    (why,) = explain([0], video, {1: "outscored", 2: "outscored"})

    assert why.reasons == ("light",)
    assert why.runner_up is video[1]


def test_what_the_runner_up_was_better_at_is_no_reason() -> None:
    """It speaks against the pick."""
    video = [frame(taste=2.0, light=0.1), frame(taste=1.0, light=0.8), POOR]

    (why,) = explain([0], video, {1: "outscored", 2: "outscored"})

    assert why.reasons == ("taste",)


def test_only_as_many_are_named_as_decided() -> None:
    """Without its taste the pick would have lost, so its light, which leads a little, explains nothing."""
    video = [frame(taste=2.0, faces=0.0, light=0.6), frame(taste=0.5, faces=0.9, light=0.2), POOR]

    (why,) = explain([0], video, {1: "outscored", 2: "outscored"})

    assert why.reasons == ("taste",)


def test_several_are_named_where_each_was_needed() -> None:
    """The largest lead first."""
    video = [frame(taste=0.5, light=0.8), frame(taste=0.1, light=0.1), POOR]

    (why,) = explain([0], video, {1: "outscored", 2: "outscored"})

    assert why.reasons == ("light", "taste")


def test_a_lead_that_coding_alone_could_give_is_called_a_close_call() -> None:
    """Nothing is made up where two frames are about as good."""
    video = [frame(taste=1.0, light=0.08), frame(taste=0.96), POOR]

    (why,) = explain([0], video, {1: "outscored", 2: "outscored"})

    assert why.reasons == ("close_call",)


def test_a_frame_of_the_same_moment_is_no_runner_up() -> None:
    """It shows the same, so it only tells what noise is; another scene was really in competition."""
    video = [frame(taste=1.0, light=0.8), frame(taste=1.0, light=0.4), frame(shot=1, light=0.8), POOR]

    (why,) = explain([0], video, {1: "within 2 s of pick 1", 2: "outscored", 3: "outscored"})

    assert why.runner_up is video[2]
    assert why.reasons == ("taste",)


def test_the_next_pick_is_the_runner_up_of_the_one_before() -> None:
    """Both competed for the first place."""
    video = [frame(taste=2.0), frame(shot=1, taste=1.5), frame(shot=2, taste=1.0), POOR]

    first, second = explain([0, 1], video, {2: "outscored", 3: "outscored"})

    assert first.runner_up is video[1]
    assert second.runner_up is video[2]


def test_a_pick_below_others_was_taken_for_another_scene() -> None:
    """And its own parts are compared with what else was of another scene."""
    video = [
        frame(taste=2.0),
        gesture(frame(time_s=9.0, taste=1.9)),
        frame(shot=1, time_s=20.0, taste=1.0, light=0.8),
        frame(shot=2, time_s=30.0, taste=1.0),
        POOR,
    ]

    picks, lost, _ = pick_diverse(video, 2)
    _, second = explain(picks, video, lost)

    assert picks == [0, 2]
    assert lost[1] == "same scene as pick 1"
    assert second.reasons == ("another_scene", "light")
    assert second.runner_up is video[3]


def test_a_second_pick_above_all_that_was_left_is_explained_by_its_parts() -> None:
    """What the first pick ruled out scored higher, but was not to be had."""
    video = [frame(taste=2.0), frame(taste=1.9), frame(shot=1, taste=1.0), POOR]

    _, second = explain([0, 2], video, {1: "too like pick 1", 3: "outscored"})

    assert second.reasons == ("taste",)


def test_another_pick_of_one_shot_is_another_moment() -> None:
    """A scene that is shown already is not called another one."""
    video = [frame(taste=2.0), frame(taste=1.5), frame(taste=0.5), POOR]

    _, second = explain([0, 2], video, {1: "outscored", 3: "outscored"})

    assert second.reasons[0] == "another_moment"


def test_a_pick_of_a_preferred_range_says_so() -> None:
    """Others scored higher, and lie outside."""
    video = [frame(taste=2.0), frame(taste=1.0), POOR]

    (why,) = explain([1], video, {0: "outscored", 2: "outscored"}, preferred=frozenset({1}))

    assert why.reasons[0] == "preferred"


def test_a_frame_without_rivals_says_so() -> None:
    """One candidate is compared with nothing."""
    (why,) = explain([0], [frame(taste=1.0)], {})

    assert why.reasons == ("only_choice",)
    assert why.runner_up is None


def test_every_part_and_every_gate_has_words() -> None:
    """A name that only programs know is not shown to people."""
    parts = {*DEFAULT_WEIGHTS._fields, *measured(CUES)}

    assert {name for name in parts if reason_words(name) == name} == set()
    assert {name for name in GATES if fault_words(name) == name} == set()


@pytest.mark.parametrize("place", [0, 1])
def test_a_pick_that_stays_from_an_earlier_run_says_so(place: int) -> None:
    """At any place: nothing else was clearly better, and viewers know it."""
    video = [
        frame(taste=2.0),
        frame(shot=1, time_s=10.0, taste=1.8),
        frame(shot=2, time_s=20.0, taste=1.6),
        POOR,
    ]

    picks, lost, kept = pick_diverse(video, 2, earlier=([1], [0, 2])[place])
    whys = explain(picks, video, lost, kept=kept)

    assert picks[place] == 1 + place
    assert [why.reasons[0] == "kept" for why in whys] == [place == 0, place == 1]


def test_what_an_earlier_run_picked_is_not_kept_where_it_is_the_best() -> None:
    """It would have been picked without that."""
    video = [frame(taste=2.0), frame(shot=1, time_s=10.0, taste=1.0), POOR]

    picks, lost, kept = pick_diverse(video, 1, earlier=[0])
    (why,) = explain(picks, video, lost, kept=kept)

    assert why.reasons == ("taste",)


def test_the_start_of_a_video_is_no_rival() -> None:
    """It scores higher, and was not to be had; so the pick is explained by what was."""
    video = [
        frame(taste=3.0),
        frame(shot=1, time_s=10.0, taste=2.0),
        frame(shot=2, time_s=20.0, taste=1.0),
        POOR,
    ]

    picks, lost, kept = pick_diverse(video, 1, at_ends=frozenset({0}))
    (why,) = explain(picks, video, lost, kept=kept, no_rivals=frozenset({0}))

    assert lost[0] == AT_AN_END
    assert why.reasons == ("taste",)
    assert why.runner_up is video[2]


def judged(place: int | None = None, judge: float = 0.0, **parts: float) -> Scored:
    """Return a frame that a judge put at a place, and gave so much."""
    one = frame(time_s=10.0 * (place or 9), shot=place or 9, **parts, **({"judge": judge} if judge else {}))
    return one if place is None else replace(one, by_judge=ByJudge("a boat", (), place, 2))


def test_a_judge_is_the_reason_where_its_part_decided() -> None:
    """However small: no coding moved it. Where the pick would have won without it, it is none."""
    decided = [judged(2, -0.05, taste=1.0), judged(1, 0.05, taste=0.99), POOR]
    needless = [judged(2, -0.05, taste=1.0), judged(1, 0.05, taste=3.0), POOR]

    (why,) = explain([1], decided, {0: "outscored", 2: "outscored"})
    (other,) = explain([1], needless, {0: "outscored", 2: "outscored"})

    assert (why.reasons, other.reasons) == (("judge",), ("taste",))
    assert reason_words("judge") == "preferred by the judge"


def test_where_a_judge_leads_nothing_else_is_the_reason() -> None:
    """Though the pick has the better light, and its part is smaller than what the runner-up got."""
    video = [judged(2, 2.0, taste=1.0), judged(1, 1.0, taste=1.0, light=3.0), judged(taste=0.5)]

    (why,) = explain([1], video, {0: "outscored", 2: "outscored"}, is_led=True)

    assert why.reasons == ("judge",)


def test_between_frames_that_a_leading_judge_finds_alike_the_parts_tell() -> None:
    """It did not decide there."""
    video = [judged(1, 1.0, taste=1.0), judged(1, 1.0, taste=3.0), POOR]

    (why,) = explain([1], video, {0: "outscored", 2: "outscored"}, is_led=True)

    assert why.reasons == ("taste",)


def test_what_was_vetoed_is_no_rival() -> None:
    """It scores higher, and was not to be had."""
    video = [frame(taste=3.0), frame(shot=1, time_s=10.0, taste=2.0), POOR]
    picks, lost, kept = pick_diverse(video, 1, vetoed={0: "eyes closed, says the judge"})
    (why,) = explain(picks, video, lost, kept=kept, no_rivals=frozenset({0}))

    assert (picks, why.reasons, why.runner_up) == ([1], ("taste",), video[2])
