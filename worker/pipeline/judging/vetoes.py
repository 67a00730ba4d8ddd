"""Which frames a judge's faults leave out: none for what is the look of the video, and never all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from worker.pipeline.judging.verdict import Fault
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances
from worker.text import veto_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Scored
    from worker.pipeline.judging.verdict import Description

# A fault that more than this share of the pictures has is the look of the video (subtitles, a mask), or of
# the judge. What is unsafe stays so, however much of it there is.
LOOK_SHARE = 0.5


def find_vetoes(
    scored: Sequence[Scored], shown: Sequence[int], descriptions: Sequence[Description]
) -> dict[int, str]:
    """Find what is not to be picked, and why.

    Frames of a scene that were not shown take over that it is unsafe from the shown frame that they are most
    like; other faults pass in a moment.

    Args:
        scored: all frames of the video.
        shown: indexes of what the judge was shown.
        descriptions: of these, in the same order.

    Returns:
        Words for people, by index. Empty where all that was shown would be left out: then the judge tells no
        frame from another.
    """
    faults = counting_faults(descriptions)
    unsafe = {index for index, one in zip(shown, faults, strict=True) if Fault.UNSAFE in one}
    alike = dict.fromkeys(_like(unsafe, scored, shown), veto_words([Fault.UNSAFE]))
    return alike | {index: veto_words(one) for index, one in zip(shown, faults, strict=True) if one}


def counting_faults(descriptions: Sequence[Description]) -> list[list[Fault]]:
    """List the faults of each picture that count: none where all pictures have some."""
    count = Counter(fault for one in descriptions for fault in one.faults)
    look = {fault for fault in count if count[fault] > LOOK_SHARE * len(descriptions)} - {Fault.UNSAFE}
    faults = [sorted(one.faults - look) for one in descriptions]
    return [[] for _ in faults] if all(faults) else faults


def find_unsafe(scored: Sequence[Scored]) -> set[int]:
    """Find the indexes of what a judge called unsafe, also where it called everything so.

    Args:
        scored: all frames of the video, with what a judge said of those that it was shown.
    """
    shown = [index for index, one in enumerate(scored) if one.by_judge is not None]
    unsafe = {i for i in shown if (said := scored[i].by_judge) and Fault.UNSAFE in said.faults}
    return unsafe.union(_like(unsafe, scored, shown))


def _like(unsafe: set[int], scored: Sequence[Scored], shown: Sequence[int]) -> list[int]:
    """List what was not shown, and is most like one of these of all that were, and of its scene."""
    if not unsafe:
        return []
    distance = scene_distances(scored)[:, list(shown)]
    nearest = distance.argmin(axis=1)
    return [
        index
        for index in sorted(set(range(len(scored))) - set(shown))
        if shown[nearest[index]] in unsafe and distance[index, nearest[index]] < SAME_SCENE
    ]
