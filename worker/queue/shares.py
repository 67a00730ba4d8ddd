"""How many hints of each account may lie in the broker: few, so that none has to wait for another's.

The broker's queues are first in, first out. So what lies in them is what an account that had nothing to do
so far waits for with its next row, and it is kept to about as many rows as workers have in hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.database.states import Priority

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

# An account may have so many hints of one priority in the broker, even where workers have nothing in hand.
MIN_SHARE = 4
# So many of one priority may lie there in all, however many accounts there are. More would only be announced
# again while they wait there.
MAX_ANNOUNCED = 500

Group = int | None
"""The id of an account; None for rows without one, which are treated like an account of their own."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What of each group is out, and what may be."""

    most: Mapping[Group, int | None]  #: how many rows may be out at a time; None: any number
    held: Counter[Group]  #: rows that workers have
    announced: Mapping[Priority, Counter[Group]]  #: rows whose hints lie in the broker

    def rooms(self, priority: Priority) -> dict[Group, int]:
        """Tell how many more rows of this priority may be announced, of each group that has room for any."""
        share = self._share(priority)
        rooms = {group: self._room(group, priority, share) for group in self.most}
        return {group: room for group, room in rooms.items() if room > 0}

    def room_of_all(self, priority: Priority) -> int:
        """Tell how many more rows of this priority the broker takes."""
        return max(0, MAX_ANNOUNCED - self.announced[priority].total())

    def _share(self, priority: Priority) -> int:
        """Tell how many hints of this priority one group may have in the broker.

        Together as many as there are rows in hand, so that every worker finds its next row there. The same
        for all groups: if each had as many as workers have of it, those that came first would keep what they
        have.
        """
        groups = max(1, len(self.held.keys() | self.announced[priority].keys()))
        wanted = max(MIN_SHARE, math.ceil(self.held.total() / groups))
        return max(1, min(wanted, MAX_ANNOUNCED // groups))

    def _room(self, group: Group, priority: Priority, share: int) -> int:
        room = share - self.announced[priority][group]
        most = self.most[group]
        if most is None:
            return room
        # Those of a lower priority do not count: they may lie in the broker for long.
        ahead = sum(self.announced[before][group] for before in Priority if before <= priority)
        return min(room, most - self.held[group] - ahead)
