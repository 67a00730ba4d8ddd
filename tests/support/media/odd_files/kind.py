"""What a kind of file is: how it is made, and what a right thumbnail of it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.media import stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

GOOD_DELTA_E = 5.0
"""Mean distance in CIELAB that coding, scaling and JPEG stay below; a wrong matrix or gamut goes beyond."""
TONE_MAPPED_DELTA_E = 12.0
"""The same where the light is to be toned down from HDR, for which there is no one right way."""


class NotMade(Exception):
    """This machine's FFmpeg has no encoder for it; the message names what lacks."""


def as_is(rgb: Rgb) -> Rgb:
    """Return the picture of the film as it is."""
    return rgb


def at_rate(_path: Path, number: int) -> tuple[float, ...]:
    """Say when a frame of the film is due where the file holds the film from its start."""
    return (number / stamped.RATE,)


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
    is_linear: bool = False  #: what is right is what a decoder shows that began at the start of the file
    is_measured: bool = True  #: False where the picture is too small or narrow to be recognised


@dataclass(frozen=True, slots=True)
class Kind:
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
