"""Are frames after a seek what a decode from the start shows? Asked once for each file, when it is probed.

Keyframes that the coding itself starts afresh at need no check, and those of ordinary files do: the first
bytes tell. Where they may not (keyframes of older codecs, recovery points, flags that are wrong, changed
parameters), a few places are decoded twice, after a seek and on from further back, and compared.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from worker.errors import UnreadableVideo
from worker.pipeline.container.open_video import OpenVideo, open_video
from worker.pipeline.container.seeking.keyframes import RandomAccess, start_of
from worker.pipeline.display.small_frames import Plane, SmallFrame, shrink, small_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.stream import VideoStream

    from worker.pipeline.media import Video

# Keyframes at so many places are asked how they start.
_ASKED_PLACES = 6
# So much of what follows a keyframe is compared...
_COMPARED_S = 0.35
# ... with a decode that began so much earlier: what is wrong only after a seek is gone by then, mostly.
_RUN_UP_S = 3.0
# The second keyframe of a file is compared with a decode from the start, unless it lies behind this.
_FROM_START_S = 20.0
# At most so many samples are decoded for a place: 578 frames of 1080p, or 144 of 4K, a few seconds. A place
# behind more of them is not looked at.
_MAX_SAMPLES = 1_200_000_000
# The scan decodes no frames that no other refers to: of 4 packets, up to 3.
_PACKETS_A_FRAME = 4

# Two decodes of a frame are equal; where an intra refresh is not over they differ by a few levels. No part
# of this many differs by more than so much.
_PARTS = (16, 9)
_MAX_LEVELS = 6.0


# Where nothing can be skipped, at most so many samples are decoded: two hours of 1080p at 30 frames a second.
MAX_LINEAR_SAMPLES = 2 * 3600 * 30 * 1920 * 1080
_NOMINAL_FRAME_RATE = 25.0  # where the container does not say


class _TooFar(Exception):
    """To compare here would cost too much."""


class _NoKeyframe(Exception):
    """The seek leads to none but the first."""


class _Seek(NamedTuple):
    """A seek to try, and where the decode begins that it is compared with."""

    seek_s: float
    run_up_s: float  #: seconds before the keyframe that the seek leads to; infinite for the start of the file


def check_seeks(video: Video) -> Video:
    """Mark a video whose frames after a seek are not those of a linear decode; note what stays unseen."""
    if not _is_linear(video):
        return video
    end_s = linear_end_s(video)
    note = (
        f"it can be decoded from its start only, so what comes after {end_s / 60:.0f} min was not looked at"
    )
    return replace(video, is_linear=True, notes=video.notes if end_s == math.inf else (*video.notes, note))


def linear_end_s(video: Video) -> float:
    """Tell how far a video is decoded of which nothing can be skipped; infinite where to its end."""
    samples_per_s = video.stored_pixels * float(video.frame_rate or _NOMINAL_FRAME_RATE)
    end_s = video.start_s + MAX_LINEAR_SAMPLES / samples_per_s
    return end_s if end_s < video.duration_s else math.inf


def _is_linear(video: Video) -> bool:
    """Tell whether frames after a seek are damaged, missing or different from those of a linear decode."""
    with open_video(video) as opened:
        if opened.stream.codec_context.codec.intra_only or not _may_differ(opened, video):
            return False
        seeks = list(_seeks(opened, video))
    return any(_leads_astray(seek, video) for seek in seeks)


def _may_differ(opened: OpenVideo, video: Video) -> bool:
    """Tell whether a keyframe may need more than itself, or carries parameters where another does not."""
    starts = set()
    for place in range(_ASKED_PLACES):
        if not opened.seek(video.start_s + place * _length_s(video) / _ASKED_PLACES):
            break
        packet = _next_keyframe(opened.packets())
        if packet is not None:
            starts.add(start_of(packet, opened.stream.codec_context))
    # 4:4:4 of an old x264 was coded another way, and what the decoder must know of it may be lost.
    is_old_444 = bool(opened.preamble) and "444" in (opened.stream.codec_context.pix_fmt or "")
    return is_old_444 or RandomAccess.DOUBTFUL in starts or len(starts) > 1


def _length_s(video: Video) -> float:
    return max(0.0, video.duration_s - video.start_s)


def _next_keyframe(packets: Iterator[Packet[VideoStream]]) -> Packet[VideoStream] | None:
    return next((packet for packet in packets if packet.is_keyframe and packet.pts is not None), None)


def _seeks(opened: OpenVideo, video: Video) -> Iterator[_Seek]:
    """Choose a seek to the second keyframe, and one to the middle."""
    opened.rewind()
    packets = opened.packets()
    _next_keyframe(packets)
    second = _next_keyframe(packets)
    if second is not None and opened.time_s(second) <= _FROM_START_S:
        yield _Seek(opened.time_s(second), math.inf)
    yield _Seek(video.start_s + _length_s(video) / 2, _RUN_UP_S)


def _leads_astray(seek: _Seek, video: Video) -> bool:
    """Compare what follows the keyframe that a seek leads to with what a decode from further back gives."""
    try:
        keyframe_s, got = _after_seek(seek, video)
        wanted = _from_further_back(keyframe_s, seek, video)
    except (_TooFar, _NoKeyframe):
        return False
    except UnreadableVideo:
        return True
    return not wanted or any(time_s not in got or _unlike(got[time_s], wanted[time_s]) for time_s in wanted)


def _after_seek(seek: _Seek, video: Video) -> tuple[float, dict[float, SmallFrame]]:
    """Find the time of the keyframe that a seek leads to, and what is decoded from there on."""
    with open_video(video) as opened:
        opened.prepare_for_scan()
        packet = _next_keyframe(opened.packets()) if opened.seek(seek.seek_s) else None
        if packet is None or opened.time_s(packet) <= video.start_s:
            raise _NoKeyframe
        keyframe_s = opened.time_s(packet)
        opened.seek(seek.seek_s)
        return keyframe_s, _frames(opened, keyframe_s, video)


def _from_further_back(keyframe_s: float, seek: _Seek, video: Video) -> dict[float, SmallFrame]:
    with open_video(video) as opened:
        opened.prepare_for_scan()
        begin_s = keyframe_s - seek.run_up_s
        if begin_s <= video.start_s or not opened.seek(begin_s):
            opened.rewind()
        return _frames(opened, keyframe_s, video)


def _frames(opened: OpenVideo, keyframe_s: float, video: Video) -> dict[float, SmallFrame]:
    """Decode on from here, and keep what is compared, by its time."""
    most = _MAX_SAMPLES // video.stored_pixels
    packets = _no_more_than(_PACKETS_A_FRAME * most, opened.packets())
    kept = {}
    for count, frame in enumerate(opened.decode(packets)):
        time_s = opened.time_s(frame)
        if time_s >= keyframe_s + _COMPARED_S:
            break
        if count >= most:
            raise _TooFar
        if time_s >= keyframe_s:
            kept[time_s] = shrink(frame, time_s, small_size(video), video.visible)
    return kept


def _no_more_than(count: int, packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Yield packets, and raise _TooFar where there are more."""
    yield from islice(packets, count)
    if next(packets, None) is not None:
        raise _TooFar


def _unlike(got: SmallFrame, wanted: SmallFrame) -> bool:
    planes = zip((got.luma, *got.chroma), (wanted.luma, *wanted.chroma), strict=True)
    return any(_differ(plane, other) for plane, other in planes)


def _differ(plane: Plane, other: Plane) -> bool:
    difference = cv2.absdiff(plane, other).astype(np.float32)
    return bool(cv2.resize(difference, _PARTS, interpolation=cv2.INTER_AREA).max() > _MAX_LEVELS)
