"""The final pictures: a few exact moments at full resolution. Runs in the decode process.

The asked frame was chosen on small pictures, and one beside it may be better. Of the frames within
`STILL_REACH_S` of it that show the same picture, the one is taken in which things are sharpest and stillest
and people look best; the asked one wins unless another is better by `MARGIN`.
"""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.packets import MAX_THREADS
from worker.pipeline.cues import patterns, sharpness, stillness
from worker.pipeline.display.display import displayed, glanced
from worker.pipeline.frames import STILL_APPROACH, STILL_REACH_S, Box, Eyes, FaceLook, Still
from worker.pipeline.video import people
from worker.pipeline.video.still_windows import windows_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from worker.pipeline.frames import Active, Rgb
    from worker.pipeline.media import Video
    from worker.pipeline.video.people import FaceReader
    from worker.pipeline.video.still_windows import Neighbour

# A neighbour must be better than the asked frame by this factor; coding alone makes equal frames differ
# by 3 %.
MARGIN = 1.1
# So far away, a gesture is still the same. Beyond, a frame must be better by more than sharpness: where eyes
# are shut.
_SAME_GESTURE_S, FAR_MARGIN = STILL_REACH_S / 2, 1.5

# Frames closer than this show the same: of 60 a second, every other one is compared.
_STEP_S = 0.03
# Of so long a stretch, people are looked at in its best frame only: a look takes 5 ms a face. A blink lasts
# about as long.
_SIGHT_S = 0.1
# People are read in pictures of at most this size; the shape of an eye does not need more.
_GLANCE_PX = 1920

# Of larger videos than Full HD, one moment's frames are held at a time: they may take half a gigabyte.
MAX_PIXELS_AHEAD = 1920 * 1088


class _Choice(NamedTuple):
    """The frame of a window that is taken, and the people in it."""

    frame: int  #: its index
    looks: tuple[FaceLook, ...] = ()
    eyes: Eyes = Eyes.UNKNOWN


@dataclass(frozen=True, slots=True)
class _Glances:
    """Quick pictures of the frames of a window."""

    window: Sequence[Neighbour]
    video: Video
    active: Active | None

    @property
    def scale(self) -> float:
        """The size of these pictures against that of stills."""
        return min(1.0, _GLANCE_PX / max(self.video.width_px, self.video.height_px))

    def __call__(self, index: int) -> Rgb:
        return glanced(self.window[index].frame, self.video, self.active, self.scale)


def take_stills(
    video: Video,
    times_s: Sequence[float],
    actives: Sequence[Active | None] | None = None,
    *,
    shots: Sequence[int] | None = None,
    refine: bool = True,
    reader: FaceReader | None = None,
) -> list[Still]:
    """Decode moments at full resolution and quality, in one opening of the file.

    Args:
        video: as probed.
        times_s: moments in seconds, in any order; each as exact as `Still.time_s`.
        actives: for each moment, the picture between bars; None for whole pictures.
        shots: for each moment, the index of its shot: stills of one shot do not go far towards each other.
            None for moments of one shot.
        refine: whether a better neighbour may be taken; else exactly the asked frame.
        reader: reads faces, so that people look well too; None for sharpness and stillness alone.

    Returns:
        One still for each moment, in the order asked. A moment past the end gives the last frame.

    Raises:
        UnreadableVideo: no picture could be decoded there.
    """

    def take(index: int, window: Sequence[Neighbour], asked: int) -> Still:
        active = actives[index] if actives else None
        glances = _Glances(window, video, active)
        beside_s = [
            time_s for other, time_s in enumerate(times_s) if not shots or shots[other] == shots[index]
        ]
        near = _near(window, asked, times_s[index], beside_s) if refine else [asked]
        chosen = _choose(window, asked, near, glances, reader)
        rgb = displayed([neighbour.frame for neighbour in window], chosen.frame, video, active)
        return Still(window[chosen.frame].time_s, rgb, chosen.looks, chosen.eyes)

    with open_video(video) as opened, ThreadPoolExecutor(1) as beside:
        opened.stream.thread_type = "AUTO"
        opened.stream.codec_context.thread_count = MAX_THREADS
        # While one window is looked at, the next one is decoded: two are held at once, no more.
        stills: dict[int, Future[Still]] = {}
        for index, window, asked in windows_around(times_s, opened, video):
            wait([*stills.values()])
            stills[index] = beside.submit(take, index, window, asked)
            if video.stored_pixels > MAX_PIXELS_AHEAD:
                wait([stills[index]])
        return [still.result() for _, still in sorted(stills.items())]


def _choose(
    window: Sequence[Neighbour],
    asked: int,
    near: Sequence[int],
    glances: _Glances,
    reader: FaceReader | None,
) -> _Choice:
    """Choose the best of some frames that show the same: `near`, in order, of which the asked one is one."""
    if len(near) == 1:
        return _Choice(asked)
    inner = [i for i in near if abs(window[i].time_s - window[asked].time_s) <= _SAME_GESTURE_S]
    first = people.first_looks(glances(asked), reader, glances.scale) if reader else ()
    if not reader or not any(map(people.is_readable, first)):
        return _Choice(_best({index: _quality(window, inner, index) for index in inner}, asked, inner))
    quality = {index: _quality(window, near, index) for index in near}
    sights = people.follow(first, asked, _best_of_stretches(window, asked, quality), glances, reader)
    worth = people.worth(sights)
    taken = _best({index: quality[index] * worth[index] for index in sights}, asked, inner)
    looks = tuple(_scaled(look, 1 / glances.scale) for look in sights[taken])
    return _Choice(taken, looks, people.eyes(sights, taken))


def _best(value: Mapping[int, float], asked: int, inner: Sequence[int]) -> int:
    """Choose the frame of the highest value, unless one nearer is nearly as good."""

    def best(indexes: Iterable[int]) -> int:
        # The nearest wins a tie, then the earlier: the same file always gives the same still.
        return max(indexes, key=lambda index: (value[index], -abs(index - asked), -index))

    near, far = best(index for index in inner if index in value), best(value)
    chosen = near if value[near] > MARGIN * value[asked] else asked
    return far if value[far] > FAR_MARGIN * value[chosen] else chosen


def _best_of_stretches(window: Sequence[Neighbour], asked: int, quality: Mapping[int, float]) -> set[int]:
    """Find the best frame of every short stretch around the asked one, and that one."""
    stretches: dict[int, list[int]] = {}
    for index in quality:
        gap_s = window[index].time_s - window[asked].time_s
        stretches.setdefault(round(gap_s / _SIGHT_S), []).append(index)
    return {max(stretch, key=lambda index: quality[index]) for stretch in stretches.values()} | {asked}


def _scaled(look: FaceLook, scale: float) -> FaceLook:
    return look._replace(box=Box(*(round(edge * scale) for edge in look.box)))


def _near(window: Sequence[Neighbour], asked: int, asked_s: float, beside_s: Sequence[float]) -> list[int]:
    """List the frames that may be taken in place of the asked one, itself included, in order.

    Args:
        window: frames about a moment.
        asked: index of the frame that is shown then.
        asked_s: the moment.
        beside_s: all moments of its shot, towards which the still does not go far. Towards another shot,
            the cut ends its way.
    """
    before_s = min((asked_s - time_s for time_s in beside_s if time_s < asked_s), default=math.inf)
    after_s = min((time_s - asked_s for time_s in beside_s if time_s > asked_s), default=math.inf)
    earlier = _reachable(window, asked, -1, min(STILL_REACH_S, STILL_APPROACH * before_s))
    later = _reachable(window, asked, 1, min(STILL_REACH_S, STILL_APPROACH * after_s))
    return [*sorted(earlier), asked, *later]


def _reachable(window: Sequence[Neighbour], asked: int, way: int, reach_s: float) -> Iterator[int]:
    """Yield indexes one way from the asked frame, up to a cut, a fast movement, damage or the reach."""
    index, last_s = asked + way, window[asked].time_s
    while 0 <= index < len(window) and abs(window[index].time_s - window[asked].time_s) <= reach_s:
        is_damaged = window[index].frame.opaque is not None
        if abs(window[index].time_s - last_s) >= _STEP_S:
            if is_damaged or not window[index].shows_the_same_as(window[asked]):
                return
            yield index
            last_s = window[index].time_s
        elif is_damaged:
            return
        index += way


def _quality(window: Sequence[Neighbour], compared: Sequence[int], index: int) -> float:
    judged = window[index]
    place = compared.index(index)
    # The outermost are compared with the next frame beyond, so that all have a neighbour on either side.
    before = compared[place - 1] if place > 0 else index - 1
    after = compared[place + 1] if place + 1 < len(compared) else index + 1
    beside = [window[other] for other in (before, after) if 0 <= other < len(window)]
    neighbours = [
        (other.tiny_luma, abs(other.time_s - judged.time_s))
        for other in beside
        if other.tiny_luma.shape == judged.tiny_luma.shape
    ]
    # Where the coding broke, a frame stands still and the edges of its blocks are sharp.
    wholeness = 1.0 - patterns.blockiness(judged.luma)
    return wholeness * sharpness.sharpness(judged.luma) * stillness.stillness(judged.tiny_luma, neighbours)
