"""Waiting for what happens in other threads and processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_S = 0.02
SOON_S = 60.0  # a busy machine starts programs slowly


def until(
    is_so: Callable[[], object], timeout_s: float = SOON_S, what: str = "it did not happen in time"
) -> None:
    """Wait for something to become true, and fail where it does not."""
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s, what
        time.sleep(POLL_S)
