"""Says whether this process lives, whether it can take events, and what it has counted."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from worker import metrics
from worker.database import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

DATABASE_WITHIN_S = 1.0
REDIS_WITHIN_S = 0.2  # it is on the same network, and nothing depends on the answer
REDIS_PORT = 6379


def health_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes for the operator's machinery: /healthz, /readyz and /metrics."""
    pages = Blueprint("health", __name__)
    redis_url = settings.redis_address or ""
    is_behind = migrate.missing()  # asked often, so what does not change is read once

    @pages.get("/healthz")
    def healthz() -> Response:
        """Tell that the process lives; that a database is down is no reason to kill it."""
        return jsonify(status="ok")

    @pages.get("/readyz")
    def readyz() -> Response:
        """Tell whether events can be recorded. Redis is only mentioned: they are recorded without it."""
        problem = _problem(database, is_behind)
        response = jsonify(
            status="unavailable" if problem else "ok", database=problem or "ok", redis=_redis_state(redis_url)
        )
        response.status_code = 503 if problem else 200
        return response

    @pages.get("/metrics")
    def numbers() -> Response:
        """Show what all processes of this receiver have counted."""
        return Response(metrics.page(), content_type=CONTENT_TYPE_LATEST)

    return pages


def _problem(database: BoundedDatabase, is_behind: Callable[[str], bool]) -> str:
    """Say why the database cannot take events; an empty text where it can."""
    try:
        revision = database.ask(migrate.current, DATABASE_WITHIN_S)
    except (SQLAlchemyError, TimeoutError):
        return "no answer"
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
            return "ok" if connection.recv(1) else "no answer"
    except (OSError, ValueError):
        return "no answer"


def _encrypted(connection: socket.socket) -> ssl.SSLSocket:
    # Nothing secret is sent, so it does not matter who answers.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)
