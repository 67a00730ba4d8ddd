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
class StreamClock:
    """Converts between a stream's ticks and seconds of a player that plays the whole video."""

    time_base: Fraction
    origin: Fraction  #: where the whole video starts on the stream's time line, in seconds

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream, begins_at_s: float = 0.0) -> StreamClock:
        """Make the clock of one stream of an open container.

        Args:
            container: whose start is the zero of a player's clock, where it is the whole video.
            stream: one of its streams.
            begins_at_s: the moment of the whole video at which this container begins.
        """
        starts_at = Fraction(container.start_time or 0, av.time_base)
        begins_at = Fraction(round(begins_at_s * av.time_base), av.time_base)
        return cls(stream.time_base or Fraction(1, 1000), starts_at - begins_at)

    def time_s(self, pts: int) -> float:
        """Convert ticks to seconds, rounded down to a microsecond: a seek never lands on the next frame."""
        return math.floor((pts * self.time_base - self.origin) * 1_000_000) / 1_000_000

    def pts(self, time_s: float) -> int:
        """Find the last tick at or before a moment, give or take the microsecond that `time_s` drops."""
        return math.floor((Fraction(time_s) + Fraction(1, 1_000_000) + self.origin) / self.time_base)
