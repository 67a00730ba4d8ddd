"""Trace ids as the header `traceparent` writes them.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple, Self

# version - trace id - id of the span above - flags. Later versions may add more behind.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[!-~]{0,200})?"
)
SAMPLED = "01"


class TraceContext(NamedTuple):
    """Where in which trace something happens."""

    trace_id: str  #: 32 hexadecimal digits
    span_id: str  #: 16 of them: what is done belongs to this span
    flags: str = SAMPLED  #: whether whoever asked keeps the trace

    @classmethod
    def new(cls) -> Self:
        """Begin a trace."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, traceparent: str | None) -> Self | None:
        """Read a header's value, or what a row has kept of one; None where it says nothing that counts."""
        found = _TRACEPARENT.fullmatch(traceparent or "")
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"
