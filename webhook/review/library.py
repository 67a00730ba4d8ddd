"""The library: a grid of assets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request

from webhook.review.bulk import add_bulk, link_to
from webhook.review.identity import actor
from worker.review.library import COUNTED, FILTERS, LibraryQuery, read_page, webhook_addresses
from worker.review.newest import Cursor
from worker.text import format_age, length_words

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings


def library_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes of the library."""
    pages = Blueprint("library", __name__)

    @pages.get("/")
    def show() -> str | Response:
        who = actor()
        if who.asset_id is not None:  # a link to one asset opens no library
            return redirect(f"/a/{who.asset_id}")
        wanted = LibraryQuery.read(request.args)
        page = database.in_transaction(lambda rows: read_page(rows, who, wanted))
        return render_template(
            "library.html",
            page=page,
            filters={one.name: one for one in FILTERS},
            counted=COUNTED,
            is_marked=request.args.get("marked") == "all",
            addresses=[] if page.accounts else webhook_addresses(settings, who),
            link_to=link_to,
            came_from={"from": urlencode(part)} if (part := wanted.at(Cursor()).query()) else {},
            age=lambda at: format_age(page.now - at),
            length=length_words,
        )

    add_bulk(pages, settings, database)
    return pages
