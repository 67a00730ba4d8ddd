"""Ordinary pictures in many codecs and containers: what has to go on to pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files.kind import GOOD_DELTA_E, OddFile, Truth, at_any_time

if TYPE_CHECKING:
    from pathlib import Path

_RATE = {"b": "4000000"}
_FORMS: tuple[tuple[str, str, Format], ...] = (
    ("H.264", ".mp4", Format()),
    ("H.264", ".mkv", Format()),
    ("H.264", ".mov", Format()),
    ("H.264", ".ts", Format()),
    ("H.264", ".flv", Format()),
    ("H.264 4:2:2 10 bit", ".mp4", Format(pix_fmt="yuv422p10le")),
    ("H.264 4:4:4", ".mp4", Format(pix_fmt="yuv444p")),
    ("HEVC 10 bit", ".mp4", Format("libx265", "yuv420p10le")),
    ("HEVC 12 bit", ".mp4", Format("libx265", "yuv420p12le")),
    ("AV1", ".mp4", Format("libsvtav1")),
    ("AV1", ".webm", Format("libsvtav1")),
    ("VP8", ".webm", Format("libvpx", options={"deadline": "realtime", "cpu-used": "8", **_RATE})),
    ("VP9", ".webm", Format("libvpx-vp9")),
    ("MPEG-1", ".mpg", Format("mpeg1video", options=_RATE)),
    ("MPEG-2", ".mpg", Format("mpeg2video")),
    ("MPEG-2", ".mxf", Format("mpeg2video")),
    ("MPEG-4", ".avi", Format("mpeg4", options=_RATE)),
    ("MPEG-4", ".mp4", Format("mpeg4", options=_RATE)),
    ("WMV 2", ".wmv", Format("wmv2", options=_RATE)),
    ("ProRes", ".mov", Format("prores_ks", "yuv422p10le")),
    ("DNxHR", ".mov", Format("dnxhd", "yuv422p", options={"profile": "dnxhr_hq"})),
    ("FFV1", ".mkv", Format("ffv1")),
    ("HuffYUV", ".avi", Format("huffyuv", "yuv422p")),
    ("Ut Video", ".avi", Format("utvideo", "yuv422p")),
    ("MagicYUV", ".avi", Format("magicyuv", "yuv422p")),
    ("CineForm", ".mov", Format("cfhd", "yuv422p10le")),
    ("JPEG 2000", ".mov", Format("jpeg2000", "yuv420p")),
    ("v210", ".mov", Format("v210", "yuv422p10le")),
    ("raw UYVY", ".mov", Format("rawvideo", "uyvy422")),
    ("raw BGR", ".avi", Format("rawvideo", "bgr24")),
    (
        "Motion JPEG",
        ".avi",
        Format("mjpeg", "yuvj422p", color=clips.ColorTags(None, None, None, True, clips.BT601.coded_with)),
    ),
    ("Sorenson H.263", ".flv", Format("flv", options=_RATE)),
    ("QuickTime PNG", ".mov", Format("png", "rgb24")),
    ("Theora", ".ogv", Format("libtheora", options={"qscale": "9"})),
    ("Hap", ".mov", Format("hap", "rgba")),
)
_SIZED: tuple[tuple[str, str, Format, tuple[int, int], tuple[int, int]], ...] = (
    ("DV", ".avi", Format("dvvideo", "yuv420p", color=clips.BT601), (720, 576), (768, 576)),
    ("H.263", ".3gp", Format("h263", options=_RATE), (352, 288), (352, 288)),
)
"""With the size that is stored, and that which is shown."""


def written(path: Path, form: Format, size: tuple[int, int] | None = None) -> None:
    """Write the film in a codec, at the size that the codec demands."""
    frames = stamped.film()
    if size:
        frames = [cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC) for rgb in frames]
    clips.write(path, frames, form)


def gif(path: Path) -> None:
    """Write an animated GIF."""
    clips.write(path, stamped.film(30), Format("gif", "rgb8", color=clips.FULL_RANGE))


def one_frame(path: Path) -> None:
    """Write a single frame."""
    clips.write(path, stamped.film(1))


# A codec that stores no tags is read as BT.601 at this size; what tells the two apart is in the other groups.
_UNTAGGED = Truth(max_delta_e=2 * GOOD_DELTA_E)

KINDS = (
    *(
        OddFile(f"{name}, {suffix[1:]}", "codecs", suffix, partial(written, form=form), _UNTAGGED)
        for name, suffix, form in _FORMS
    ),
    *(
        OddFile(
            f"{name}, {suffix[1:]}",
            "codecs",
            suffix,
            partial(written, form=form, size=size),
            Truth(look=partial(cv2.resize, dsize=shown), max_delta_e=2 * GOOD_DELTA_E),
        )
        for name, suffix, form, size, shown in _SIZED
    ),
    OddFile("GIF", "codecs", ".gif", gif, Truth(frames=30, times_s=at_any_time, max_delta_e=None)),
    OddFile("a single frame", "codecs", ".mp4", one_frame, Truth(frames=1)),
)
