"""What viewers did, added up by test and bucket, until the database has it."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

from webhook.beacon.batches import WORDS, Dropped, ViewerEvent, ViewerEventKind
from webhook.beacon.limits import MAX_CELLS, MAX_WAITING
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from webhook.beacon.batches import Batch

Cells = dict[tuple[int, int], Sums]  #: by the ids of trials, and buckets

_NOTHING = Sums()
_ONE = {
    ViewerEventKind.IMPRESSION: Sums(impressions=1),
    ViewerEventKind.PLAY: Sums(plays=1),
    ViewerEventKind.QUALITY_PLAY: Sums(quality_plays=1),
}


class Totals:
    """The sums of one process, and how many events were dropped; safe to share between threads."""

    def __init__(self, most_cells: int = MAX_CELLS, most_waiting: int = MAX_WAITING) -> None:
        self._most_cells, self._most_waiting = most_cells, most_waiting
        self._lock = Lock()
        self._waiting: list[Batch] = []
        self._waiting_events = 0  # in them: a batch may have a hundred
        self._cells: Cells = {}
        self._noted: Counter[tuple[str, str]] = Counter()

    def take(self, batch: Batch) -> None:
        """Keep a batch for the next `add_up`; where too many events wait, it is dropped."""
        with self._lock:
            waiting = self._waiting_events + len(batch.events)
            if waiting <= self._most_waiting:
                self._waiting.append(batch)
                self._waiting_events = waiting
                return
        self.note(batch.events, Dropped.FULL)

    def note(self, events: Iterable[ViewerEvent], why: Dropped | None = None) -> None:
        """Count events for the metrics.

        Args:
            events: of any tests.
            why: they were dropped; None: they were added up.
        """
        counts = Counter((WORDS[event.kind], why or "") for event in events)
        with self._lock:
            self._noted += counts

    def add_up(self, known: Callable[[Sequence[str]], set[str]]) -> None:
        """Add what waits to the sums.

        Args:
            known: tells which ids of batches came before at another process.
        """
        with self._lock:
            waiting, self._waiting, self._waiting_events = self._waiting, [], 0
        before = known([batch.id for batch in waiting])
        for batch in waiting:
            if batch.id in before:
                self.note(batch.events, Dropped.DUPLICATE)
            else:
                self._add(batch.events)

    def take_cells(self) -> Cells:
        """Return the sums, and begin anew."""
        with self._lock:
            cells, self._cells = self._cells, {}
        return cells

    def put_back(self, cells: Mapping[tuple[int, int], Sums]) -> None:
        """Add sums that could not be written; they may be a few more than fit."""
        with self._lock:
            for place, sums in cells.items():
                self._cells[place] = self._cells.get(place, _NOTHING).plus(sums)

    def take_noted(self) -> Counter[tuple[str, str]]:
        """Return how many events there were by kind and by why they were dropped, and begin anew."""
        with self._lock:
            noted, self._noted = self._noted, Counter()
        return noted

    def _add(self, events: Sequence[ViewerEvent]) -> None:
        left = []
        with self._lock:
            for event in events:
                place = event.trial_id, event.bucket
                before = self._cells.get(place)
                if before is None and len(self._cells) >= self._most_cells:
                    left.append(event)
                else:
                    self._cells[place] = (before or _NOTHING).plus(_sums_of(event))
        self.note(left, Dropped.FULL)
        self.note(event for event in events if event not in left)


def _sums_of(event: ViewerEvent) -> Sums:
    return _ONE.get(event.kind) or Sums(watch_s=event.watch_s, watch_s2=event.watch_s**2)
