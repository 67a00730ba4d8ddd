"""The loop between the rows and the workers."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from kombu.exceptions import OperationalError
from sqlalchemy import column, func, select, table, text, update
from sqlalchemy.exc import OperationalError as DatabaseDown

from tests.support.service import builders
from tests.support.service.builders import claimed, event, record
from tests.support.waiting import until
from worker.database import identity, transaction
from worker.database.accounts import Account
from worker.database.identity import DatabaseIdentity
from worker.database.models import Job
from worker.dispatch import dispatcher as loop
from worker.dispatch.dispatcher import Dispatcher
from worker.platforms.event import EventKind
from worker.queue import hints
from worker.queue.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from worker.queue.hints import Hint

WAIT_S = 10.0


class Broker:
    """Takes hints, unless it is down."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, int]] = []
        self.is_down = self.is_wiped = False
        self.arrived = threading.Event()

    def is_new(self) -> bool:
        """Say whether everything was forgotten."""
        return self.is_wiped

    def mark(self) -> None:
        """Note that this was noticed."""
        self.is_wiped = False

    def send(self, queue: str, hint: Hint) -> None:
        """Note a hint."""
        if self.is_down:
            raise OperationalError("connection refused")
        self.hints.append((queue, hint.id))
        self.arrived.set()


@pytest.fixture
def broker() -> Broker:
    """Return a broker that is up."""
    return Broker()


def make(
    engine: Engine, broker: Broker, beat: Callable[[], None] = lambda: None, **settings: float
) -> Dispatcher:
    """Return a dispatcher that takes over at once, so that a test need not wait."""
    with_haste = builders.make_settings(**{"lease_s": 1e-9, **settings})
    return Dispatcher(engine, with_haste, broker, "dispatcher", beat)  # type: ignore[arg-type]


@pytest.fixture
def running(engine: Engine, broker: Broker) -> Iterator[Dispatcher]:
    """Run a dispatcher in a thread; it would sleep for an hour if nothing woke it."""
    dispatcher, stop = make(engine, broker, sweep_s=3600.0), threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(stop,))
    thread.start()
    yield dispatcher
    stop.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_a_due_job_is_announced_once(engine: Engine, broker: Broker) -> None:
    """Two dispatchers in turn send one hint."""
    record(engine, event())

    make(engine, broker).run_once()
    make(engine, broker).run_once()

    assert broker.hints == [("analyze", builders.only(engine, Job).id)]


def test_a_finished_job_has_its_publication_announced(engine: Engine, broker: Broker) -> None:
    """To the other queue."""
    record(engine, event())
    builders.completed(engine)

    make(engine, broker).run_once()

    assert [queue for queue, _ in broker.hints] == ["publish"]


def test_nothing_is_lost_while_the_broker_is_down(engine: Engine, broker: Broker) -> None:
    """The job is announced in the first round after the broker is back."""
    record(engine, event())
    broker.is_down = True
    dispatcher = make(engine, broker)

    wait_s = dispatcher.run_once()
    broker.is_down = False
    dispatcher.run_once()

    assert wait_s <= 1.0
    assert len(broker.hints) == 1


def test_what_a_broker_forgot_is_announced_again(engine: Engine, broker: Broker) -> None:
    """A job and a publication, at once, and once."""
    record(engine, event())
    builders.completed(engine)
    record(engine, event(asset_id="a2"))
    dispatcher = make(engine, broker)
    dispatcher.run_once()
    sent, broker.hints = broker.hints, []
    broker.is_wiped = True

    dispatcher.run_once()
    dispatcher.run_once()

    assert {queue for queue, _ in sent} == {"analyze", "publish"}
    assert sorted(broker.hints) == sorted(sent)


def test_a_wiped_broker_is_reminded_though_the_database_failed_once(
    engine: Engine, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it forgot is noted only once the rows know of it."""
    record(engine, event())
    dispatcher = make(engine, broker)
    dispatcher.run_once()
    broker.hints.clear()
    broker.is_wiped = True

    def fail(*_: object) -> None:
        raise DatabaseDown("UPDATE", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(hints, "mark_all_unsent", fail)
        with pytest.raises(DatabaseDown):
            dispatcher.run_once()
    dispatcher.run_once()

    assert [queue for queue, _ in broker.hints] == ["analyze"]


def test_after_an_outage_of_the_database_all_is_announced_again(
    engine: Engine, broker: Broker, running: Dispatcher
) -> None:
    """Workers read hints meanwhile, and found no rows."""
    assert running
    record(engine, event())
    until(lambda: len(broker.hints) == 1)

    with transaction(engine) as session:
        listener = text("query LIKE 'LISTEN%' AND datname = current_database()")
        activity = select(func.pg_terminate_backend(column("pid"))).select_from(table("pg_stat_activity"))
        session.execute(activity.where(listener))

    until(lambda: len(broker.hints) == 2)


def test_a_sleeping_dispatcher_wakes_when_an_account_opens(engine: Engine, broker: Broker) -> None:
    """Its rows were due all the while."""
    record(engine, event())
    with transaction(engine) as session:
        session.execute(update(Account).values(closed_until=func.now() + timedelta(seconds=30)))

    wait_s = make(engine, broker, sweep_s=3600.0).run_once()

    assert broker.hints == []
    assert 0.0 < wait_s <= 30.0


def test_a_dispatcher_that_hangs_ends_its_process(
    engine: Engine, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here in the broker; one that is only idle, or waits for the database, goes on."""
    ended, hangs, stop = list[str](), threading.Event(), threading.Event()
    monkeypatch.setattr(loop, "PAUSE_S", 0.1)
    with Watchdog("the dispatcher", 1.5, watch_s=0.05, abort=ended.append) as watchdog:
        dispatcher = make(engine, broker, sweep_s=3600.0, beat=watchdog.beat)
        thread = threading.Thread(target=dispatcher.run, args=(stop,))
        thread.start()
        time.sleep(2.0)
        is_well = not ended

        broker.send = lambda *_: hangs.wait(WAIT_S)  # type: ignore[method-assign, assignment, return-value]
        record(engine, event())
        until(lambda: ended)
        hangs.set()
        stop.set()
        thread.join(WAIT_S)

    assert is_well
    assert "the dispatcher hangs" in ended[0]


def test_the_job_of_a_silent_worker_is_announced_again(engine: Engine, broker: Broker) -> None:
    """In the round in which its lease has run out."""
    record(engine, event())
    claimed(engine)
    with transaction(engine) as session:
        session.execute(update(Job).values(lease_until=func.now() - timedelta(seconds=1)))

    make(engine, broker).run_once()

    assert [queue for queue, _ in broker.hints] == ["analyze"]
    assert claimed_state(engine) == "available"


def claimed_state(engine: Engine) -> str:
    """Return the only job's state."""
    return builders.job_states(engine)[0]


def test_after_its_own_start_a_dispatcher_lets_leases_be(engine: Engine, broker: Broker) -> None:
    """After an outage every lease has run out, because nobody could renew: workers get one lease of time."""
    record(engine, event())
    claimed(engine)
    with transaction(engine) as session:
        session.execute(update(Job).values(lease_until=func.now() - timedelta(seconds=1)))

    wait_s = make(engine, broker, lease_s=30.0, sweep_s=20.0).run_once()

    assert claimed_state(engine) == "running"
    assert wait_s == 20.0  # and it does not look again and again meanwhile


def test_a_dispatcher_sleeps_no_longer_than_until_a_lease_ends(engine: Engine, broker: Broker) -> None:
    """So that a dead worker is noticed at once then."""
    record(engine, event())
    claimed(engine, lease_s=30.0)

    wait_s = make(engine, broker, sweep_s=3600.0).run_once()

    assert 0.0 < wait_s <= 30.0


def test_a_sleeping_dispatcher_wakes_for_a_new_event(
    engine: Engine, broker: Broker, running: Dispatcher
) -> None:
    """The notification comes with the commit; no poll is needed."""
    assert running
    record(engine, event())

    assert broker.arrived.wait(WAIT_S)


def test_a_sleeping_dispatcher_wakes_when_a_job_becomes_due(
    engine: Engine, broker: Broker, running: Dispatcher
) -> None:
    """An edit waits for its debounce to end, and not for the next sweep."""
    assert running
    record(engine, event())
    assert broker.arrived.wait(WAIT_S)
    broker.arrived.clear()
    builders.completed_now(engine)
    assert broker.arrived.wait(WAIT_S)  # the publication
    broker.arrived.clear()

    record(engine, event(EventKind.EDITED, minute=1), settings=builders.make_settings(debounce_s=0.5))

    assert broker.arrived.wait(WAIT_S)


def test_a_restored_backup_is_noted_as_soon_as_it_starts(engine: Engine, broker: Broker) -> None:
    """Not only with the next write, so that the next backup has it, and `thumbs doctor` says so."""
    with transaction(engine) as session:
        session.execute(update(DatabaseIdentity).values(identity="before"))
    stop = threading.Event()

    make(engine, broker, stop.set).run(stop)

    with transaction(engine) as session:
        assert len(session.scalars(select(DatabaseIdentity)).all()) == 2
        assert identity.look(session) is not None
