"""The files of deploy/proxy: the programs take them, and the receiver behind them works and stays closed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support import reverse_proxies
from tests.support.service import builders, deliveries
from tests.support.service.live_receiver import served
from webhook import limits
from webhook.app import STATEMENT_TIMEOUT_MS
from webhook.thumbnails import KEPT_S
from worker.database.models import Thumbnail

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "k": 1024, "MiB": 1024 * 1024}
FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile"}


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of a proxy that is installed."""
    if not reverse_proxies.is_installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


def number(program: str, directive: str) -> float:
    """Read a directive's value, in bytes or seconds; the last one where there are several."""
    text = (reverse_proxies.FILES / FILES[program]).read_text()
    value, unit = re.findall(rf"^\s*{directive} (\d+)(ms|s|m|h|k|MiB)\b", text, re.MULTILINE)[-1]
    return float(int(value) * UNITS[unit])


@pytest.mark.parametrize(
    ("program", "answer", "idle"),
    [
        ("nginx", "proxy_read_timeout", "keepalive_timeout"),
        ("caddy", "response_header_timeout", "keepalive"),
    ],
)
def test_a_proxy_waits_for_the_receivers_answer_and_gives_up_a_connection_first(
    program: str, answer: str, idle: str
) -> None:
    """A connection that the receiver closes just when a webhook is sent would cost that webhook."""
    assert number(program, answer) > limits.REQUEST_TIMEOUT_S + STATEMENT_TIMEOUT_MS / 1000
    assert 0 < number(program, idle) < limits.KEEPALIVE_S


def test_a_proxy_refuses_no_body_that_the_receiver_takes() -> None:
    """Caddy lets more through, so that the receiver says why: an older Caddy answers 502 by itself."""
    assert number("nginx", "client_max_body_size") == limits.MAX_BODY_BYTES
    assert number("caddy", "max_size") == limits.MAX_DRAINED_BYTES


def test_the_program_takes_its_file(name: str, tmp_path: Path) -> None:
    """As its own check says."""
    assert reverse_proxies.complaint(name, tmp_path) == ""


def test_the_receiver_works_behind_it_and_shows_nothing_of_the_operators(
    name: str, tmp_path: Path, engine: Engine, database_url: str
) -> None:
    """By TLS: webhooks, bodies of every size, pictures; /metrics only without it."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    stored: Thumbnail = builders.only(engine, Thumbnail)
    picture = f"/thumbnails/{stored.sha256}.jpg"
    with (
        served(database_url, tmp_path) as receiver,
        reverse_proxies.in_front(name, tmp_path, receiver.port) as client,
    ):
        sent = deliveries.mux()
        taken = [client.post(sent.path, content=sent.body, headers=sent.headers) for _ in range(2)]
        assert [answer.status_code for answer in taken] == [202, 200]

        # As large as the receiver takes: it is read, and the signature is wrong. One byte more is refused.
        sizes = (limits.MAX_BODY_BYTES, limits.MAX_BODY_BYTES + 1)
        answers = [client.post(sent.path, content=b"x" * size, headers=sent.headers) for size in sizes]
        assert [answer.status_code for answer in answers] == [401, 413]

        for path in ("/metrics", "/readyz", "/metrics/", "/webhooks/../metrics"):
            assert client.get(path).status_code == 404, path
        # This one is read as a host, and leads to the page at /.
        assert "thumbs_" not in client.get("//metrics").text
        assert receiver.get("/metrics").status_code == 200
        assert client.get("/healthz").status_code == 200

        shown = client.get(picture)
        assert (shown.status_code, shown.content) == (200, stored.jpeg)
        assert shown.headers["Cache-Control"] == f"public, max-age={KEPT_S}"
        assert client.get(f"/thumbnails/{'0' * 64}.jpg").status_code == 404
        seen = client.get(picture, headers={"If-None-Match": shown.headers["ETag"]})
        assert seen.status_code == 304


def test_nginx_keeps_a_picture_and_tells_nobody_else_to_keep_its_copy_for_long(
    tmp_path: Path, engine: Engine, database_url: str
) -> None:
    """So what has to vanish is seen for the hour of one cache, and not of two."""
    if not reverse_proxies.is_installed("nginx"):
        pytest.skip("nginx is not installed")
    builders.record(engine, builders.event())
    builders.completed(engine)
    stored: Thumbnail = builders.only(engine, Thumbnail)
    picture = f"/thumbnails/{stored.sha256}.jpg"
    with served(database_url, tmp_path) as receiver:
        port = receiver.port
        with reverse_proxies.in_front("nginx", tmp_path, port) as client:
            client.get(picture)
            receiver.process.terminate()
            receiver.process.wait()
            kept = client.get(picture)
            gone = client.get("/healthz")

    assert (kept.status_code, kept.content) == (200, stored.jpeg)
    assert kept.headers["Cache-Control"] == "public, max-age=60"
    assert gone.status_code == 502
