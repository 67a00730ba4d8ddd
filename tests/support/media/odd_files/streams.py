"""Files of several streams: sound that outlasts the picture, stills and small copies beside the video."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import GOOD_DELTA_E, OddFile, Truth, by_rate_or_decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from av.container import OutputContainer

    from worker.pipeline.frames import Rgb

SOUND_S = 20.0
PODCAST_S = 60.0
SMALL = (96, 54)
_SOUND_CODEC = {".wmv": "wmav2", ".avi": "libmp3lame", ".flv": "libmp3lame"}
# Without B-frames, for which some containers have no time stamps.
_FAST = {"preset": "veryfast", "crf": "14", "bf": "0"}
_PICTURE_CODEC = {".wmv": ("wmv2", {"b": "3000000"})}


def with_sound(path: Path, count: int, sound_s: float) -> None:
    """Write so many frames of the film, and sound that goes on."""
    codec, options = _PICTURE_CODEC.get(path.suffix, ("libx264", _FAST))
    with av.open(path, "w") as container:
        write_picture = _add_picture(container, stamped.film(count), codec, options)
        write_sound = raw.add_tone(container, sound_s, _SOUND_CODEC.get(path.suffix, "aac"))
        write_picture()
        write_sound()


def _add_picture(
    container: OutputContainer,
    frames: Sequence[Rgb],
    codec: str,
    options: Mapping[str, str],
    *,
    disposition: str = "",
) -> Callable[[], None]:
    stream = container.add_stream(codec, rate=stamped.RATE, options=dict(options))
    stream.height, stream.width = frames[0].shape[:2]
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = 12
    if codec != "mjpeg":
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
    if disposition:
        stream.disposition = getattr(av.stream.Disposition, disposition)

    def write() -> None:
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24").reformat(
                format=stream.pix_fmt,
                dst_colorspace="ITU601" if codec == "mjpeg" else "ITU709",
                dst_color_range="JPEG" if codec == "mjpeg" else "MPEG",
            )
            frame.pts, frame.time_base = number, Fraction(1, stamped.RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    return write


def still_first(path: Path, *, is_cover: bool = False) -> None:
    """Write a still as the first stream, then the video; the still may be flagged as a cover."""
    still = [np.full((216, 384, 3), (90, 60, 140), np.uint8)]
    with av.open(path, "w") as container:
        writers = [
            _add_picture(container, still, "mjpeg", {}, disposition="attached_pic" if is_cover else ""),
            _add_picture(container, stamped.film(), "libx264", _FAST, disposition="default"),
        ]
        for write in writers:
            write()


def small_first(path: Path) -> None:
    """Write a small copy before the large stream that is flagged as the default."""
    small = [cv2.resize(rgb, SMALL, interpolation=cv2.INTER_AREA) for rgb in stamped.film()]
    with av.open(path, "w") as container:
        writers = [
            _add_picture(container, small, "libx264", _FAST),
            _add_picture(container, stamped.film(), "libx264", _FAST, disposition="default"),
        ]
        for write in writers:
            write()


def two_cameras(path: Path) -> None:
    """Write two equal streams; the first is the one that is shown."""
    with av.open(path, "w") as container:
        writers = [
            _add_picture(container, stamped.film(), "libx264", _FAST),
            _add_picture(container, [rgb[::-1] for rgb in stamped.film()], "libx264", _FAST),
        ]
        for write in writers:
            write()


def cut_short(path: Path, *, share: float, options: dict[str, str]) -> None:
    """Write a file, and keep a share of its bytes."""
    form = clips.Format(options={"bf": "0"}, muxer_options=options)
    clips.cut_short(clips.write(path, stamped.film(100), form, audio_s=4.0), share)


_INEXACT = Truth(times_s=by_rate_or_decode)
_UNTAGGED = Truth(times_s=by_rate_or_decode, max_delta_e=2 * GOOD_DELTA_E)
_ONE = Truth(frames=1)
_LONGER = Truth(frames=100)

KINDS = (
    *(
        OddFile(
            f"sound longer than the picture, {suffix[1:]}",
            "several streams",
            suffix,
            partial(with_sound, count=stamped.FRAMES, sound_s=SOUND_S),
            {".avi": _INEXACT, ".wmv": _UNTAGGED}.get(suffix, Truth()),
        )
        for suffix in (".mp4", ".mkv", ".ts", ".flv", ".avi", ".wmv")
    ),
    *(
        OddFile(
            f"one picture with sound, {suffix[1:]}",
            "several streams",
            suffix,
            partial(with_sound, count=1, sound_s=PODCAST_S),
            _ONE,
        )
        for suffix in (".mp4", ".mkv", ".flv")
    ),
    OddFile("still before the video, mkv", "several streams", ".mkv", still_first),
    OddFile("still before the video, mov", "several streams", ".mov", still_first),
    OddFile("cover before the video, mp4", "several streams", ".mp4", partial(still_first, is_cover=True)),
    OddFile("small copy before the video", "several streams", ".mp4", small_first),
    OddFile("two cameras", "several streams", ".mp4", two_cameras),
    OddFile(
        "cut short, mp4 with its index in front",
        "cut short",
        ".mp4",
        partial(cut_short, share=0.6, options={"movflags": "faststart"}),
        _LONGER,
    ),
    OddFile(
        "cut short, fragmented mp4",
        "cut short",
        ".mp4",
        partial(cut_short, share=0.6, options={"movflags": "frag_keyframe+empty_moov"}),
        _LONGER,
    ),
    OddFile("cut short, mkv", "cut short", ".mkv", partial(cut_short, share=0.6, options={}), _LONGER),
    OddFile("cut short, ts", "cut short", ".ts", partial(cut_short, share=0.6, options={}), _LONGER),
    OddFile(
        "cut short, avi",
        "cut short",
        ".avi",
        partial(cut_short, share=0.6, options={}),
        Truth(frames=100, times_s=by_rate_or_decode),
    ),
)
