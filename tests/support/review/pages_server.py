"""The pages as operators run them: `python -m webhook.review`, with its own processes, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from tests.support.review.signed_in import SECRET
from tests.support.service.deliveries import ENVIRONMENT
from tests.support.waiting import until
from webhook.serving import PROCESSES
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 60.0


@contextmanager
def served_pages(database_url: str, folder: Path, **environment: str) -> Iterator[httpx.Client]:
    """Run the pages as `running_pages` does, and yield a browser without JavaScript for them."""
    with running_pages(database_url, folder, **environment) as (_, client):
        yield client


@contextmanager
def running_pages(
    database_url: str, folder: Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Run the pages until the end of the block, and yield their process and a browser.

    Args:
        database_url: with all tables.
        folder: for their log, pages.log, and their own files.
        environment: settings.
    """
    port, log = free_port(), folder / "pages.log"
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "REVIEW_PORT": str(port),
        "DATA_DIR": str(folder),
        "TMPDIR": str(folder),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "webhook.review"],
            cwd=ROOT,
            env={**variables, **environment},
            stderr=output,
        )
    try:
        until(lambda: log.read_text().count("ready for people") == PROCESSES, START_TIMEOUT_S)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield process, client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_TIMEOUT_S) == 0, log.read_text()


@contextmanager
def serving_pages(database_url: str, folder: Path, **environment: str) -> Iterator[str]:
    """Serve the pages over a database until the end of the block; yield their origin.

    Args:
        database_url: with all tables.
        folder: for their log.
        environment: settings, beside an account of Mux and the secret of `cookie_of`.
    """
    own = {**ENVIRONMENT, "REVIEW_SECRET": SECRET, **environment}
    with served_pages(database_url, folder, **own) as client:
        yield str(client.base_url).removesuffix("/")


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
