"""Writes small video files of every kind a user may bring, with PyAV alone.

`write(path, frames)` takes the frames as they should be *shown*: where a clip is to be rotated or
anamorphic, the stored samples are turned and squeezed here, so a right decoder gives the input back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from tests.support.media import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from av.container import OutputContainer

    from worker.pipeline.frames import Rgb

_TICK = Fraction(1, 90_000)  # fine enough for any frame time, and what MPEG-TS uses
_AUDIO_RATE_HZ = 48_000
_QUIET = {"libx265": {"x265-params": "log-level=none"}}
_FAST = {
    "libx264": {"preset": "veryfast", "crf": "16"},
    "libx265": {"preset": "ultrafast", "crf": "16"},
    "libsvtav1": {"preset": "10", "crf": "20"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "20", "b": "0"},
    "mpeg2video": {"qscale": "2", "b": "8000000"},
    "mjpeg": {"qscale": "2"},
}


@dataclass(frozen=True)
class ColorTags:
    """What a stream claims about its samples: code points of ITU-T H.273; None leaves the tag out."""

    primaries: int | None = 1
    transfer: int | None = 1
    matrix: int | None = 1
    is_full_range: bool = False
    coded_with: Colorspace = Colorspace.ITU709  #: the matrix really used


BT709 = ColorTags()
BT601 = ColorTags(primaries=6, transfer=6, matrix=6, coded_with=Colorspace.ITU601)
FULL_RANGE = replace(BT709, is_full_range=True)
PQ = ColorTags(primaries=9, transfer=16, matrix=9, coded_with=Colorspace.BT2020)
HLG = replace(PQ, transfer=18)


@dataclass(frozen=True)
class Format:
    """How a clip is coded; the defaults give a plain H.264 file."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    rate: Fraction = Fraction(25)
    gop: int = 12  #: frames between keyframes
    color: ColorTags = BT709
    rotation_deg: int = 0  #: clockwise turn a player must apply
    is_mirrored: bool = False  #: left and right are to be swapped before the turn
    sample_aspect_ratio: Fraction = Fraction(1)
    is_interlaced: bool = (
        False  #: flagged and coded as two fields; weave the frames with `pictures.interlace`
    )
    options: Mapping[str, str] = field(default_factory=dict)  #: the encoder's own, e.g. {"bf": "0"}
    muxer_options: Mapping[str, str] = field(default_factory=dict)


PLAIN = Format()
ENCRYPTED = Format(
    muxer_options={
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
)
WITHOUT_DURATION = Format(muxer_options={"live": "1"})  #: for .mkv and .webm; .ts never has one


def write(
    path: Path,
    frames: Sequence[Rgb],
    form: Format = PLAIN,
    *,
    times_s: Sequence[float] | None = None,
    start_s: float = 0.0,
    audio_s: float = 0.0,
) -> Path:
    """Write a clip; the container follows from the suffix (.mp4 .mov .mkv .webm .ts .avi .mpg).

    Args:
        path: Where to write; returned.
        frames: As shown, RGB; uint8, or uint16 where 8 bits are too few.
        form: How to code them.
        times_s: When each frame appears, for a variable frame rate; evenly by `form.rate` if None.
        start_s: When the first frame appears. Add audio, or players take it for the zero of time.
        audio_s: Seconds of a quiet tone from time zero.
    """
    times = times_s or [index / form.rate for index in range(len(frames))]
    with av.open(path, "w", container_options=dict(form.muxer_options)) as container:
        stream = _add_video(container, frames[0], form)
        is_even = times_s is None and not start_s
        if not is_even:
            stream.codec_context.time_base = _TICK
        if audio_s:
            write_tone(container, audio_s)
        for index, (rgb, time_s) in enumerate(zip(frames, times, strict=True)):
            frame = _stored(rgb, form)
            frame.time_base = 1 / form.rate if is_even else _TICK
            frame.pts = index if is_even else round((float(time_s) + start_s) / _TICK)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _add_video(container: OutputContainer, rgb: Rgb, form: Format) -> av.VideoStream:
    tune = {**_FAST.get(form.codec, {}), **_QUIET.get(form.codec, {}), **form.options}
    stream = container.add_stream(form.codec, rate=form.rate, options=tune)
    stored = _stored(rgb, form)
    stream.width, stream.height, stream.pix_fmt = stored.width, stored.height, form.pix_fmt
    context = stream.codec_context
    context.gop_size = form.gop
    context.sample_aspect_ratio = form.sample_aspect_ratio
    if form.rotation_deg or form.is_mirrored:
        stream.set_display_matrix(display_matrix(form.rotation_deg, is_mirrored=form.is_mirrored))
    if form.is_interlaced:
        context.flags |= int(av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me)
    for name, tag in (
        ("color_primaries", form.color.primaries),
        ("color_trc", form.color.transfer),
        ("colorspace", form.color.matrix),
    ):
        if tag is not None:
            setattr(context, name, tag)
    context.color_range = ColorRange.JPEG if form.color.is_full_range else ColorRange.MPEG
    return stream


def display_matrix(angle_deg: float, *, is_mirrored: bool = False) -> list[int]:
    """Make FFmpeg's display matrix for a mirror image, or not, that is turned clockwise by any angle."""
    cos, sin = (round(65536 * part(math.radians(angle_deg))) for part in (math.cos, math.sin))
    sign = -1 if is_mirrored else 1
    return [sign * cos, sign * sin, 0, -sin, cos, 0, 0, 0, 1 << 30]


def turned_back(rgb: Rgb, form: Format) -> Rgb:
    """Turn a picture so that a player, who mirrors it and turns it clockwise, brings it back."""
    turned = np.rot90(rgb, form.rotation_deg // 90)  # counterclockwise
    return np.ascontiguousarray(turned[:, ::-1] if form.is_mirrored else turned)


def _stored(rgb: Rgb, form: Format) -> av.VideoFrame:
    """The samples that a player turns and stretches into `rgb`."""
    turned = turned_back(rgb, form)
    height, width = turned.shape[:2]
    if form.sample_aspect_ratio != 1:
        width = round(width / form.sample_aspect_ratio / 2) * 2
        turned = cv2.resize(turned, (width, height), interpolation=cv2.INTER_AREA)
    packed = "rgb24" if rgb.dtype == np.uint8 else "rgb48le"
    return av.VideoFrame.from_ndarray(turned, packed).reformat(
        format=form.pix_fmt,
        dst_colorspace=form.color.coded_with,
        dst_color_range=ColorRange.JPEG if form.color.is_full_range else ColorRange.MPEG,
    )


def write_tone(container: OutputContainer, seconds: float) -> None:
    """Add a stream of a quiet tone from time zero, encoded as the container wants it."""
    codec = "libopus" if container.format.name == "webm" else "aac"
    stream = container.add_stream(codec, rate=_AUDIO_RATE_HZ, layout="mono")
    time = np.arange(round(seconds * _AUDIO_RATE_HZ)) / _AUDIO_RATE_HZ
    wave = (0.1 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = _AUDIO_RATE_HZ, 0
    for resampled in av.AudioResampler(
        "s16" if codec == "libopus" else "fltp", "mono", frame_size=960
    ).resample(frame):
        container.mux(stream.encode(resampled))
    container.mux(stream.encode())


def write_audio_only(path: Path, seconds: float = 1.0) -> Path:
    """Write a file with sound and no picture."""
    with av.open(path, "w") as container:
        write_tone(container, seconds)
    return path


def cut_short(path: Path, share: float = 0.3) -> Path:
    """Keep only the first `share` of a file's bytes, as an upload that broke off does."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def write_plain(path: Path, count: int = 50) -> Path:
    """Write a clip of numbered frames, for a test that only needs some video."""
    return write(path, pictures.numbered(count))
