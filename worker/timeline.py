"""Where the parts of an edited video were before, and where they are now.

An edit is told as ranges of the video as it was before, in the order in which they play now. So a trim, a
cut in the middle, another order and a part shown twice are one thing, and one edit after another is an edit
again.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Of one edit: an hour with a cut every few seconds. Of edits taken as one: parts that are shown many times
#: over, edit upon edit, would fill the memory.
MAX_RANGES = 1000
MAX_TIME_S = 1_000_000.0  #: eleven days; no platform takes a video of more than two
MIN_RANGE_S = 1e-6  #: times of frames are no finer; less is what rounding leaves


class Range(NamedTuple):
    """From a moment up to another."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds from start to end."""
        return self.end_s - self.start_s

    def within(self, other: Range) -> Range:
        """Cut the range to the other; where they do not meet, the result has a length of 0 or less."""
        return Range(max(self.start_s, other.start_s), min(self.end_s, other.end_s))


@dataclass(frozen=True, slots=True)
class Timeline:
    """What plays now, as ranges of what was before."""

    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, ranges: Iterable[Range]) -> Timeline:
        """Make a timeline; a range that goes on where the one before it ended is the same range."""
        joined: list[Range] = []
        for next_one in ranges:
            if next_one.length_s < MIN_RANGE_S:
                continue
            if joined and abs(joined[-1].end_s - next_one.start_s) < MIN_RANGE_S:
                joined[-1] = Range(joined[-1].start_s, next_one.end_s)
            else:
                joined.append(next_one)
        return cls(tuple(joined))

    @classmethod
    def whole(cls, duration_s: float = math.inf) -> Timeline:
        """Return the timeline of a video that plays as before."""
        return cls((Range(0.0, duration_s),))

    @classmethod
    def read(cls, stored: Iterable[Iterable[float | None]]) -> Timeline:
        """Read a timeline from what `stored` returned.

        Raises:
            ValueError: it is none, as other versions may store.
        """
        try:
            ranges = tuple(Range(start or 0.0, math.inf if end is None else end) for start, end in stored)
            is_sound = 0 < len(ranges) <= MAX_RANGES and all(0 <= start < end for start, end in ranges)
        except TypeError as exc:
            raise ValueError(f"no timeline: {exc}") from exc
        if not is_sound:
            raise ValueError("no timeline: its ranges are none, too many, or end before they begin")
        return cls(ranges)

    def stored(self) -> list[Any]:
        """List the ranges as pairs of seconds for JSON, which has no infinity: None is an unknown end."""
        return [[start_s, None if math.isinf(end_s) else end_s] for start_s, end_s in self.ranges]

    @property
    def duration_s(self) -> float:
        """Length of the video now, in seconds; infinite where its end is not known."""
        return sum(this.length_s for this in self.ranges)

    def starts_s(self) -> list[float]:
        """List when each range begins to play now, in seconds."""
        return list(accumulate((this.length_s for this in self.ranges[:-1]), initial=0.0))

    def joins_s(self) -> list[float]:
        """List the seconds of now at which the picture may differ from what stood beside it before."""
        first = [0.0] if self.ranges and self.ranges[0].start_s > 0 else []
        last = [] if math.isinf(self.duration_s) else [self.duration_s]
        return [*first, *self.starts_s()[1:], *last]

    def places_of(self, time_s: float) -> Iterator[float]:
        """Yield the seconds of now at which a moment of before plays: none if cut away, two if doubled."""
        for this, begins_s in zip(self.ranges, self.starts_s(), strict=True):
            if this.start_s <= time_s < this.end_s:
                yield begins_s + time_s - this.start_s

    def then(self, later: Timeline) -> Timeline | None:
        """Join this edit and a later one into one; None where that has too many ranges, or leaves nothing.

        Args:
            later: an edit of what this one left.
        """
        parts: list[Range] = []
        starts_s = self.starts_s()
        for wanted in later.ranges:
            first = max(0, bisect.bisect_right(starts_s, wanted.start_s) - 1)
            for this, begins_s in zip(self.ranges[first:], starts_s[first:], strict=True):
                if begins_s >= wanted.end_s or len(parts) > MAX_RANGES:
                    break
                found = wanted.within(Range(begins_s, begins_s + this.length_s))
                shift_s = this.start_s - begins_s
                parts.append(Range(found.start_s + shift_s, found.end_s + shift_s))
        both = Timeline.of(parts)
        return both if 0 < len(both.ranges) <= MAX_RANGES else None
