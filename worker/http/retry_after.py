"""How long an answer asks its caller to wait, and which answers ask to be asked again."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

MAX_RETRY_AFTER_S = 3600.0  # a host that asks for more is asked again all the same

GONE = frozenset({404, 410})
TRY_LATER = frozenset({408, 409, 425, 429})

_LONGEST_CHARACTERS = 64  # of a date with a zone, in every way to write it

_WAIT_HEADERS = ("Retry-After", "X-RateLimit-Retry-After", "X-RateLimit-Reset")


def retry_after_s(answer: httpx.Response) -> float | None:
    """Read the seconds that an answer asks its caller to wait, from 0 to an hour; None where it does not ask.

    Source: RFC 9110, 10.2.3: a number of seconds, or a date. api.video and Vimeo have headers of their own,
    Vimeo's with a date in ISO 8601.
    """
    value = next((answer.headers[name] for name in _WAIT_HEADERS if name in answer.headers), "")
    value = value[:_LONGEST_CHARACTERS]
    wait_s = _number(value)
    if wait_s is None:
        until = _date(value)
        if until is None:
            return None
        wait_s = (until - datetime.now(UTC)).total_seconds()
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _number(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _date(value: str) -> datetime | None:
    # A date without a zone is in UTC, as RFC 9110 says of every date.
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            until = read(value)
            return (until if until.tzinfo else until.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
