"""What happened at the simulated platform, in order."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EntryKind = Literal["request", "fault", "write", "delivery"]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened.

    A `request` was answered; a `fault` met a request, which was perhaps not answered; a `write` changed the
    thumbnail of an asset; a `delivery` was one attempt to hand over a webhook.
    """

    kind: EntryKind
    method: str = ""
    path: str = ""
    status: int | None = None  #: None where there was no answer
    asset_id: str | None = None
    event: str | None = None  #: type of a webhook
    thumbnail_time: float | None = None  #: of a write; None: back to the platform's own
    fault: str = ""  #: what was planned
    detail: dict[str, Any] = field(default_factory=dict)
    at_s: float = field(default_factory=time.time)


class Journal:
    """Entries that can be waited for; each is also a line of JSON in a file, if there is one."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._entries: list[JournalEntry] = []
        self._changed = threading.Condition()

    def add(self, entry: JournalEntry) -> None:
        """Append one entry, and wake the threads that wait."""
        with self._changed:
            self._entries.append(entry)
            if self._file is not None:
                with self._file.open("a") as lines:
                    lines.write(json.dumps(asdict(entry)) + "\n")
            self._changed.notify_all()

    def entries(self, kind: EntryKind | None = None, *, asset_id: str | None = None) -> list[JournalEntry]:
        """List what happened so far; of one kind only, or about one asset, where that is asked for."""
        with self._changed:
            return [
                entry
                for entry in self._entries
                if kind in {None, entry.kind} and asset_id in {None, entry.asset_id}
            ]

    def wait_for(self, is_there: Callable[[Journal], bool], timeout_s: float) -> bool:
        """Wait until `is_there` is true of this journal; tell whether that was within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: is_there(self), timeout_s)
