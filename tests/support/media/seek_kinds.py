"""Clips whose frames depend on more than the keyframe before them, or say that they do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.support.media import clips
from tests.support.media.clips import Format

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

RATE = Fraction(10)
_OPEN_264 = {"preset": "medium", "x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"}
_REFRESH = {"preset": "medium", "x264-params": "intra-refresh=1:scenecut=0"}


def _form(codec: str, gop: int = 12, **options: str) -> Format:
    return Format(codec=codec, rate=RATE, gop=gop, options=options)


@dataclass(frozen=True)
class SeekKind:
    """One kind of file."""

    name: str  #: of the file; its suffix chooses the container
    form: Format
    are_all_keyframes: bool = False  #: whether every packet is flagged as one


KINDS = {
    "h264 with open groups, mp4": SeekKind("a.mp4", _form("libx264", **_OPEN_264)),
    "h264 with open groups, ts": SeekKind("a.ts", _form("libx264", **_OPEN_264)),
    "hevc with open groups, mp4": SeekKind(
        "a.mp4", _form("libx265", **{"x265-params": "open-gop=1:bframes=4:log-level=none"})
    ),
    "hevc with open groups, ts": SeekKind(
        "a.ts", _form("libx265", **{"x265-params": "open-gop=1:bframes=4:log-level=none"})
    ),
    "mpeg-2 with open groups, ts": SeekKind(
        "a.ts", Format(codec="mpeg2video", rate=Fraction(25), options={"bf": "2"})
    ),
    "mpeg-2 with open groups, ps": SeekKind(
        "a.mpg", Format(codec="mpeg2video", rate=Fraction(25), options={"bf": "2"})
    ),
    "h264 with intra refresh, mp4": SeekKind("a.mp4", _form("libx264", 20, **_REFRESH)),
    "h264 with intra refresh, ts": SeekKind("a.ts", _form("libx264", 20, **_REFRESH)),
    "h264, all flagged, mp4": SeekKind("a.mp4", _form("libx264", 30), are_all_keyframes=True),
    "h264, all flagged, mkv": SeekKind("a.mkv", _form("libx264", 30), are_all_keyframes=True),
    "hevc, all flagged, mp4": SeekKind("a.mp4", _form("libx265", 30), are_all_keyframes=True),
    "mpeg-4, all flagged, mp4": SeekKind("a.mp4", _form("mpeg4", 30, b="4M"), are_all_keyframes=True),
    "vp9, all flagged, webm": SeekKind("a.webm", _form("libvpx-vp9", 30), are_all_keyframes=True),
    "mpeg-4 with b-frames, avi": SeekKind("a.avi", _form("mpeg4", 30, bf="2", b="4M")),
}


def write(path: Path, kind: SeekKind, seconds: int = 20) -> Path:
    """Write a clip of this kind: a square that moves over footage that changes now and then."""
    frames = moving(seconds * round(kind.form.rate))
    clips.write(path, frames, kind.form)
    if kind.are_all_keyframes:
        flag_all(path)
    return path


def moving(count: int) -> list[Rgb]:
    """Draw frames that no two of which are alike, and of which each is an enlarged noise that drifts."""
    noise = np.random.default_rng(7).integers(30, 220, (20, 60, 3), np.uint8)
    wide = np.asarray(cv2.resize(noise, (960, 320), interpolation=cv2.INTER_CUBIC))
    return [
        np.ascontiguousarray(wide[step % 140 : step % 140 + 180, 5 * step % 640 : 5 * step % 640 + 320])
        for step in range(count)
    ]


def flag_all(path: Path) -> None:
    """Flag every packet of a file as a keyframe, as some muxers do."""
    flagged = path.with_stem("flagged")
    with av.open(path) as source, av.open(flagged, "w") as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None or packet.pts is not None:
                packet.is_keyframe = True
                packet.stream = copied
                target.mux(packet)
    flagged.replace(path)


def write_444(path: Path, frames: list[Rgb], build: int, gop: int = 8) -> Path:
    """Write 4:4:4 by x264, and say that this build of it wrote it: up to 150, decoders go another way."""
    form = Format(
        pix_fmt="yuv444p",
        rate=RATE,
        gop=gop,
        options={"preset": "medium", "crf": "20", "x264-params": "scenecut=0:bframes=0:ref=1"},
    )
    clips.write(path, frames, form)
    path.write_bytes(re.sub(rb"x264 - core \d{3}", b"x264 - core %d" % build, path.read_bytes()))
    return path
