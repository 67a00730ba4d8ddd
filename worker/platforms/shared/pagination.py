"""Reads a platform's list of its assets, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlencode

from worker.errors import MalformedPayload
from worker.platforms.base import ListedAsset, Page
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from worker.platforms.base import RemoteAsset

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

PAGE_SIZE = 50  # the most that FastPix gives; every platform gives as many
MOST_ITEMS = 1000  # of one page, at Cloudflare


def query(**values: object) -> str:
    """Write the end of a path, from the `?` on: what is asked for; None is left out."""
    return "?" + urlencode({name: value for name, value in values.items() if value is not None})


def number_of(page: str | None) -> int:
    """Read which page is meant, from 1, where a platform counts them.

    Raises:
        MalformedPayload: it is no number of a page.
    """
    if page is None:
        return 1
    if not _NUMBER.fullmatch(page):
        raise MalformedPayload(f"{page!r} is no page of this platform's list; they are numbered from 1")
    return int(page)


def listed_asset(asset: RemoteAsset, changed_at: Any) -> ListedAsset:
    """Shorten an asset to what a list says of it, where a list says all that `Platform.asset` does."""
    return ListedAsset(
        asset.id, json_fields.utc_time(changed_at), asset.state, asset.fingerprint, asset.shown
    )


def numbered_page(
    items: Sequence[Mapping[str, Any]],
    read: Callable[[Mapping[str, Any]], ListedAsset | None],
    page: str | None,
    total: Any = None,
) -> Page:
    """Make a page of a platform that counts them; a full one has another behind it, which may be empty.

    Args:
        items: of the answer.
        read: says what one of them is; None for what is no video.
        page: that was asked for.
        total: of all items, as the platform writes it.
    """
    # Wistia tells no total, and elsewhere it changes meanwhile; that a page is full shows at all of them.
    following = str(number_of(page) + 1) if len(items) == PAGE_SIZE else None
    count = json_fields.finite_number(total)
    found = [one for item in items if (one := read(item))]
    return Page(found, following, None if count is None else int(count))


class OlderPage(NamedTuple):
    """What to ask for in a list that is read by time: what was made before the oldest item that is known.

    Several may have been made at that very time, of which a page showed only some. So the next page is asked
    for from just after that time on, and what was seen of it is left out. As text, it is a time and the ids
    that were seen of it: `2026-11-29T10:00:01Z a1,a2`.
    """

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

    def following(
        self, items: Sequence[Mapping[str, Any]], id_field: str, time_field: str
    ) -> OlderPage | None:
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
    return timedelta(seconds=10.0 ** -min(digits, 6))
