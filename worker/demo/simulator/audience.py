"""Who watched the videos of a simulated platform, and when its statistics tell so."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class ViewCounts(NamedTuple):
    """What was counted within some time."""

    plays: int = 0
    loads: int = 0
    watched_s: float = 0.0


class _Visit(NamedTuple):
    """Viewers who came at one time."""

    asset_id: str
    at: datetime
    seen: ViewCounts
    told_at: datetime  #: when the statistics hold it: platforms count late


@dataclass
class Audience:
    """The viewers of all videos."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _visits: list[_Visit] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def come(self, asset_id: str, at: datetime, seen: ViewCounts, late: timedelta = timedelta()) -> None:
        """Let viewers watch a video at a time; the statistics tell of it so much later."""
        with self._lock:
            self._visits.append(_Visit(asset_id, at, seen, at + late))

    def told(
        self, asset_id: str | None, from_at: datetime, to_at: datetime, step: timedelta
    ) -> dict[datetime, ViewCounts]:
        """Add up what is known by now, by the beginning of each hour or day of UTC; nobody counts as zero.

        Args:
            asset_id: of a video; None: of all.
            from_at: within the first hour or day.
            to_at: after the last.
            step: an hour or a day.
        """
        now, found, at = self.clock(), {}, _floor(from_at, step)
        with self._lock:
            visits = [one for one in self._visits if one.told_at <= now and asset_id in {None, one.asset_id}]
        while at < to_at:
            within = [one.seen for one in visits if at <= one.at < at + step]
            plays, loads = sum(one.plays for one in within), sum(one.loads for one in within)
            found[at] = ViewCounts(plays, loads, sum(one.watched_s for one in within))
            at += step
        return found


def _floor(at: datetime, step: timedelta) -> datetime:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return start + (at - start) // step * step
