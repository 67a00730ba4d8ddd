"""Describes the beacon for programs: `openapi.json` with every address and answer."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from flask import Blueprint, Response

# Each room describes its own addresses.
_PARTS = (("webhook.beacon", "openapi.json"), ("webhook.variants", "variants.openapi.json"))


def description() -> dict[str, Any]:
    """Put the parts of the description together; for their form, see https://spec.openapis.org/oas/v3.1.0."""
    whole: dict[str, Any] = {}
    for package, name in _PARTS:
        file = resources.files(package).joinpath(name)
        if file.is_file():
            _add(whole, json.loads(file.read_bytes()))
    return whole


def description_page() -> Blueprint:
    """Make the route of the description."""
    page = Blueprint("openapi", __name__)
    whole = json.dumps(description())

    @page.get("/openapi.json")
    def openapi() -> Response:
        return Response(whole, mimetype="application/json")

    return page


def _add(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for name, value in part.items():
        if isinstance(value, dict):
            _add(whole.setdefault(name, {}), value)
        else:
            whole.setdefault(name, value)
