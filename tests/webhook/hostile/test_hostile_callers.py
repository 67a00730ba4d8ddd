"""The real server under strangers: it tells them nothing, and costs no more for many than for a few."""

from __future__ import annotations

import itertools
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.service import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service.live_receiver import Served

MIB = 1024 * 1024
SEED = 6
CALLERS = 8  # at once
WARM_UP = 500  # requests, until its memory has grown to what it needs
# Python frees rings of objects only now and then; had it kept the bodies alone, it would be 40 MiB.
GROWTH_BYTES = 8 * MIB

SECRET_FILE = "/etc/passwd"  # noqa: S105 - what such requests are usually after
PATHS = (
    f"/thumbnails/../../../../..{SECRET_FILE}",
    f"/thumbnails/..%2f..%2f..%2f..{SECRET_FILE}",
    "/thumbnails/%2e%2e/%2e%2e/etc/passwd%00.jpg",
    "/thumbnails/..%252f..%252fetc%252fpasswd.jpg",
    "/thumbnails/....//....//etc/passwd.jpg",
    "/thumbnails/..\\..\\etc\\passwd.jpg",
    f"/thumbnails/{SECRET_FILE}.jpg",
    f"//thumbnails/{SECRET_FILE}",
    f"/thumbnails/{'%00' * 64}.jpg",
    f"/thumbnails/{'0' * 64}.jpg/../../../webhook/app.py",
    f"/thumbnails/{'0' * 64}.jpg%0d%0aX-Injected:%20yes",
    "/thumbnails/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd.jpg",
    "/thumbnails/%ff%fe.jpg",
    "/static/../webhook/app.py",
    f"file://{SECRET_FILE}",
    "http://127.0.0.1:1/thumbnails/x.jpg",
    "/thumbnails/' UNION SELECT 1--.jpg",
    "/webhooks/mux/main/../../../etc/passwd",
    "/webhooks/__class__/__init__",
    "/webhooks/settings/database_url",
)

SMUGGLED = (
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: +4\r\n\r\n1234",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n1234\r\n0\r\n\r\n",
    b"X: y\nContent-Length: 0\n\n",
)


def ask(receiver: Served, request: bytes) -> bytes:
    """Send bytes, and return all that comes back; nothing where the other side hung up before the end."""
    answer = b""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=20) as connection:
        with suppress(OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(64 * 1024):
                answer += part
    return answer


def test_no_path_leads_to_a_file(shared_receiver: Served) -> None:
    """As no browser would send it: nothing is put right on the way."""
    for method, path in itertools.product(("GET", "POST"), PATHS):
        answer = ask(
            shared_receiver, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )

        assert answer.split(b" ", 2)[1] in {b"400", b"401", b"404", b"405"}, path
        for leak in (b"root:", b"X-Injected", b"Traceback", b"postgresql"):
            assert leak not in answer, path


@pytest.mark.parametrize("head", SMUGGLED)
def test_a_request_whose_end_can_be_read_in_two_ways_is_400(shared_receiver: Served, head: bytes) -> None:
    """A proxy could see another end than we, and what lies between would be a request of its own."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    answer = ask(shared_receiver, b"POST /v1/events HTTP/1.1\r\nHost: x\r\n" + head + hidden)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_what_follows_a_body_that_was_refused_is_no_request(shared_receiver: Served) -> None:
    """It is not known where the body ends that was not read."""
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n"

    answer = ask(shared_receiver, head + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_bodies_of_ten_megabytes_are_refused_and_cost_no_memory(shared_receiver: Served) -> None:
    """Signed or not: the size is refused before it is read. Who goes on sending is hung up on."""
    request = _request(deliveries.mux_bytes(b" " * (10 * MIB)))
    before_bytes = shared_receiver.resident_bytes()

    answers = [ask(shared_receiver, request) for _ in range(50)]

    assert {answer.split(b"\r\n")[0] for answer in answers} <= {b"", b"HTTP/1.1 413 REQUEST ENTITY TOO LARGE"}
    assert shared_receiver.resident_bytes() - before_bytes < GROWTH_BYTES
    assert shared_receiver.post(deliveries.mux()).status_code == 202


@pytest.mark.parametrize("count", [500, pytest.param(5000, marks=pytest.mark.faults)])
def test_memory_stays_flat_under_many_hostile_requests(shared_receiver: Served, count: int) -> None:
    """Of every kind, from many callers at once; none of them earns a 500."""
    requests = list(itertools.islice(_hostile(), WARM_UP + count))

    def statuses(part: list[bytes]) -> set[bytes]:
        with ThreadPoolExecutor(CALLERS) as callers:
            answers = callers.map(lambda request: ask(shared_receiver, request), part)
            return {answer.split(b" ", 2)[1] if answer else b"hung up" for answer in answers}

    statuses(requests[:WARM_UP])
    before_bytes, before_pids = shared_receiver.resident_bytes(), shared_receiver.pids()
    seen = statuses(requests[WARM_UP:])
    grown_bytes = shared_receiver.resident_bytes() - before_bytes
    print(f"{count} hostile requests: {grown_bytes / MIB:+.1f} MiB, answered {sorted(seen)}")

    assert {status[:1] for status in seen} <= {b"2", b"4", b"h"}
    assert shared_receiver.pids() == before_pids
    assert grown_bytes < GROWTH_BYTES


def _hostile() -> Iterator[bytes]:
    """Requests of every hostile kind in turn, none like another; the same ones in every run."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    for number in itertools.count():
        size = chance.choice((10, 1000, 50_000))
        said = chance.randbytes(size)
        yield _request(deliveries.mux_bytes(said))
        yield _request(deliveries.own_bytes(said.hex().encode(), delivery=f"odd-{number}"))
        yield _request(deliveries.mux(secret=f"forged-{number}"))
        yield _request(deliveries.mux(asset="x" * size, title="\0" * 100))
        yield _request(deliveries.mux_bytes(b'{"type":"x","id":"y","data":' + b"[" * size))
        yield _request(deliveries.mux_bytes(b" " * (300 * 1024)))
        yield _request(deliveries.mux().with_headers(Content_Encoding="gzip"))
        yield f"GET /thumbnails/{said[:32].hex()}.jpg HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        yield f"GET {chance.choice(PATHS)}/{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        yield b"POST /webhooks/mux/main HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + said[:99]
        yield said[:2000]


def _request(delivery: deliveries.Delivery) -> bytes:
    head = {**delivery.headers, "Host": "x", "Connection": "close", "Content-Length": str(len(delivery.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {delivery.path} HTTP/1.1\r\n{lines}\r\n".encode() + delivery.body
