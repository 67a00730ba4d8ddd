"""What a decode process does, seen from outside as any user of the machine may see it."""

from __future__ import annotations

import psutil

# One with FFmpeg and OpenCV has 100 MiB and more, one that has only started 20.
_LOADED_BYTES = 80 << 20


def waits(process_id: int) -> bool:
    """Tell whether a decode process has loaded its libraries and waits for a question."""
    process = psutil.Process(process_id)
    return process.memory_info().rss > _LOADED_BYTES and process.status() == psutil.STATUS_SLEEPING
