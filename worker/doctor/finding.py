"""What one check found."""

from __future__ import annotations

import enum
from typing import NamedTuple


class State(enum.StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"  #: it works, but not as well, or not for everything
    FAILED = "failed"


class Finding(NamedTuple):
    """One line of the report."""

    what: str  #: one or two words
    state: State
    says: str
    remedy: str = ""  #: what to do, where there is something
