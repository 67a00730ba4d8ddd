"""The real server, with its own processes: it stands what callers and machines do to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.service import builders, deliveries
from tests.support.service.live_receiver import ROOT, Served, served
from tests.support.waiting import until
from webhook.front import THREADS as POOLS
from webhook.limits import MAX_BODY_BYTES
from webhook.serving import PROCESSES
from worker.database.inbox import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

MIB = 1024 * 1024
THREADS = POOLS["/webhooks/"]
BUFFERS_BYTES = 4 * MIB  # gunicorn reads up to 1 MiB of a chunk at once, and copies it


@pytest.fixture
def receiver(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """Run a receiver on this test's database."""
    with served(database_url, tmp_path) as receiver:
        yield receiver


def connect(receiver: Served, head: str) -> socket.socket:
    """Open a connection and send the beginning of a request."""
    connection = socket.create_connection(("127.0.0.1", receiver.port), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode())
    return connection


def status_line(connection: socket.socket) -> str:
    """Return the first line of the answer; empty where the other side hung up."""
    with suppress(ConnectionError), connection.makefile("rb") as stream:
        return stream.readline().decode().strip()
    return ""


def counted(receiver: Served, *, code: int, outcome: str) -> float:
    """Return how many requests of nobody known were answered so, by the metrics."""
    labels = f'account="unknown",code="{code}",outcome="{outcome}",platform="unknown"'
    beginning = f"thumbs_webhook_requests_total{{{labels}}} "
    lines = receiver.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(beginning)) for line in lines if line.startswith(beginning))


def test_it_records_shows_and_counts(receiver: Served, engine: Engine) -> None:
    """The numbers are those of all its processes."""
    codes = [receiver.post(deliveries.mux()).status_code for _ in range(20)]

    assert codes == [202] * 20
    assert len(builders.every(engine, WebhookEvent)) == 20
    assert receiver.get("/readyz").json()["database"] == "ok"
    for _ in range(10):
        numbers = receiver.get("/metrics").text
        assert (
            'thumbs_webhook_requests_total{account="main",code="202",outcome="recorded",platform="mux"} 20.0'
            in numbers
        )


def test_every_log_line_is_json_and_holds_no_secret(shared_receiver: Served) -> None:
    """Also those of gunicorn, and those about what was refused."""
    forged = deliveries.mux(secret="forged")  # noqa: S106 - made up
    shared_receiver.post(deliveries.mux())
    shared_receiver.post(forged)

    lines = shared_receiver.log_lines()

    messages = " ".join(str(line["message"]) for line in lines)
    assert f"listening at 127.0.0.1:{shared_receiver.port}" in messages
    assert "refused a request" in messages
    assert forged.headers["mux-signature"].rpartition("=")[2] not in shared_receiver.log.read_text()
    assert deliveries.MUX_SECRET not in shared_receiver.log.read_text()


def test_a_body_of_one_byte_too_many_is_413_however_it_comes(shared_receiver: Served) -> None:
    """Also where its end comes later than its beginning: until then nobody may try to read it."""
    head = f"POST /webhooks/mux/main HTTP/1.1\nHost: x\nContent-Length: {MAX_BODY_BYTES + 1}\n\n"
    with connect(shared_receiver, head) as connection:
        connection.sendall(b"x" * MAX_BODY_BYTES)
        time.sleep(0.3)
        connection.sendall(b"x")

        assert " 413 " in status_line(connection)


def test_an_endless_body_in_chunks_is_413_and_costs_no_memory(shared_receiver: Served) -> None:
    """It is not read on past the limit: 640 MiB in all, of which each thread may keep one read's buffers."""
    head = "POST /webhooks/mux/main HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n"
    before_bytes = shared_receiver.resident_bytes()
    codes = set()
    for _ in range(64):
        with connect(shared_receiver, head) as connection:
            with suppress(ConnectionError):
                for _ in range(10):
                    connection.sendall(b"100000\r\n" + b"x" * MIB + b"\r\n")
            codes.add(status_line(connection))

    assert codes == {"HTTP/1.1 413 REQUEST ENTITY TOO LARGE"}
    assert shared_receiver.resident_bytes() - before_bytes < PROCESSES * THREADS * BUFFERS_BYTES


def test_a_content_length_that_lies_is_no_way_around_the_limit(shared_receiver: Served) -> None:
    """Neither too large a one nor one that promises more than comes."""
    head = "POST /webhooks/mux/main HTTP/1.1\nHost: x\nContent-Length: {}\n\n"
    with connect(shared_receiver, head.format(10**12)) as connection:
        assert " 413 " in status_line(connection)
    with connect(shared_receiver, head.format(1000)) as connection:
        connection.sendall(b"{}")
        connection.shutdown(socket.SHUT_WR)
        assert " 401 " in status_line(connection)


def test_callers_who_never_finish_are_hung_up_on(shared_receiver: Served) -> None:
    """There are as many of them as threads, half of them still at the head; others are served."""
    heads = ("POST /webhooks/mux/main HTTP/1.1\nHost: x\nContent-Length: 100\n\n", "POST /")
    with ExitStack() as opened:
        callers = [opened.enter_context(connect(shared_receiver, head)) for head in heads * THREADS]

        assert shared_receiver.post(deliveries.mux(), timeout_s=60).status_code == 202
        assert {status_line(caller) for caller in callers} == {"", "HTTP/1.1 408 REQUEST TIMEOUT"}
    assert counted(shared_receiver, code=408, outcome="request timeout") == THREADS


def test_what_is_not_http_at_all_is_turned_away(shared_receiver: Served) -> None:
    """By gunicorn itself, and the shared_receiver lives on."""
    for nonsense in (
        "\x16\x03\x01\x02\x00\x01\n\n",
        "GET\n\n",
        f"GET /{'x' * 5000} HTTP/1.1\n\n",
        "\0" * 100,
    ):
        with connect(shared_receiver, nonsense) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert " 500 " not in status_line(connection)
    assert shared_receiver.get("/healthz").status_code == 200


def test_a_process_that_is_killed_loses_nothing_that_was_accepted(receiver: Served, engine: Engine) -> None:
    """The platform sends again what got no answer; everything is there once, whichever moment it was."""
    sent = [deliveries.mux(asset=f"a{number}") for number in range(150)]

    def deliver(delivery: deliveries.Delivery) -> None:
        """Do what platforms do: send until it is accepted."""
        for _ in range(50):
            with suppress(httpx.TransportError):
                if receiver.post(delivery).status_code in {200, 202}:
                    return
        raise AssertionError("never accepted")

    with ThreadPoolExecutor(8) as threads:
        answered = [threads.submit(deliver, delivery) for delivery in sent]
        for count in (30, 60, 90):
            until(lambda count=count: sum(one.done() for one in answered) >= count)
            os.kill(min(receiver.pids()), signal.SIGKILL)
        for one in answered:
            one.result()

    recorded = sorted(row.delivery_id for row in builders.every(engine, WebhookEvent))
    assert recorded == sorted(json.loads(delivery.body)["id"] for delivery in sent)


def test_it_answers_what_it_has_begun_before_it_ends(
    database_url: str, tmp_path: Path, engine: Engine
) -> None:
    """A deployment costs no event."""
    with served(database_url, tmp_path, LOG_LEVEL="DEBUG") as receiver:  # then its signals are told
        end_within_a_delivery(receiver, engine)


def end_within_a_delivery(receiver: Served, engine: Engine) -> None:
    """Ask it to end while a caller still sends."""
    delivery = deliveries.mux()
    head = "".join(f"{name}: {value}\n" for name, value in delivery.headers.items())
    request = f"POST {delivery.path} HTTP/1.1\nHost: x\nContent-Length: {len(delivery.body)}\n{head}\n"
    with connect(receiver, request) as connection:
        receiver.post(deliveries.mux())
        receiver.process.send_signal(signal.SIGTERM)
        until(lambda: "Handling signal: term" in receiver.log.read_text())
        connection.sendall(delivery.body)
        assert " 202 " in status_line(connection)
    assert receiver.process.wait(20) == 0
    assert len(builders.every(engine, WebhookEvent)) == 2


def test_callers_who_only_wait_are_hung_up_on_without_a_word(receiver: Served) -> None:
    """An end that was asked for is no failure, whatever a caller has sent so far."""
    beginnings = ("", "GET /heal", "GET /healthz HTTP/1.1\nHost: x\n\n")
    with ExitStack() as opened:
        for beginning in beginnings:
            opened.enter_context(connect(receiver, beginning))
        until(lambda: receiver.get("/healthz").status_code == HTTPStatus.OK)
        receiver.process.send_signal(signal.SIGTERM)
        assert receiver.process.wait(20) == 0

    assert [line for line in receiver.log_lines() if line["level"] != "info"] == []
    assert [line for line in receiver.log_lines() if str(line["logger"]).startswith("gunicorn")] == []


@pytest.mark.parametrize("words", [["webhook"], ["worker", "serve"]])
def test_without_a_database_it_does_not_start(words: list[str]) -> None:
    """It names the variable, and ends with the code that no restart helps against."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr


def test_the_next_receiver_removes_what_a_killed_one_left(database_url: str, tmp_path: Path) -> None:
    """Its folder of counts; that of a receiver which runs beside it stays."""
    logs = [tmp_path / "first", tmp_path / "beside", tmp_path / "next"]
    for folder in logs:
        folder.mkdir()
    with ExitStack() as stack:
        first, beside = (
            stack.enter_context(served(database_url, log, TMPDIR=str(tmp_path))) for log in logs[:2]
        )
        children = first.pids()
        first.process.kill()
        until(lambda: not any(_is_alive(pid) for pid in children))
        left = set(tmp_path.glob("thumbs-metrics-*"))
        assert len(left) == 2

        stack.enter_context(served(database_url, logs[2], TMPDIR=str(tmp_path)))

        assert len(left & set(tmp_path.glob("thumbs-metrics-*"))) == 1
        assert beside.get("/metrics").status_code == HTTPStatus.OK


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
