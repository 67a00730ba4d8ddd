"""Says whether this process lives, whether it can take events, and what it has counted."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from webhook import answers
from worker import metrics
from worker.database import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

DATABASE_WITHIN_S = 1.0
REDIS_WITHIN_S = 0.2  # it is on the same network, and nothing depends on the answer
REDIS_PORT = 6379
NO_ANSWER = "no answer"


def life_page() -> Blueprint:
    """Make the route /healthz, which shows nothing but that the process lives."""
    pages = Blueprint("life", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        """Tell that the process lives; that a database is down is no reason to kill it."""
        return jsonify(status="ok")

    return pages


def operations_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes /readyz and /metrics, which show the state of what is behind the receiver."""
    pages = Blueprint("operations", __name__)
    is_behind = migrate.missing()  # asked often, so what does not change is read once
    redis = Glance(partial(_redis_state, settings.redis_address or ""))

    @pages.get("/readyz")
    def readyz() -> Response:
        """Tell whether events can be recorded. Redis is only mentioned: they are recorded without it.

        `answers` does not say that it takes messages; `thumbs doctor` tries that.
        """
        problem = _problem(database, is_behind)
        response = jsonify(
            status="unavailable" if problem else "ok", database=problem or "ok", redis=redis.state()
        )
        response.status_code = 503 if problem else 200
        return response

    @pages.get("/metrics")
    def numbers() -> Response:
        """Show what all processes of this receiver have counted."""
        return Response(metrics.page(), content_type=CONTENT_TYPE_LATEST)

    return pages


def moved_pages() -> Blueprint:
    """Make /readyz and /metrics where they have a port of their own, which strangers need not know."""
    pages = Blueprint("moved", __name__)

    @pages.get("/readyz")
    @pages.get("/metrics")
    def elsewhere() -> Response:
        """Tell an operator that METRICS_PORT has the page."""
        return answers.answer("not found", 404, "this page is not served at this port; METRICS_PORT has it")

    return pages


class Glance:
    """Something that is only mentioned: it is asked in a thread of its own, and holds up no answer.

    A limit of a connection does not limit how long a name server takes to find its address.
    """

    def __init__(self, question: Callable[[], str]) -> None:
        self._question = question
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="glance")
        self._lock = Lock()
        self._asked: Future[str] | None = None

    def state(self) -> str:
        """Ask, unless the question before is still open, and wait no longer than a moment."""
        with self._lock:
            asked = self._asked
            if asked is None or asked.done():
                asked = self._asked = self._thread.submit(self._question)
        try:
            return asked.result(REDIS_WITHIN_S)
        except TimeoutError:
            return NO_ANSWER


def _problem(database: BoundedDatabase, is_behind: Callable[[str], bool]) -> str:
    """Say why the database cannot take events; an empty text where it can."""
    try:
        revision = database.ask(migrate.current, DATABASE_WITHIN_S)
    except (SQLAlchemyError, TimeoutError):
        return NO_ANSWER
    return "its tables are not up to date: run `thumbs migrate`" if is_behind(revision) else ""


def _redis_state(url: str) -> str:
    """Ask Redis for an answer of any kind; that it wants a password is one too, so none is sent."""
    if not url:
        return "not configured"
    address = urlsplit(url)
    try:
        host_and_port = (address.hostname or "localhost", address.port or REDIS_PORT)
        with socket.create_connection(host_and_port, REDIS_WITHIN_S) as plain:
            connection = _encrypted(plain) if address.scheme == "rediss" else plain
            # By hand, because the client library would send the password and try again by itself.
            connection.sendall(b"PING\r\n")
            return "answers" if connection.recv(1) else NO_ANSWER
    except (OSError, ValueError):
        return NO_ANSWER


def _encrypted(connection: socket.socket) -> ssl.SSLSocket:
    # Nothing secret is sent, so it does not matter who answers.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)
