"""Which stretches of a video are decoded: all of a short one, an even share of a longer one.

Decoding is nearly all that a scan costs, and it can begin at keyframes only. So of a longer video what
follows each keyframe is decoded for a while, the shorter the longer the video is; and once that is only a
glance, keyframes are left out, evenly. Encoders set a keyframe at a cut, so shots are seen from their start.
Runs in the decode process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.open_video import open_video
from worker.pipeline.container.seeking.read_ahead import read_ahead
from worker.pipeline.container.seeking.seek_check import linear_end_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from worker.pipeline.media import Video

# Of a longer video about so much is decoded.
LOOK_S = 60.0
# The least that is decoded of what follows a keyframe: enough to measure stillness against neighbours.
GLANCE_S = 0.35
# So many keyframes are looked at, however long the video is.
MAX_GLANCES = 200
# Keyframes closer than this are looked at as one.
MIN_APART_S = 1.0
# With fewer keyframes, or fewer than one in so many seconds, too much would stay unseen.
MIN_GLANCES = 60
MAX_APART_S = 12.0

# Playlists round where a piece begins, and sound may begin before the picture.
PIECE_MARGIN_S = 0.25

# A whole video is decoded in chunks: long enough that to seek to each costs little, short enough that a few
# fit into memory (60 small frames of 90 KB each) and that all cores stay busy to the end.
CHUNK_S = 6.0

# Containers that list their keyframes. In the others a seek may land behind the keyframe it aimed at.
INDEXED_FORMATS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is decoded in one go, in seconds; it begins at a keyframe."""

    seek_s: float  #: to seek there leads to the keyframe; minus infinity where decoding begins with the file
    start_s: float  #: no frame before this
    end_s: float  #: no frame from here on
    follows_on: bool = False  #: True where nothing is left out between the stretch before it and this one

    @property
    def length_s(self) -> float:
        """Seconds from start to end; infinite where the end is that of the file."""
        return self.end_s - max(self.start_s, 0.0)


EVERYTHING = Stretch(-math.inf, -math.inf, math.inf)


class _Keyframe(NamedTuple):
    seek_s: float
    time_s: float


def plan_stretches(video: Video) -> list[Stretch]:
    """Choose what is decoded of a video, in order of time; the same on any number of cores."""
    if video.is_linear:
        return [Stretch(-math.inf, -math.inf, linear_end_s(video))]
    if video.length_s > LOOK_S:
        sampled = _samples(video)
        if sampled:
            return sampled
    return _chunks(video)


def is_sampled(found: Iterable[Stretch]) -> bool:
    """Tell whether something is left out between stretches."""
    return not all(stretch.follows_on for stretch in list(found)[1:])


def _samples(video: Video) -> list[Stretch]:
    """Take what follows each of the keyframes, shortened evenly; nothing where keyframes are too rare."""
    step_s = max(MIN_APART_S, video.length_s / MAX_GLANCES)
    share = LOOK_S / video.length_s
    keyframes = _keyframes(video, step_s, max(GLANCE_S, share * step_s))
    if len(keyframes) < min(MIN_GLANCES, video.length_s / MAX_APART_S):
        return []
    found = []
    for keyframe, end_s in _with_ends(keyframes, video.duration_s):
        length_s = max(GLANCE_S, share * (end_s - keyframe.time_s))
        found.append(Stretch(keyframe.seek_s, keyframe.time_s, min(keyframe.time_s + length_s, end_s)))
    return found


def _chunks(video: Video) -> list[Stretch]:
    """Take the whole video, cut at keyframes where its container lists them."""
    with open_container(video.path) as container:
        is_indexed = container.format.name in INDEXED_FORMATS
    later = _keyframes(video, CHUNK_S, CHUNK_S)[1:] if is_indexed else []
    if not later:
        return [EVERYTHING]
    # The first one's time is not used: pictures may be shown before it, also a little before the file begins.
    keyframes = [_Keyframe(-math.inf, video.begins_at_s - CHUNK_S), *later]
    # A file may go on behind its stated end, but not for ever.
    return [
        Stretch(*keyframe, end_s, follows_on=keyframe.seek_s > -math.inf)
        for keyframe, end_s in _with_ends(keyframes, video.duration_s + CHUNK_S)
    ]


def _with_ends(keyframes: list[_Keyframe], end_s: float) -> Iterator[tuple[_Keyframe, float]]:
    """Pair each keyframe with the time of the next, the last with the end."""
    return zip(keyframes, [*(keyframe.time_s for keyframe in keyframes[1:]), end_s], strict=True)


def _steps_s(video: Video, step_s: float) -> list[float]:
    """List the moments that are sought: at even steps, or shortly behind the beginnings of pieces."""
    if video.pieces:
        return [piece.start_s + PIECE_MARGIN_S for piece in video.pieces[1:]]
    return [video.begins_at_s + step_s * n for n in range(1, math.ceil(video.length_s / step_s))]


def _keyframes(video: Video, step_s: float, look_s: float) -> list[_Keyframe]:
    """Find the keyframes that seeks at even steps lead to, each once; the first begins the video.

    About `look_s` seconds of what follows each will be read.
    """
    found: list[_Keyframe] = []
    with open_video(video) as opened:
        steps = _steps_s(video, step_s)
        for seek_s in [-math.inf, *steps]:
            if seek_s > -math.inf and not opened.seek(seek_s):
                break
            if steps and seek_s == steps[0]:  # the index has been read by now
                read_ahead(video.path, opened, steps, look_s)
            packet = next((p for p in opened.packets() if p.is_keyframe), None)
            if packet is None or packet.pts is None:
                continue
            time_s = opened.time_s(packet)
            if not found or time_s > found[-1].time_s:
                found.append(_Keyframe(seek_s, time_s))
    return found
