"""Describes the JSON interface: every address and answer, for programs and for people who write them."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Response

PATH = "/api/openapi.json"


def description_page() -> Blueprint:
    """Make the route of the description, for whoever may ask anything there."""
    page = Blueprint("description", __name__)
    description = resources.files("webhook.review.api").joinpath("openapi.json").read_bytes()

    @page.get(PATH)
    def openapi() -> Response:
        return Response(description, mimetype="application/json")

    return page
