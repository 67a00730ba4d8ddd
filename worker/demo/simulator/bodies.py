"""Reads what callers of a simulated platform sent, as strictly as the vendors do."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from flask import abort, request

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Item = TypeVar("Item")


def fields(allowed: Collection[str]) -> dict[str, Any]:
    """Read the JSON object of the present request; refuse it with 400 if it is none, or has other fields."""
    if request.mimetype != "application/json":
        abort(HTTPStatus.BAD_REQUEST, "The Content-Type must be application/json")
    try:
        asked = json.loads(request.get_data())
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, "The body is not JSON")
    if not isinstance(asked, dict) or not asked or not asked.keys() <= set(allowed):
        abort(HTTPStatus.BAD_REQUEST, f"Only these can be set: {', '.join(sorted(allowed))}")
    return asked


def require_number(value: object, name: str) -> float:
    """Read a finite number; refuse the request with 400 where it is anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        abort(HTTPStatus.BAD_REQUEST, f"{name} must be a number")
    return float(value)


def page_of(
    items: Sequence[Item], *, number: str = "page", size: str = "per_page", max_size: int = 100
) -> list[Item]:
    """Choose the items that the present request asks for; refuse it with 400 if no such page can be."""
    asked = _whole(number, 1)
    if asked < 1:
        abort(HTTPStatus.BAD_REQUEST, f"{number} starts at 1")
    count = page_size(size, 10, max_size)
    return list(items[(asked - 1) * count : asked * count])


def page_size(name: str, otherwise: int, max_size: int) -> int:
    """Read how many items the present request asks for; refuse it with 400 where no page has so many."""
    count = _whole(name, otherwise)
    if not 1 <= count <= max_size:
        abort(HTTPStatus.BAD_REQUEST, f"{name} must be between 1 and {max_size}")
    return count


def _whole(name: str, otherwise: int) -> int:
    value = request.args.get(name, str(otherwise))
    if not value.isdecimal():
        abort(HTTPStatus.BAD_REQUEST, f"{name} must be a whole number")
    return int(value)


def require_query(**values: str) -> None:
    """Refuse a request that asks for anything else than these, page by page."""
    for name, value in values.items():
        if request.args.get(name) != value:
            abort(HTTPStatus.BAD_REQUEST, f"{name} must be {value}")


def form_file(name: str) -> bytes:
    """Read the file of this name in the form of the present request; refuse it with 400 if it has none."""
    file = request.files.get(name)
    if file is None:
        abort(HTTPStatus.BAD_REQUEST, f"The form has no file {name!r}")
    content: bytes = file.read()
    return content
