"""A site with videos, and beside it, at another origin, what it asks for variants and tells what was seen."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, send_file
from werkzeug.serving import make_server

from tests.support.service.deliveries import make_settings
from tests.support.viewers.variants_app import CONNECTIONS, variants_app
from webhook.bounded import BoundedDatabase
from webhook.thumbnails import thumbnail_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

HTML = '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'


@dataclass
class Site:
    """The site and the beacon, and what both were asked."""

    url: str  #: of the site
    beacon_url: str
    clip: Path  #: what /clip.mp4 is
    pages: dict[str, str] = field(default_factory=dict)  #: HTML by path
    policy: str | None = None  #: what the pages' Content-Security-Policy says
    slow_s: dict[str, float] = field(default_factory=dict)  #: by the beginning of a path: so long no answer
    asked: list[str] = field(default_factory=list)  #: of the beacon, with the query
    batches: list[dict[str, Any]] = field(default_factory=list)  #: that it was told

    def page(self, path: str, body: str, *, script: str = "") -> str:
        """Put a page with the script at a path; return its address."""
        self.pages[path] = (
            f'{HTML}<script async src="{self.beacon_url}/v1/thumbs.js" {script}></script>{body}'
        )
        return f"{self.url}{path}"

    def events(self) -> list[list[Any]]:
        """List what was told, in the order in which it came."""
        return [event for batch in self.batches for event in batch["events"]]

    def take(self, body: bytes) -> None:
        """Take a batch as the beacon does."""
        batch = json.loads(body)
        assert (batch["v"], str(uuid.UUID(batch["id"]))) == (1, batch["id"])
        assert 0 < len(batch["events"]) <= 100
        self.batches.append(batch)


@contextmanager
def served_site(engine: Engine, clip: Path) -> Iterator[Site]:
    """Serve both until the end of the block, at two origins."""
    doors = [_door(), _door()]  # taken at once, so by nobody else
    site = Site(_url(doors[0]), _url(doors[1]), clip)
    with _served(doors, [_pages(site), _beacon(site, engine)]):
        yield site


@contextmanager
def served_beside(beacon_url: str, clip: Path) -> Iterator[Site]:
    """Serve the site until the end of the block, beside a beacon that runs."""
    door = _door()
    site = Site(_url(door), beacon_url, clip)
    with _served([door], [_pages(site)]):
        yield site


def _door() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _url(door: socket.socket) -> str:
    return f"http://127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def _served(doors: list[socket.socket], apps: list[Flask]) -> Iterator[None]:
    servers = [
        make_server("127.0.0.1", door.getsockname()[1], app, threaded=True, fd=door.fileno())
        for door, app in zip(doors, apps, strict=True)
    ]
    for door in doors:
        door.close()  # the servers have copies
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def _pages(site: Site) -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.get("/clip.mp4")
    def clip() -> Response:
        # Not the file itself, which the server leaves open where a browser breaks off what it loads.
        return send_file(io.BytesIO(site.clip.read_bytes()), mimetype="video/mp4", conditional=True)

    @app.get("/own-<name>.svg")
    def own_picture(name: str) -> Response:
        """Show the site's own picture, in place of which a variant is shown."""
        size = 'width="320" height="180"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><text y="99">{name}</text></svg>'
        return Response(svg, mimetype="image/svg+xml")

    @app.get("/<path:path>")
    def page(path: str) -> Response:
        response = Response(site.pages[f"/{path}"], mimetype="text/html")
        if site.policy is not None:
            response.headers["Content-Security-Policy"] = site.policy
        return response

    return app


def _beacon(site: Site, engine: Engine) -> Flask:
    settings = make_settings(public_url=site.beacon_url, beacon_url=site.beacon_url)
    app = variants_app(settings, engine)
    app.register_blueprint(thumbnail_page(settings, BoundedDatabase(engine, CONNECTIONS)))

    @app.before_request
    def note() -> None:
        site.asked.append(request.full_path.rstrip("?"))
        time.sleep(sum(slow_s for path, slow_s in site.slow_s.items() if request.path.startswith(path)))

    @app.post("/v1/seen")
    def seen() -> Response:
        assert request.mimetype == "text/plain"
        site.take(request.get_data())
        return Response(status=204)

    return app
