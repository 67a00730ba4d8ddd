"""Seconds of a player's clock, and the ticks of a stream."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class Clock:
    """Converts between a stream's ticks and seconds from the start of the container."""

    time_base: Fraction
    origin: Fraction  #: start of the container on the stream's time line, in seconds

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream) -> Clock:
        """Make the clock of one stream of an open container."""
        return cls(stream.time_base or Fraction(1, 1000), Fraction(container.start_time or 0, av.time_base))

    def time_s(self, pts: int) -> float:
        """Convert ticks to seconds, rounded down to a microsecond: a seek never lands on the next frame."""
        return math.floor((pts * self.time_base - self.origin) * 1_000_000) / 1_000_000

    def pts(self, time_s: float) -> int:
        """Find the last tick at or before a moment, give or take the microsecond that `time_s` drops."""
        return math.floor((Fraction(time_s) + Fraction(1, 1_000_000) + self.origin) / self.time_base)
