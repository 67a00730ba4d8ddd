"""Fold what happened to an asset again and again, so that it takes one line of a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.admin.asset_history import Moment


@dataclass
class Repeated:
    """One thing, and how often it happened on end."""

    first: Moment
    last: Moment
    times: int = 1


def folded(moments: Iterable[Moment]) -> list[Repeated]:
    """Count the equal moments of one job among those that nothing else interrupts."""
    listed: list[Repeated] = []
    stretch: dict[tuple[str, str], Repeated] = {}
    before = ""
    for moment in moments:
        if moment.what != before or moment.what == "event":
            stretch, before = {}, moment.what
        key = moment.state, moment.says
        if key in stretch:
            stretch[key].last = moment
            stretch[key].times += 1
        else:
            stretch[key] = Repeated(moment, moment)
            listed.append(stretch[key])
    return listed
