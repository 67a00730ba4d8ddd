"""What a kind of file is: how it is made, and what a right thumbnail of it shows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import av

from tests.support.media import stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

GOOD_DELTA_E = 5.0
"""Mean distance in CIELAB that coding, scaling and JPEG stay below; a wrong matrix or gamut goes beyond."""
TONE_MAPPED_DELTA_E = 12.0
"""The same where the light is to be toned down from HDR, for which there is no one right way."""


NEVER_S = -1e9
"""The moment of a frame that the file does not show."""


class NotMade(Exception):
    """This machine's FFmpeg has no encoder for it; the message names what lacks."""


def as_is(rgb: Rgb) -> Rgb:
    """Return the picture of the film as it is."""
    return rgb


def at_rate(_path: Path, number: int) -> tuple[float, ...]:
    """Say when a frame of the film is due where the file holds the film from its start."""
    return (number / stamped.RATE,)


def by_linear_decode(path: Path, number: int) -> tuple[float, ...]:
    """Find when a frame is shown by decoding the file from its start; never, where it does not occur."""
    return tuple(time_s for time_s, found in _decoded(path) if found == number) or (NEVER_S,)


@lru_cache(maxsize=4)
def _decoded(path: Path) -> tuple[tuple[float, int | None], ...]:
    found = []
    with av.open(path) as container:
        start_s = (container.start_time or 0) / av.time_base
        for packet in container.demux(video=0):
            with suppress(av.FFmpegError):  # damaged, as some kinds are
                for frame in packet.decode():
                    if frame.time is not None:
                        number = stamped.number_of(frame.to_ndarray(format="rgb24"))
                        found.append((frame.time - start_s, number))
    return tuple(found)


def by_rate_or_decode(path: Path, number: int) -> tuple[float, ...]:
    """Say when a frame is due where B-frames have no time stamps: up to two frames late, or as decoded."""
    late = tuple((number + delay) / stamped.RATE for delay in range(3))
    return (*late, *by_linear_decode(path, number))


def at_any_time(_path: Path, _number: int) -> tuple[float, ...]:
    """Say that the time is not looked at."""
    return ()


@dataclass(frozen=True, slots=True)
class Truth:
    """What a right thumbnail shows."""

    look: Callable[[Rgb], Rgb] = as_is  #: from a frame of the film to the picture that a player shows
    times_s: Callable[[Path, int], Sequence[float]] = at_rate  #: moments at which a frame may be said to be
    max_delta_e: float | None = GOOD_DELTA_E  #: mean; None where the colours are not looked at
    frames: int = stamped.FRAMES  #: how many of the film's frames the file may show
    is_measured: bool = True  #: False where the picture is too small or narrow to be recognised


@dataclass(frozen=True, slots=True)
class OddFile:
    """One kind of file."""

    name: str  #: in a few words, unique
    group: str  #: the row of the table that it is counted in
    suffix: str
    make: Callable[[Path], object]  #: write the file; raises `NotMade`, or FFmpeg's errors, where it cannot
    truth: Truth = field(default_factory=Truth)

    @property
    def file_name(self) -> str:
        """Of the file, without spaces."""
        return "".join(mark if mark.isalnum() else "-" for mark in self.name) + self.suffix
