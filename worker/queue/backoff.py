"""Whether and when to try again: the same rule for looking at a video and for writing to a platform."""

from __future__ import annotations

import random

from worker.errors import (
    BucketUnavailable,
    DownloadFailed,
    ModelElsewhere,
    NotReadyYet,
    PlatformUnavailable,
    RequestForbidden,
    RequestHeldBack,
    ThumbsError,
    TransientError,
    WorkerSilent,
)

# The first retry comes after FIRST_S, each later one after FACTOR times as long, up to LAST_S.
FIRST_S = 5.0
FACTOR = 4.0
LAST_S = 900.0

# With waits of up to 15 minutes, so many tries take a day: as long as platforms send a webhook again.
MAX_EXTERNAL_RETRIES = 100


def is_retryable(error: Exception) -> bool:
    """Tell whether the same may work later; an unforeseen error counts as such, as attempts are limited."""
    return isinstance(error, TransientError) or not isinstance(error, ThumbsError)


def is_external(error: Exception) -> bool:
    """Tell whether the cause is neither this video nor this worker, so that waiting is all that helps."""
    of_ours = BucketUnavailable | RequestHeldBack | ModelElsewhere
    of_platform = PlatformUnavailable | RequestForbidden | NotReadyYet | DownloadFailed
    return isinstance(error, of_platform | of_ours)


def delay_s(attempt: int, error: Exception) -> float:
    """Return the seconds to wait after the attempt of this number, from 1, has failed.

    They grow exponentially, and half of them is left to chance, so that what failed together does not come
    back together. A platform that asks for a longer wait gets it.
    """
    if isinstance(error, WorkerSilent):
        return 0.0  # the lease was the wait
    longest_s = min(LAST_S, FIRST_S * FACTOR ** (attempt - 1))
    wait_s = longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    asked_s = error.retry_after_s if isinstance(error, PlatformUnavailable) else None
    return max(wait_s, asked_s or 0.0)
