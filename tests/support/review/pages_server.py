"""The pages, served to a browser."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from werkzeug.serving import make_server

from tests.support.review.signed_in import SECRET
from tests.support.service.deliveries import make_settings
from webhook.review.app import create_app, make_review_engine
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving_pages(database_url: str) -> Iterator[str]:
    """Serve the pages over a database, at their own origin, until the end of the block."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    settings = make_settings(
        database_url=database_url, review_url=origin, review_port=port, review_secret=SECRET
    )
    engine = make_review_engine(settings)
    server = make_server("127.0.0.1", port, create_app(settings, engine), threaded=True)
    server.daemon_threads = False  # so that none is left when the server is closed
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        engine.dispose()


def cookie_of(token: str, origin: str) -> dict[str, str]:
    """Make the cookie of a browser in which somebody is signed in, as Playwright takes it.

    Args:
        token: that `sign_ins.begin` returned.
        origin: of the pages.
    """
    app = Flask(__name__)
    app.secret_key = SECRET
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return {"name": "thumbs", "value": serializer.dumps({"_user_id": token}), "url": origin}
