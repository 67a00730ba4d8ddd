"""How other open pickers choose a thumbnail, and what sites take by default: one small function each.

Each takes a file and returns the moments of its picks in seconds, best first, at most three; most pick one.
The rules are stated anew from the sources that each docstring names; no code is theirs. Where a rule is a
chain of FFmpeg's filters, those very filters run.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.benchmarks.pickers import peer_frames, peer_hecate, peer_katna

if TYPE_CHECKING:
    from numpy.typing import NDArray

Peer = Callable[[Path], list[float]]

COUNT = 3
HECATE_LONG_SIDE_PX = 160
KATNA_LONG_SIDE_PX = 320  # it looks at the full size; half of the trap videos' is enough to count grey levels
MEDIACMS_END_S = 0.1
SMART_FRAMES = 25
SMART_LONG_SIDE_PX = 128
SMART_BINS = 255  # of 256: its loops leave out the last
TOTEM_SHARES = (1 / 3, 2 / 3, 0.1, 0.9, 0.5)
TOTEM_BORING_VARIANCE = 256.0

# PhotoPrism's table: for a video longer than, the moment; both in seconds.
PHOTOPRISM_S = ((3600.0, 150.0), (600.0, 60.0), (180.0, 30.0), (60.0, 9.0), (3.1, 3.0), (-math.inf, 0.001))

IMMICH_FILTERS: tuple[peer_frames.Filter, ...] = (
    ("fps", "12:start_time=0:eof_action=pass:round=down"),
    ("thumbnail", "12"),
    ("select", r"gt(scene\,0.1)-eq(prev_selected_n\,n)+isnan(prev_selected_n)+gt(n\,20)"),
    ("trim", "end_frame=2"),
    ("reverse", None),
)


def at_share(video: Path, share: float) -> list[float]:
    """Choose the frame at a share of the length.

    0: Cloudflare Stream (developers.cloudflare.com). 20 %: Stash (`pkg/scene/generate/screenshot.go`).
    50 %: Mux (mux.com/docs) and Brightcove (studio.support.brightcove.com). The others: common advice.
    """
    with av.open(str(video)) as container:
        return peer_frames.first_from(container, share * peer_frames.duration_s(container))


def mediacms(video: Path) -> list[float]:
    """MediaCMS, `files/models/media.py`: uniformly random; here the video's name is the seed."""
    with av.open(str(video)) as container:
        rng = np.random.default_rng(zlib.crc32(video.name.encode()))
        moment_s = rng.uniform(0, peer_frames.duration_s(container) - MEDIACMS_END_S)
        return peer_frames.first_from(container, moment_s)


def photoprism(video: Path) -> list[float]:
    """PhotoPrism, `internal/ffmpeg/preview.go`: by a table of lengths."""
    with av.open(str(video)) as container:
        return peer_frames.first_from(container, photoprism_moment_s(peer_frames.duration_s(container)))


def photoprism_moment_s(duration_s: float) -> float:
    """Return the moment in seconds that PhotoPrism takes of a video of this length."""
    return next(moment_s for longer_than_s, moment_s in PHOTOPRISM_S if duration_s > longer_than_s)


def ffmpeg_thumbnail(video: Path) -> list[float]:
    """FFmpeg, `libavfilter/vf_thumbnail.c`: of each 100 frames the one nearest to their mean histogram."""
    return list(itertools.islice(peer_frames.filtered(video, [("thumbnail", "n=100")]), COUNT))


def jellyfin(video: Path) -> list[float]:
    """Jellyfin, `VideoImageProvider.cs` and `MediaEncoder.cs`: `thumbnail=n=24` from 10 %."""
    return list(itertools.islice(peer_frames.filtered(video, [("thumbnail", "n=24")], from_share=0.1), 1))


def peertube(video: Path) -> list[float]:
    """PeerTube, `packages/ffmpeg/src/ffmpeg-images.ts`: `thumbnail=50` from the middle."""
    return list(itertools.islice(peer_frames.filtered(video, [("thumbnail", "50")], from_share=0.5), 1))


def immich(video: Path) -> list[float]:
    """Immich, `server/src/utils/media.ts`: the second of the I-frames that its filters find to differ."""
    return list(itertools.islice(peer_frames.filtered(video, IMMICH_FILTERS, decode_only="NONINTRA"), 1))


def ffmpegthumbnailer(video: Path, *, smart: bool = False) -> list[float]:
    """Seek to 10 % in whole seconds, and take the keyframe there.

    ffmpegthumbnailer, `libffmpegthumbnailer/videothumbnailer.cpp` and `moviedecoder.cpp`. Its "smart" variant
    takes the one of the 25 frames that follow whose histogram is nearest to their mean.
    """
    with av.open(str(video)) as container:
        try:
            moment_s = int(peer_frames.duration_s(container)) // 10
            container.seek(peer_frames.offset(container, moment_s), backward=False)
        except av.PermissionError:  # FFmpeg's word for no keyframe from there on
            container.seek(peer_frames.offset(container, 0))
        frames = container.decode(video=0)
        keyframe = next(frames, None)
        if keyframe is None:  # MPEG-TS has no index to know it by
            return at_share(video, 0.0)
        following = list(itertools.islice(frames, SMART_FRAMES)) if smart else []
        if len(following) < SMART_FRAMES:
            return [peer_frames.time_s(keyframe, container)]
        nearest = nearest_to_mean([peer_frames.small(frame, SMART_LONG_SIDE_PX) for frame in following])
        return [peer_frames.time_s(following[nearest], container)]


def nearest_to_mean(pictures: Sequence[NDArray[np.uint8]]) -> int:
    """Return the number of the picture whose histogram is nearest to the mean of all."""
    histograms = np.array(
        [[np.bincount(plane.ravel(), minlength=256)[:SMART_BINS] for plane in cv2.split(p)] for p in pictures]
    )
    apart = np.abs(histograms - histograms.mean(axis=0)).sum(axis=1)
    return int((apart**2).sum(axis=1).argmin())


def totem(video: Path) -> list[float]:
    """GNOME, totem's `src/totem-video-thumbnailer.c`: the first of five keyframes that is not uniform."""
    shown: list[float] = []
    for share in TOTEM_SHARES:
        with av.open(str(video)) as container:
            container.seek(peer_frames.offset(container, share * peer_frames.duration_s(container)))
            frame = next(container.decode(video=0), None)
            if frame is None:  # in MPEG-TS, behind the last keyframe
                continue
            shown = [peer_frames.time_s(frame, container)]
            if frame.to_ndarray(format="rgb24").var() > TOTEM_BORING_VARIANCE:
                break
    return shown


def hecate_like(video: Path) -> list[float]:
    """Like Yahoo's hecate: see `peer_hecate`."""
    return peer_hecate.pick(peer_frames.small_frames(video, HECATE_LONG_SIDE_PX))[:COUNT]


def katna_like(video: Path) -> list[float]:
    """Like Katna: see `peer_katna`."""
    return peer_katna.pick(peer_frames.small_frames(video, KATNA_LONG_SIDE_PX), COUNT)


PEERS: dict[str, Peer] = {
    "first frame": partial(at_share, share=0.0),
    "5%": partial(at_share, share=0.05),
    "10%": partial(at_share, share=0.1),
    "15%": partial(at_share, share=0.15),
    "20% (Stash)": partial(at_share, share=0.2),
    "33%": partial(at_share, share=1 / 3),
    "50% (Mux, Brightcove)": partial(at_share, share=0.5),
    "random (MediaCMS)": mediacms,
    "PhotoPrism": photoprism,
    "ffmpegthumbnailer": ffmpegthumbnailer,
    "ffmpegthumbnailer, smart": partial(ffmpegthumbnailer, smart=True),
    "totem": totem,
    "ffmpeg thumbnail": ffmpeg_thumbnail,
    "Jellyfin": jellyfin,
    "PeerTube": peertube,
    "Immich": immich,
    "Katna-like": katna_like,
    "hecate-like": hecate_like,
}
