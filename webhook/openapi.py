"""Shows `openapi.json`, which describes every address of the receiver, and every answer, for programs."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Response


def openapi_page() -> Blueprint:
    """Make the route of the description."""
    page = Blueprint("openapi", __name__)
    description = resources.files("webhook").joinpath("openapi.json").read_bytes()

    @page.get("/openapi.json")
    def openapi() -> Response:
        return Response(description, mimetype="application/json")

    return page
