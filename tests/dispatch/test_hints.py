"""A hint reaches a worker, or its sender hears soon that it did not."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest
import redis
from kombu.exceptions import OperationalError

from worker.database.states import Priority
from worker.dispatch.broker import Broker
from worker.dispatch.celery_app import WorkerKind, make_app, send_hint
from worker.errors import SettingsInvalid
from worker.queue.hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_SERVER = "redis://127.0.0.1:9/0"  # the port of a service that no machine runs any more
SOON_S = 20.0  # a dispatcher that hangs for longer looks dead


@pytest.fixture
def frozen_broker() -> Iterator[str]:
    """Return the address of a broker that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("kind", list(WorkerKind))
def test_a_hint_waits_in_the_queue_of_its_workers(redis_url: str, kind: WorkerKind) -> None:
    """It says which row, and nothing that must not be read in a broker."""
    with make_app(redis_url) as app:
        send_hint(app, kind, Hint(17, 2))

    with redis.Redis.from_url(redis_url) as broker:
        message = json.loads(broker.lindex(f"thumbs:{kind.value}", 0))  # type: ignore[arg-type]
    assert message["headers"]["task"] == f"thumbs.{kind.value}"
    assert message["headers"]["argsrepr"] == "(17, 2)"


def test_a_hint_of_a_backfill_is_read_after_all_others(redis_url: str) -> None:
    """Though it was sent first."""
    with make_app(redis_url) as app:
        send_hint(app, WorkerKind.ANALYZE, Hint(1, 1, Priority.BACKFILL))
        send_hint(app, WorkerKind.ANALYZE, Hint(2, 1))
        with app.connection() as connection:
            queue = connection.SimpleQueue(WorkerKind.ANALYZE.value)
            read = [queue.get(timeout=SOON_S) for _ in range(2)]
            for message in read:
                message.ack()
            queue.close()

    assert [message.headers["argsrepr"] for message in read] == ["(2, 1)", "(1, 1)"]


def test_a_broker_that_is_down_is_an_error() -> None:
    """The dispatcher then sends the hint again later."""
    with make_app(NO_SERVER) as app, pytest.raises(OperationalError):
        send_hint(app, WorkerKind.ANALYZE, Hint(1, 1))


def test_a_broker_that_is_frozen_is_an_error_too(frozen_broker: str) -> None:
    """Not a dispatcher that hangs for ever."""
    start_s = time.monotonic()

    with make_app(frozen_broker) as app, pytest.raises(OperationalError):
        send_hint(app, WorkerKind.ANALYZE, Hint(1, 1))

    assert time.monotonic() - start_s < SOON_S


def test_a_missing_address_names_its_setting() -> None:
    """And the way to do without."""
    with pytest.raises(SettingsInvalid, match=r"REDIS_URL: missing.+thumbs up"):
        make_app(None)


def test_a_broker_that_was_wiped_is_noticed_until_somebody_has_seen_to_it(redis_url: str) -> None:
    """A dispatcher that dies in between leaves it to another."""
    one, other = Broker(redis_url), Broker(redis_url)

    fresh = [one.is_new(), other.is_new(), one.mark(), one.is_new(), other.is_new()]
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    wiped = [other.is_new(), one.is_new()]

    assert (fresh, wiped) == ([True, True, None, False, False], [True, True])


def test_nobody_takes_a_broker_that_is_down_for_a_wiped_one(frozen_broker: str) -> None:
    """Also one that is only frozen."""
    for address in (NO_SERVER, frozen_broker):
        with pytest.raises(OperationalError):
            Broker(address).is_new()
        with pytest.raises(OperationalError):
            Broker(address).mark()
