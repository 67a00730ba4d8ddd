"""Reads JSON of foreign making, in which anything may be missing, odd, or more than a database can hold."""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker.errors import MalformedPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

# Platforms nest six levels deep. Python reads about a thousand, and then fails wherever it writes them again.
MAX_DEPTH = 64

# Whole numbers up to here are the same in every program that reads JSON (RFC 7493, 2.2).
MAX_NUMBER = 2**53 - 1
MAX_DURATION_S = 366 * 86_400.0  # a live stream that was recorded for a year

# PostgreSQL stores neither, although JSON can spell both.
_NUL_OR_HALF_A_PAIR = re.compile("[\0\ud800-\udfff]")

# Ids become parts of addresses: no slash, no space, and no leading dot. They become keys of an index, too,
# which holds no long ones; those of platforms have 20 to 60 characters.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~:-]{0,499}")


def read_object(body: bytes) -> dict[str, Any]:
    """Read the JSON object in a body, with characters that PostgreSQL cannot hold replaced by U+FFFD.

    Raises:
        MalformedPayload: not UTF-8, not JSON, no object, nested too deeply, or a number beyond all bounds.
    """
    value = _json(body)
    if not isinstance(value, dict):
        raise MalformedPayload("the body is JSON, but not an object")
    return {_storable(name, 1): _storable(item, 1) for name, item in value.items()}


def read_objects(body: bytes) -> list[dict[str, Any]]:
    """Read the objects in a body that is a list. Raises as `read_object`."""
    value = _json(body)
    if not isinstance(value, list):
        raise MalformedPayload("the body is JSON, but not a list")
    return [_storable(item, 1) for item in value if isinstance(item, dict)]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError) as exc:
        raise MalformedPayload("the body is not JSON in UTF-8") from exc


def _storable(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise MalformedPayload(f"the body nests deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            return _NUL_OR_HALF_A_PAIR.sub("\N{REPLACEMENT CHARACTER}", value)
        case dict():
            return {_storable(name, depth): _storable(item, depth + 1) for name, item in value.items()}
        case list():
            return [_storable(item, depth + 1) for item in value]
        case int() | float() if not _is_finite(value):
            raise MalformedPayload("the body holds a number beyond all bounds")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False


def part(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read the object of this name; empty where there is none."""
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def parts(of: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Read the objects in the list of this name; what is no object is left out."""
    value = of.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(of: Mapping[str, Any], name: str) -> str:
    """Read the text of this name; empty where there is none."""
    value = of.get(name)
    return value if isinstance(value, str) else ""


def required(of: Mapping[str, Any], name: str) -> str:
    """Read the text of this name, which must be there.

    Raises:
        MalformedPayload: there is none.
    """
    value = text(of, name)
    if not value:
        raise MalformedPayload(f"`{name}` is missing, or not a text")
    return value


def identifier(of: Mapping[str, Any], name: str) -> str:
    """Read the id of this name, which must be there.

    Raises:
        MalformedPayload: there is none, or one that could not stand in an address.
    """
    value = required(of, name)
    if not _ID.fullmatch(value):
        raise MalformedPayload(f"`{name}` is not an id: up to 500 letters, digits and - _ . ~ : are expected")
    return value


def optional_identifier(of: Mapping[str, Any], name: str) -> str | None:
    """Read the id of this name; None where there is none. Raises as `identifier`."""
    return identifier(of, name) if of.get(name) else None


def finite_number(value: Any) -> float | None:
    """Read a number up to `MAX_NUMBER`, also where it is written as text; None for anything else."""
    # In Python True is the number 1.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if abs(result) <= MAX_NUMBER else None


def duration_s(value: Any) -> float | None:
    """Read how long a video is, in seconds; None for what no video lasts."""
    seconds = finite_number(value)
    return seconds if seconds is not None and 0 <= seconds <= MAX_DURATION_S else None


def utc_time(value: Any) -> datetime | None:
    """Read a time in UTC: ISO 8601, or seconds since 1970 as a number or as text; None for anything else."""
    seconds = finite_number(value)
    try:
        # Before ISO 8601, which Python reads from bare digits too: "20261129" is a day there.
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        if not isinstance(value, str):
            return None
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def digest(said: Mapping[str, Any]) -> str:
    """Write what was said as one short text, for events that have no id: the same words, the same text."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def fingerprint(**facts: Any) -> str:
    """Write facts about a video's content as one text; the same facts always give the same text."""
    # Facts that a platform does not tell are left out: one that it begins to tell is a change, null is not.
    return json.dumps({name: fact for name, fact in facts.items() if fact is not None}, sort_keys=True)
