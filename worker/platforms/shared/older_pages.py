"""Where to go on in a list that is read by time: what was made before the oldest one that is known.

Several may have been made at that very time, of which a page showed only some. So the next page is asked for
from just after that time on, and what was seen of it is left out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from worker.errors import MalformedPayload
from worker.platforms.shared import json_fields
from worker.platforms.shared.pagination import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ITEMS = 1000  # of one page, at Cloudflare


class OlderPage(NamedTuple):
    """What to ask for. As text, it is a time and the ids that were seen of it: `2026-11-29T10:00:01Z a1,a2`."""

    end: str | None = None  #: before which an item was made; None: any
    seen: frozenset[str] = frozenset()  #: ids that such a page shows, and that were shown before

    @classmethod
    def read(cls, page: str | None) -> Self:
        """Read what `text` wrote; None asks for the first page. Raises MalformedPayload for anything else."""
        if page is None:
            return cls()
        end, _, seen = page.partition(" ")
        if not end or json_fields.utc_time(end) is None:
            raise MalformedPayload(f"{page!r} is no page of this platform's list; they begin with a time")
        return cls(end, frozenset(filter(None, seen.split(","))))

    def text(self) -> str:
        """Write it as `Page.following`."""
        return " ".join(filter(None, [self.end, ",".join(sorted(self.seen))]))

    @property
    def limit(self) -> int:
        """How many to ask for, so that a page brings something new however many share a time."""
        return min(PAGE_SIZE + len(self.seen), MOST_ITEMS)

    def new(self, items: Sequence[Mapping[str, Any]], id_field: str) -> list[Mapping[str, Any]]:
        """Leave out what a page before showed."""
        return [item for item in items if item.get(id_field) not in self.seen]

    def following(self, items: Sequence[Mapping[str, Any]], id_field: str, time_field: str) -> OlderPage | None:
        """Say what comes after a page, the newest first; None where it was the last, or tells no time."""
        if len(items) < self.limit:
            return None
        said = json_fields.text(items[-1], time_field)
        oldest = json_fields.utc_time(said or None)
        if oldest is None:
            return None
        same = [item for item in items if json_fields.utc_time(item.get(time_field)) == oldest]
        seen = frozenset(json_fields.text(item, id_field) for item in same)
        if len(seen) >= MOST_ITEMS:  # more of one time than a page holds: the rest of them is not to be had
            return OlderPage(said)
        return OlderPage((oldest + _step(said)).isoformat(), seen)


def _step(time: str) -> timedelta:
    """Tell how finely a time is written: the platform may compare no finer."""
    digits = len(time.partition(".")[2].rstrip("Z").partition("+")[0])
    return timedelta(seconds=1) / 10 ** min(digits, 6)
