"""Reads a platform's list of its assets, page by page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from worker.errors import MalformedPayload
from worker.platforms.base import ListedAsset, Page
from worker.platforms.shared import json_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from worker.platforms.base import RemoteAsset

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

PAGE_SIZE = 50  # the most that FastPix gives; every platform gives as many


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
