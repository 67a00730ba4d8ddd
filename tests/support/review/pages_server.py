"""The pages as operators run them: `python -m webhook.review`, with its own processes, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from tests.support.review.signed_in import SECRET
from tests.support.service.deliveries import ENVIRONMENT
from tests.support.waiting import until
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 60.0
READY = "ready for people"


@contextmanager
def serving_pages(database_url: str, folder: Path) -> Iterator[str]:
    """Serve the pages over a database until the end of the block; yield their origin.

    Args:
        database_url: with all tables.
        folder: for their log.
    """
    port, log = free_port(), folder / "pages.log"
    origin = f"http://127.0.0.1:{port}"
    own = {
        "DATABASE_URL": database_url,
        "REVIEW_URL": origin,
        "REVIEW_PORT": str(port),
        "REVIEW_SECRET": SECRET,
        "DATA_DIR": str(folder),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "webhook.review"],
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT, **own},
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: READY in log.read_text() or process.poll() is not None, START_TIMEOUT_S)
        assert process.poll() is None, log.read_text()
        yield origin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT_S)


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
