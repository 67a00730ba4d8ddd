"""Every method at every address: an answer, and never a 500."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.service.live_receiver import Served

METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "X-ODD",
)
ALLOWED = {
    "/webhooks/mux/main": {"POST"},
    "/webhooks/mux/nobody": {"POST"},
    "/webhooks/nope/x": {"POST"},
    "/v1/events": {"POST"},
    f"/thumbnails/{'0' * 64}.jpg": {"GET", "HEAD"},
    "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
    "/metrics": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"},
    "/": {"GET", "HEAD"},
}
UNKNOWN = ("/webhooks", "/webhooks/mux", "/v1/events/", "/thumbnails/", "/static/x.js")


@pytest.mark.parametrize("path", ALLOWED)
def test_another_method_is_405_and_the_answer_names_those_there_are(client: FlaskClient, path: str) -> None:
    """Scanners and browsers ask so."""
    allowed = ALLOWED[path]
    for method in METHODS:
        answer = client.open(path, method=method)

        assert answer.status_code < 500, method
        assert (answer.status_code == 405) == (method not in allowed), method
        if answer.status_code == 405:
            assert {word.strip() for word in answer.headers["Allow"].split(",")} == allowed, method
            assert method == "HEAD" or answer.json["status"] == "method not allowed"


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_address_is_404_by_every_method(client: FlaskClient, path: str) -> None:
    """Whatever is asked of it."""
    assert {client.open(path, method=method).status_code for method in METHODS} == {404}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("OPTIONS *", 400),
        ("CONNECT example.com:443", 400),
        ("CONNECT 127.0.0.1:22", 400),
        ("GET *", 400),
        ("GET http://example.com/healthz", 200),
    ],
)
def test_what_is_not_a_path_is_answered_too(shared_receiver: Served, line: str, code: int) -> None:
    """Scanners send all forms that HTTP has, by hand."""
    with socket.create_connection(("127.0.0.1", shared_receiver.port), timeout=20) as caller:
        caller.sendall(f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

        assert caller.recv(12).decode() == f"HTTP/1.1 {code}"
