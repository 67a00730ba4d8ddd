"""What a judge finds at fault is left out, unless that would leave nothing to choose from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.pipeline.selection.test_diversity import content, frame
from worker.pipeline.frames import ByJudge
from worker.pipeline.judging.verdict import Description, Fault
from worker.pipeline.judging.vetoes import find_unsafe, find_vetoes

if TYPE_CHECKING:
    from worker.pipeline.frames import Scored

VIDEO = [frame(20.0 * number, 9 - number, content(number), shot=number) for number in range(6)]


def told(*faults: set[Fault]) -> list[Description]:
    """Return descriptions of pictures with these faults."""
    return [Description(frozenset(some)) for some in faults]


def test_a_picture_at_fault_is_left_out_in_words() -> None:
    """All its faults are named, as the judge's."""
    faults = told({Fault.EYES_CLOSED}, set(), set(), {Fault.TEXT, Fault.HEAD_CUT})

    assert find_vetoes(VIDEO, [0, 2, 3, 5], faults) == {
        0: "eyes closed, says the judge",
        5: "head cut off, text over the picture, says the judge",
    }


def test_half_of_the_pictures_may_have_a_fault_and_more_may_not() -> None:
    """A fault of most is the look of the video: subtitles, a mask."""
    half = told({Fault.TEXT}, {Fault.TEXT}, set(), set())
    most = told({Fault.TEXT}, {Fault.TEXT}, {Fault.TEXT, Fault.TRANSITION}, set())

    assert set(find_vetoes(VIDEO, [0, 1, 2, 3], half)) == {0, 1}
    assert find_vetoes(VIDEO, [0, 1, 2, 3], most) == {2: "between two pictures, says the judge"}


def test_where_all_are_at_fault_none_is() -> None:
    """The judge tells no frame from another."""
    assert find_vetoes(VIDEO, [0, 1], told({Fault.TEXT}, {Fault.EYES_CLOSED})) == {}


def test_what_is_unsafe_is_never_the_look_of_a_video() -> None:
    """One safe frame is taken, however many others there are."""
    vetoed = find_vetoes(VIDEO, [0, 1, 2], told({Fault.UNSAFE}, {Fault.UNSAFE}, set()))

    assert vetoed == {0: "unsafe, says the judge", 1: "unsafe, says the judge"}


def test_a_frame_that_was_not_shown_is_as_unsafe_as_its_scene() -> None:
    """It would be next in line; one most like a safe frame, or of another scene, is not."""
    alike = [frame(1.0, 8, content(0, strength=0.05)), frame(21.0, 8, content(1, strength=0.05), shot=1)]
    video = [*VIDEO, *alike]

    unsafe = find_vetoes(video, [0, 1], told({Fault.UNSAFE}, set()))
    blinking = find_vetoes(video, [0, 1], told({Fault.EYES_CLOSED}, set()))

    assert set(unsafe) == {0, 6}
    assert set(blinking) == {0}


def judged(*shown: int, unsafe: set[int]) -> list[Scored]:
    """Return the video, of which a judge was shown these frames, and called those unsafe."""
    return [
        replace(one, by_judge=ByJudge("", (Fault.UNSAFE,) if index in unsafe else (), None, len(shown)))
        if index in shown
        else one
        for index, one in enumerate(VIDEO)
    ]


def test_where_all_that_was_shown_is_unsafe_so_is_what_nobody_looked_at() -> None:
    """It must not be picked, and published, for that."""
    assert find_unsafe(judged(0, 1, 2, unsafe={0, 1, 2})) == set(range(6))
    assert find_unsafe(judged(0, 1, 2, unsafe={0, 1})) == {0, 1}
    assert find_unsafe(VIDEO) == set()
