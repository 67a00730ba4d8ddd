"""How large tables become: bytes of a row, times rows, plus what has to be kept for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.million.postgres import TableBytes

#: Tables smaller than this do not grow with videos.
_SMALLEST_BYTES = 1_000_000


def foretell(sizes: Mapping[str, TableBytes], videos: int, wanted: int) -> dict[str, float]:
    """Foretell the bytes of each table that grows with videos.

    Heap and indexes grow as the rows do: a B-tree's inner pages are less than 1 % of it, and keys in random
    order fill its leaves by 69 % at every size (Yao, "On random 2-3 trees", 1978).

    Args:
        sizes: of a database with `videos` videos.
        videos: enough of them that empty pages do not count.
        wanted: how many there are to be.
    """
    return {
        name: size.total / videos * wanted for name, size in sizes.items() if size.total > _SMALLEST_BYTES
    }


def kept_bytes(
    daily_bytes: Mapping[str, float], kept_days: Mapping[str, float | None], day: int
) -> dict[str, float]:
    """Foretell the bytes of each table after so many days of the same load.

    Args:
        daily_bytes: that a day adds to each table.
        kept_days: how long its rows are kept; None, or no entry: for ever.
        day: from 0, the end of the first day is 1.
    """
    return {name: added * min(day, kept_days.get(name) or day) for name, added in daily_bytes.items()}
