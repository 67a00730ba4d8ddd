"""What a video file is: the facts that whatever decodes and shows its frames goes by."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fractions import Fraction  # noqa: TC003 - a video crosses from the decode process by its annotations
from pathlib import Path  # noqa: TC003
from typing import NamedTuple

from worker.files.video_file import PieceStart  # noqa: TC001

Region = tuple[float, float, float, float]
"""A part of a picture: left, top, right, bottom as shares (0..1) of its width and height."""


class StatedColours(NamedTuple):
    """What a container says of the colours of its picture, in code points of ITU-T H.273.

    2 stands for "unspecified" in all three.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    is_ipt_pq: bool = False  #: samples are IPT-PQ-C2 (Dolby Vision profile 5), whatever their tags say
    is_opaque: bool = False  #: what looks like alpha is a byte without a use, as in raw pictures of 32 bits


NOTHING_STATED = StatedColours()


class TransferFunction(enum.StrEnum):
    """How light is coded in the samples."""

    SDR = "sdr"  #: BT.709 and its relatives
    PQ = "pq"  #: SMPTE ST 2084 (HDR10, Dolby Vision)
    HLG = "hlg"  #: ARIB STD-B67


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """The largest video that is looked at."""

    duration_s: float = 6 * 3600
    pixels: int = 8192 * 4320  #: of one frame, as stored and as shown
    streams: int = 32


DEFAULT_LIMITS = VideoLimits()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file's packets within which time stamps run on."""

    begins_at: int  #: its first byte in the file
    decodable_at: int  #: the first byte of its first keyframe; `begins_at` where it has none
    shift: int  #: ticks that are added to its stamps, so that they count played time


@dataclass(frozen=True, slots=True)
class JoinedParts:
    """A file whose time stamps jump: what it plays, part behind part."""

    parts: tuple[Part, ...]  #: in order of the file
    keyframes: tuple[tuple[int, int], ...]  #: when each is shown, in ticks of played time; its first byte
    ends_at: int  #: end of the picture, in ticks of played time


@dataclass(frozen=True, slots=True)
class Video:
    """What the container and the first frame say about a video file."""

    path: Path
    duration_s: float  #: when the picture ends, on the clock of a player of the whole video
    width_px: int  #: as shown: after rotation and sample aspect ratio
    height_px: int  #: as shown
    rotation_deg: int  #: clockwise turn that brings the picture upright: 0, 90, 180 or 270
    sample_aspect_ratio: Fraction  #: width of a stored sample over its height as shown; 1 for square
    frame_rate: Fraction | None  #: average; None where the container does not say
    is_vfr: bool  #: frame spacing varies
    is_interlaced: bool
    transfer: TransferFunction
    codec: str  #: FFmpeg's name of it, e.g. "h264"
    start_s: float  #: when the first picture appears; > 0 where the picture starts late
    stream_index: int = 0  #: of the stream whose picture is looked at
    is_mirrored: bool = False  #: left and right are to be swapped before the turn
    visible: Region | None = None  #: the part of the stored picture that is shown; None for all of it
    is_linear: bool = False  #: frames after a seek are damaged, so decoding begins at the start of the file
    begins_at_s: float = 0.0  #: when in the whole video this file begins; > 0 for a later piece of it
    joined: JoinedParts | None = None  #: where time stamps jump; None where they run on
    pieces: tuple[PieceStart, ...] = ()  #: where those begin of which only the beginnings are looked at
    stated_colours: StatedColours = NOTHING_STATED  #: what the container says, where frames do not
    notes: tuple[str, ...] = ()  #: sentences for people about what is unusual in the file

    @property
    def length_s(self) -> float:
        """Seconds that this file plays."""
        return self.duration_s - self.begins_at_s

    @property
    def stored_pixels(self) -> int:
        """Pixels of a frame as a decoder holds it, of which perhaps only a part is shown."""
        left, top, right, bottom = self.visible or (0.0, 0.0, 1.0, 1.0)
        stretch = max(self.sample_aspect_ratio, 1 / self.sample_aspect_ratio)
        return max(1, round(self.width_px * self.height_px / stretch / ((right - left) * (bottom - top))))
