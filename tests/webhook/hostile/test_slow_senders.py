"""The real server under callers who take their time: they hold up nobody, and are hung up on."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import text

from tests.support.service import deliveries
from tests.support.service.live_receiver import served
from tests.support.slow_senders import slow_senders
from webhook.limits import HEAD_TIMEOUT_S
from worker.database import make_engine
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service.live_receiver import Served

GIVE_UP_S = 5.0  # after which Mux takes an event as not accepted
SLOW = {"head": 60, "body": 60, "silent": 30}
PICTURES = 60
POSTS = 40
# Beside slow senders, an answer may take so many times as long as without them, and so much more: what a
# machine that is busy with other tests adds by chance. One that holds up a thread costs seconds.
SLOWER, FLOOR_S = 4, 0.25


def test_honest_senders_are_answered_beside_150_slow_ones(shared_receiver: Served) -> None:
    """About as fast as without them; each has a connection of its own, as platforms send them."""
    alone = timed_posts(shared_receiver)
    with ExitStack() as stack:
        for kind, count in SLOW.items():
            stack.enter_context(slow_senders(shared_receiver.port, count, kind))
        beside = timed_posts(shared_receiver)

    assert {code for code, _ in alone + beside} == {202}
    assert p95_s(beside) < SLOWER * p95_s(alone) + FLOOR_S


def timed_posts(receiver: Served) -> list[tuple[int, float]]:
    """Send one webhook after another; return the code and the seconds of each."""
    answers = []
    for _ in range(POSTS):
        started_s = time.perf_counter()
        answers.append((fresh_post(receiver, deliveries.mux()), time.perf_counter() - started_s))
    return answers


def p95_s(answers: list[tuple[int, float]]) -> float:
    """Return the seconds within which 95 of 100 answers came."""
    return sorted(seconds for _, seconds in answers)[int(len(answers) * 0.95)]


def fresh_post(receiver: Served, delivery: deliveries.Delivery) -> int:
    """Send over a new connection, and return the code; 0 where there was no answer in time."""
    with suppress(httpx.TransportError):
        url = f"{receiver.url}{delivery.path}"
        with httpx.Client(trust_env=False, timeout=GIVE_UP_S) as client:
            return client.post(url, headers=delivery.headers, content=delivery.body).status_code
    return 0


@pytest.mark.parametrize("sent", [b"", b"POST /v1/events HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_is_waited_for_three_seconds(shared_receiver: Served, sent: bytes) -> None:
    """Also where a part of it comes."""
    with socket.create_connection(("127.0.0.1", shared_receiver.port), timeout=30) as connection:
        connection.sendall(sent)
        started_s = time.monotonic()
        with suppress(ConnectionError):
            assert connection.recv(1) == b""

    assert HEAD_TIMEOUT_S - 1 < time.monotonic() - started_s < 3 * HEAD_TIMEOUT_S


def read_answers(caller: socket.socket, count: int) -> None:
    """Read so many answers to their ends; heads and bodies may come apart."""
    seen = b""
    while seen.count(b"}\n") < count:  # where bodies end
        seen += caller.recv(4096)
    assert seen.count(b" 200 ") == count


def test_a_later_head_has_three_seconds_too(shared_receiver: Served) -> None:
    """A connection may be idle for longer; once a request begins, it has to come."""
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", shared_receiver.port), timeout=30) as caller:
        caller.sendall(request)
        read_answers(caller, 1)
        time.sleep(HEAD_TIMEOUT_S + 2)
        caller.sendall(request + request)  # the second one is here before the first is answered
        read_answers(caller, 2)

        caller.sendall(request[:10])
        started_s = time.monotonic()
        with suppress(ConnectionError):
            assert caller.recv(1) == b""

    assert HEAD_TIMEOUT_S - 1 < time.monotonic() - started_s < 3 * HEAD_TIMEOUT_S


def test_an_address_has_so_many_connections_and_no_more(database_url: str, tmp_path: Path) -> None:
    """The limit is of each process; who has reached it is hung up on at once."""
    limited = {"CONNECTIONS_PER_ADDRESS": "5", "TRUSTED_PROXIES": "none"}
    with served(database_url, tmp_path, **limited) as receiver, ExitStack() as stack:
        callers = [
            stack.enter_context(socket.create_connection(("127.0.0.1", receiver.port), timeout=0.1))
            for _ in range(30)
        ]
        time.sleep(0.5)  # until each of them was looked at
        refused = sum(map(is_closed, callers))
        other = socket.create_connection(("127.0.0.1", receiver.port), 20, source_address=("127.0.0.2", 0))
        other.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")

        assert 30 - 2 * 5 <= refused < 30
        assert stack.enter_context(other).recv(12) == b"HTTP/1.0 200"


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the other side has hung up."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_a_request_that_no_thread_answers_in_time_is_503_and_counted(
    database_url: str, tmp_path: Path
) -> None:
    """An operator has to see it, and the platform has to send again."""
    engine = make_engine(database_url)
    limits = {"REQUEST_TIMEOUT_S": 0.3}  # below the limits that the database has
    with served(database_url, tmp_path, limits) as receiver:
        with engine.begin() as other:
            other.execute(text("LOCK TABLE events"))
            answer = receiver.post(deliveries.mux())
        numbers = receiver.get("/metrics").text
    engine.dispose()

    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert (
        'thumbs_webhook_requests_total{account="unknown",code="503",outcome="unavailable",platform="unknown"}'
        in numbers
    )


def test_a_page_with_many_pictures_holds_up_no_webhook(database_url: str, tmp_path: Path) -> None:
    """Even where the database is slow to show them, and they are asked for by more than there are threads."""
    engine = make_engine(database_url)
    with served(database_url, tmp_path) as receiver, ThreadPoolExecutor(PICTURES) as threads:
        with engine.begin() as other:
            other.execute(text("LOCK TABLE thumbnails"))
            url = f"{receiver.url}/thumbnails/{'0' * 64}.jpg"
            shown = [threads.submit(httpx.get, url, timeout=30, trust_env=False) for _ in range(PICTURES)]
            time.sleep(0.5)  # until they are on their way
            code = receiver.post(deliveries.mux()).status_code
            waiting = sum(not one.done() for one in shown)
        for one in shown:
            one.exception()
    engine.dispose()

    assert code == 202
    assert waiting > PICTURES // 2


def test_metrics_have_a_port_of_their_own(database_url: str, tmp_path: Path) -> None:
    """Where one is set, the public one shows nothing of what is behind the receiver."""
    port = free_port()
    with served(database_url, tmp_path, METRICS_PORT=str(port)) as receiver:
        receiver.post(deliveries.mux())
        own = f"http://127.0.0.1:{port}"

        assert [receiver.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [
            200,
            404,
            404,
        ]
        assert receiver.client.get(f"{own}/readyz").status_code == 200
        assert "thumbs_webhook_requests_total" in receiver.client.get(f"{own}/metrics").text
        assert receiver.client.post(f"{own}/webhooks/mux/main").status_code == 404
