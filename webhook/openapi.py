"""Describes the receiver: `openapi.json` with every address and answer for programs, and `/` for people."""

from __future__ import annotations

import html
from importlib import metadata, resources

from flask import Blueprint, Response, jsonify, request

DISTRIBUTION = "auto-thumbnail-picker"
CACHED_S = 300  # a new version is seen soon, and nobody who reloads costs anything
_HTML, _JSON = "text/html", "application/json"

# No scripts and nothing from elsewhere, so a browser need not load anything for this page, and may not.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Auto Thumbnail Picker</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }}
</style>
<h1>Auto Thumbnail Picker</h1>
<p>This is the receiver of a service that picks the thumbnails of videos, version {version}. It takes the
webhooks of video platforms, and serves the pictures that were picked. There are no other pages for people:
whoever runs it uses the command <code>thumbs</code>.</p>
<ul>
{links}
</ul>
</html>
"""


def openapi_page(*, has_operations: bool = True) -> Blueprint:
    """Make the routes of the description and of the page that leads to it.

    Args:
        has_operations: whether /readyz is at this port.
    """
    page = Blueprint("openapi", __name__)
    description = resources.files("webhook").joinpath("openapi.json").read_bytes()
    front = _front(has_operations=has_operations)

    @page.get("/openapi.json")
    def openapi() -> Response:
        return Response(description, mimetype=_JSON)

    @page.get("/")
    def index() -> Response:
        """Say what this is; in JSON where that is preferred to a page."""
        wants_json = request.accept_mimetypes.best_match((_HTML, _JSON), _HTML) == _JSON
        response = jsonify(front) if wants_json else Response(_as_page(front), mimetype=_HTML)
        response.headers["Cache-Control"] = f"public, max-age={CACHED_S}"
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.vary.add("Accept")
        return response

    return page


def _front(*, has_operations: bool) -> dict[str, str]:
    """Gather what the page says, once: it is the same for everybody, and holds no setting."""
    installed = metadata.metadata(DISTRIBUTION)
    front = {"name": DISTRIBUTION, "version": installed["Version"], "healthz": "healthz"}
    if has_operations:
        front["readyz"] = "readyz"
    front["openapi"] = "openapi.json"
    named = dict(line.split(", ", 1) for line in installed.get_all("Project-URL") or [])
    documents = named.get("Documentation") or named.get("Homepage") or named.get("Repository")
    return front | ({"docs": documents} if documents else {})


_LINKS = {
    "docs": "the documents",
    "healthz": "whether this process lives",
    "readyz": "whether it can take events",
    "openapi": "every address and answer, for programs",
}


def _as_page(front: dict[str, str]) -> str:
    """Write the page; its links are relative, as a proxy may serve it below a path."""
    items = [
        f'<li><a href="{html.escape(front[name])}">{name}</a>: {says}</li>'
        for name, says in _LINKS.items()
        if name in front
    ]
    if "docs" not in front:
        items.append("<li>the documents are in the folder <code>docs</code> of its source</li>")
    return _PAGE.format(version=html.escape(front["version"]), links="\n".join(items))
