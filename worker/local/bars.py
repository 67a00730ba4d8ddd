"""The parts of a score as bars, beside those of the runner-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.pipeline.frames import JUDGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from worker.pipeline.frames import Pick, Scored

# Bars that stand open on the page; the rest is folded.
_OPEN = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a score: from a middle line to the right or, where it counts against, to the left."""

    name: str
    value: float
    percent: float  #: length, of half the width
    mark: float | None = None  #: where the runner-up's bar ends, in per cent of the whole width
    shares: tuple[Bar, ...] = ()  #: what it is the sum of, where that is known


@dataclass(frozen=True, slots=True)
class BarChart:
    """All parts of one score."""

    open: tuple[Bar, ...]
    folded: tuple[Bar, ...]


class BarScale:
    """One scale for all bars of a page: half the width is the largest part of any pick or runner-up."""

    def __init__(self, picks: Iterable[Pick]) -> None:
        shown = [one.parts for pick in picks for one in (pick, pick.runner_up) if one is not None]
        self._largest = max((abs(value) for parts in shown for value in parts.values()), default=0.0) or 1.0

    def of_pick(self, pick: Pick) -> BarChart:
        """Draw a pick, with a mark where its runner-up stands; what it leads by most comes first."""
        if pick.runner_up is None:
            return self._chart(pick.parts, pick.prompts, {})
        other = pick.runner_up.parts
        parts = dict.fromkeys([*pick.parts, *other], 0.0) | dict(pick.parts)
        marks = {name: self._mark(other.get(name, 0.0)) for name in parts}
        # What a judge gave is told first: where it leads, it makes up for all the others.
        by_lead = sorted(parts, key=lambda name: (name != JUDGED, other.get(name, 0.0) - parts[name]))
        return self._chart({name: parts[name] for name in by_lead}, pick.prompts, marks)

    def of_loser(self, scored: Scored) -> BarChart:
        """Draw a candidate that was not picked, its largest part first."""
        return self._chart(_largest_first(scored.parts), scored.prompts, {})

    def _chart(
        self, parts: Mapping[str, float], prompts: Mapping[str, float], marks: Mapping[str, float]
    ) -> BarChart:
        shares = tuple(self._bar(name, value) for name, value in _largest_first(prompts).items())
        bars = tuple(
            Bar(name, value, self._percent(value), marks.get(name), shares if name == "appeal" else ())
            for name, value in parts.items()
        )
        return BarChart(bars[:_OPEN], bars[_OPEN:])

    def _bar(self, name: str, value: float) -> Bar:
        return Bar(name, value, self._percent(value))

    def _percent(self, value: float) -> float:
        """Scale a value; what is beyond the scale fills its half."""
        return min(abs(value) / self._largest, 1.0) * 100

    def _mark(self, value: float) -> float:
        return 50 + self._percent(value) / (2 if value >= 0 else -2)


def _largest_first(values: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(values.items(), key=lambda part: -abs(part[1])))
