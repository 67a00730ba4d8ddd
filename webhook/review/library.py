"""The library: a grid of assets, and what may be done with many of them at once."""

from __future__ import annotations

from flask import Blueprint, render_template


def library_pages() -> Blueprint:
    """Make the routes of the library."""
    pages = Blueprint("library", __name__)

    @pages.get("/")
    def show() -> str:
        return render_template("library.html")

    return pages
