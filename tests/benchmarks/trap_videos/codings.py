"""How a trap video is stored: containers, codecs, keyframes, turned, squeezed, interlaced, HDR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.trap_videos.bad_frames import RATE
from tests.support.media import clips, pictures
from worker.pipeline.media import TransferFunction

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

# Reference white in HDR (BT.2408), to which the white of the SDR footage is graded.
WHITE_NITS = 203.0
KEYFRAMES_S = (1, 2, 5, 10)
X264 = {"preset": "veryfast", "crf": "21", "bf": "3"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
VFR_KEPT = (0, 1, 3, 4, 5, 8)  # of every eleven frames


@dataclass(frozen=True, slots=True)
class Coding:
    """One way of storing."""

    name: str
    suffixes: tuple[str, ...] = (".mp4", ".mkv", ".ts", ".fragmented.mp4", ".webm")
    form: clips.Format = clips.Format()  # noqa: RUF009 (frozen)
    transfer: TransferFunction = TransferFunction.SDR
    is_vfr: bool = False


_HEVC10 = clips.Format(codec="libx265", pix_fmt="yuv420p10le")
PLAIN = Coding("plain")
CODINGS = (
    *[PLAIN] * 8,
    *(Coding(f"rotated {turn}", (".mp4",), clips.Format(rotation_deg=turn)) for turn in (90, 180, 270)),
    Coding("wide samples", form=clips.Format(sample_aspect_ratio=Fraction(4, 3))),
    Coding("tall samples", (".mp4", ".mkv", ".ts"), clips.Format(sample_aspect_ratio=Fraction(8, 9))),
    Coding("VFR", (".mp4", ".mkv", ".webm"), is_vfr=True),
    Coding("VFR", (".mp4", ".mkv", ".webm"), is_vfr=True),
    Coding("PQ", (".mp4", ".mkv"), replace(_HEVC10, color=clips.PQ), TransferFunction.PQ),
    Coding("HLG", (".mp4", ".ts"), replace(_HEVC10, color=clips.HLG), TransferFunction.HLG),
    Coding("interlaced", (".ts", ".mkv"), clips.Format(is_interlaced=True)),
    Coding("interlaced", (".ts", ".mp4"), clips.Format(is_interlaced=True)),
)


def shown_numbers(coding: Coding, count: int) -> list[int]:
    """Say which of the frames a video has."""
    return [n for n in range(count) if not coding.is_vfr or n % 11 in VFR_KEPT]


def form(coding: Coding, suffix: str, rng: Generator) -> clips.Format:
    """Choose the encoder's settings: keyframes near or far, at cuts too or not."""
    gop = RATE * int(rng.choice(KEYFRAMES_S))
    at_cuts = bool(rng.integers(2))
    muxer = FRAGMENTED if suffix.startswith(".fragmented") else {}
    if suffix == ".webm":
        return replace(coding.form, codec="libvpx-vp9", gop=gop)
    if coding.form.codec == "libx265":
        tune = f"log-level=none:keyint={gop}:scenecut={40 if at_cuts else 0}"
        return replace(coding.form, gop=gop, options={"x265-params": tune}, muxer_options=muxer)
    options = {**X264, "sc_threshold": "40" if at_cuts else "0"}
    return replace(coding.form, gop=gop, options=options, muxer_options=muxer)


def coded(frames: Sequence[Rgb], coding: Coding) -> Sequence[NDArray[np.generic]]:
    """Turn frames as they are shown into code values; one at a time where that takes more memory."""
    if coding.form.is_interlaced:
        following = [*frames[1:], frames[-1]]
        return [pictures.interlace([one, other])[0] for one, other in zip(frames, following, strict=True)]
    return frames if coding.transfer is TransferFunction.SDR else _Graded(frames, coding.transfer)


class _Graded(Sequence["NDArray[np.uint16]"]):
    """Frames in HDR, 16 bits deep, made when they are looked at."""

    def __init__(self, frames: Sequence[Rgb], transfer: TransferFunction) -> None:
        self._frames, self._transfer = frames, transfer

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> NDArray[np.uint16]:  # type: ignore[override]
        return _codes(self._transfer)[self._frames[number]]


@cache
def _codes(transfer: TransferFunction) -> NDArray[np.uint16]:
    """Return the code value of each sRGB value; the primaries stay, which makes colours stronger."""
    linear = (np.arange(256) / 255) ** 2.2
    if transfer is TransferFunction.PQ:  # BT.2100 table 4
        power = (linear * WHITE_NITS / 10_000) ** (2610 / 16384)
        code = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    else:  # BT.2100 table 5; the scene light of 203 nits on a display of 1000
        scene = linear ** (1 / 1.2) * (WHITE_NITS / 1000) ** (1 / 1.2)
        code = np.where(
            scene <= 1 / 12,
            np.sqrt(3 * scene),
            0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073,
        )
    return np.rint(code * 65535).astype(np.uint16)
