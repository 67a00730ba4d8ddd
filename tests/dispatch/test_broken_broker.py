"""Nothing in the broker ends a worker: it tells why it waits, keeps what it has, and goes on.

One worker, in one process, goes through all of it. Its user at the broker has the rights that
docs/operate.md names, and no others.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import redis

from tests.support.faults.broker_illness import ANSWERS, GARBAGE, ILLNESSES, ODD_ANSWERS, Illness, message
from tests.support.faults.proxy import Proxies
from tests.support.faults.system import ROOT
from tests.support.service.worker_processes import WorkerProcess
from tests.support.waiting import until
from worker.standalone.servers import start_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.faults.proxy import Proxy
    from tests.support.service.databases import Databases

SOON_S = 30.0
FLOOD = 1000
# A full server still lets others read, which frees memory. A busy one says nothing to who waits already.
OF_READERS = [
    pytest.param(illness, marks=[pytest.mark.faults] * (illness.name != "read-only"))
    for illness in ILLNESSES
    if illness.name not in {"full", "busy"}
]
_NUMBERS = itertools.count(10**9)  # of rows that are not there
RIGHTS = re.search(r"ACL SETUSER thumbs (.+)", (ROOT / "docs" / "operate.md").read_text())


class Rig:
    """A worker, its broker, and the way between them."""

    def __init__(self, worker: WorkerProcess, client: redis.Redis, way: Proxy) -> None:
        self.worker, self.client, self.way = worker, client, way
        self._start = 0

    def begin(self) -> None:
        """Look from now on at what the worker says from now on."""
        self._start = len(self.worker.log())

    def said(self) -> str:
        """Return what it said since then."""
        return self.worker.log()[self._start :]

    def takes_hints(self) -> None:
        """Send a hint, and wait until the same process has looked at its row."""
        row_id = next(_NUMBERS)
        self.client.lpush("thumbs:publish", message(row_id))
        until(lambda: f"publication {row_id} is not there" in self.said(), SOON_S)
        assert self.worker.process.poll() is None


@pytest.fixture(scope="module")
def running(databases: Databases, servers_dir: Path) -> Iterator[Rig]:
    """Start a publishing worker with a Valkey of its own, whose illnesses are nobody else's."""
    server = start_valkey(servers_dir / "sick")
    try:
        with redis.Redis.from_url(server.url) as client, Proxies() as proxies, databases.lend() as url:
            assert RIGHTS
            rights = RIGHTS[1].replace("PASSWORD", "secret").split()
            client.execute_command("ACL", "SETUSER", "thumbs", *rights)
            way = proxies.to(urlsplit(server.url).port or 0)
            address = f"redis://thumbs:secret@127.0.0.1:{way.port}/0"
            with WorkerProcess("publish", DATABASE_URL=url, REDIS_URL=address) as worker:
                yield Rig(worker, client, way)
                assert worker.stop() < SOON_S
    finally:
        server.close()


@pytest.fixture
def rig(running: Rig) -> Iterator[Rig]:
    """Return the running worker; after each test it takes hints, and nothing was unforeseen."""
    running.begin()
    yield running
    running.takes_hints()
    assert "Traceback" not in running.said()
    assert [key for key in running.client.scan_iter() if not key.startswith(b"thumbs:")] == []


@pytest.mark.parametrize("illness", OF_READERS, ids=lambda illness: illness.name)
def test_a_broker_that_refuses_is_waited_for(rig: Rig, illness: Illness) -> None:
    """The log names the remedy, once, and says when the broker works again."""
    with illness.of(rig.client):
        until(lambda: illness.says in rig.said(), SOON_S)
    rig.takes_hints()

    assert rig.said().count(illness.says) == 1
    assert "the broker works again" in rig.said()


@pytest.mark.faults
@pytest.mark.parametrize("answer", [*ANSWERS.values(), *ODD_ANSWERS.values()])
def test_an_answer_that_makes_no_sense_is_waited_out(rig: Rig, answer: bytes) -> None:
    """Errors of states that a server passes through, and what is no answer."""
    rig.way.answer = answer
    until(lambda: "the broker " in rig.said(), SOON_S)
    rig.way.heal()
    rig.way.drop()


def test_celery_says_nothing_of_its_own(rig: Rig) -> None:
    """No line of each hint, and none about root, whose remedy would be none of ours."""
    rig.takes_hints()

    assert "celery" not in rig.said()
    assert "SecurityWarning" not in rig.worker.log()
    assert rig.worker.log().count("running as root") == (os.geteuid() == 0)


def test_what_is_no_hint_is_dropped(rig: Rig) -> None:
    """It costs one line of the log, whatever it is, and nothing in the database."""
    rig.client.lpush("thumbs:publish", *GARBAGE.values())
    rig.takes_hints()

    assert rig.said().count("are no hints") == 1
    assert len(rig.said().splitlines()) < 8
    assert rig.client.llen("thumbs:publish") == 0


def test_a_hint_for_a_far_day_is_looked_at_now(rig: Rig) -> None:
    """Nothing of it is kept in memory; who works on a row learns from the row whether it is time."""
    rig.client.lpush(
        "thumbs:publish", *(message(number, eta="2099-01-01T00:00:00+00:00") for number in range(1, 9))
    )
    until(lambda: rig.said().count("is not there to be taken") == 8, SOON_S)


def test_our_own_valkey_takes_no_message_that_fills_a_memory(rig: Rig) -> None:
    """A worker would have to read all of it before it could drop it."""
    with pytest.raises(redis.RedisError):
        rig.client.lpush("thumbs:publish", b"x" * 2_000_000)


@pytest.mark.faults
def test_a_flood_does_not_fill_the_disk(rig: Rig) -> None:
    """Nor does it keep hints away for long."""
    rig.client.lpush("thumbs:publish", *[b"garbage"] * FLOOD)
    rig.takes_hints()

    assert len(rig.said()) < 4000
