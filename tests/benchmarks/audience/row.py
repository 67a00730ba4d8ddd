"""One line of the audience's table."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A demand, and what was measured."""

    what: str
    demand: str
    measured: str
    is_met: bool
