"""How people come in, and leave."""

from __future__ import annotations

from flask import Blueprint, render_template

from webhook.review.identity import open_to_all


def sign_in_pages() -> Blueprint:
    """Make the routes of the sign-in."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/sign-in")
    @open_to_all
    def ask() -> str:
        return render_template("sign_in.html")

    return pages
