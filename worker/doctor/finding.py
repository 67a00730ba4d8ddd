"""What one check found."""

from __future__ import annotations

import enum
from typing import NamedTuple


class State(enum.StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  #: it works, but not as well as it could, or not for everything
    FAILED = "failed"  #: the service cannot do its work


class Finding(NamedTuple):
    """One line of the report: what was checked, and how it is."""

    what: str  #: one or two words, e.g. "disk" or "mux/main"
    state: State
    says: str  #: what was found, in one sentence
    remedy: str = ""  #: what the operator is to do; "" where nothing is
