"""The timeline of `thumbs show`: what happened in order, where what happened again takes no further line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.admin.asset_history import folded
from worker.cli.listing import Listing
from worker.cli.output import coloured
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from worker.admin.asset_history import HistoryEntry


def timeline_table(moments: Iterable[HistoryEntry], now: datetime) -> Listing:
    """Make the table of moments, which come in order of time; `now` is by the database's clock."""
    table = Listing("ago", "what", "state", "who", "says")
    for one in folded(moments):
        says = printable(one.first.says)
        if one.times > 1:
            often = f"{one.times} times, last {format_age(now - one.last.at)} ago"
            says = f"{says} ({often})" if says else often
        who, state = printable(one.last.who), coloured(one.first.state)
        table.add_row(format_age(now - one.first.at), one.first.what, state, who, says)
    return table
