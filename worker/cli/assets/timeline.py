"""The timeline of `thumbs show`: what happened in order, where what happened again takes no further line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.cli.listing import Listing
from worker.cli.output import coloured, format_age
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from worker.admin.asset_history import Moment


@dataclass
class _Repeated:
    """One thing, and how often it happened on end."""

    first: Moment
    last: Moment
    times: int = 1


def timeline_table(moments: Iterable[Moment], now: datetime) -> Listing:
    """Make the table of moments, which come in order of time; `now` is by the database's clock."""
    table = Listing("ago", "what", "state", "who", "says")
    for one in _folded(moments):
        says = printable(one.first.says)
        if one.times > 1:
            often = f"{one.times} times, last {format_age(now - one.last.at)} ago"
            says = f"{says} ({often})" if says else often
        who, state = printable(one.last.who), coloured(one.first.state)
        table.add_row(format_age(now - one.first.at), one.first.what, state, who, says)
    return table


def _folded(moments: Iterable[Moment]) -> list[_Repeated]:
    """Count the equal moments of one job among those that nothing else interrupts."""
    listed: list[_Repeated] = []
    stretch: dict[tuple[str, str], _Repeated] = {}
    before = ""
    for moment in moments:
        if moment.what != before or moment.what == "event":
            stretch, before = {}, moment.what
        key = moment.state, moment.says
        if key in stretch:
            stretch[key].last = moment
            stretch[key].times += 1
        else:
            stretch[key] = _Repeated(moment, moment)
            listed.append(stretch[key])
    return listed
