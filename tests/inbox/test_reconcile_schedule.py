"""Beside a dispatcher's rounds, the lists of accounts whose webhooks may be lost are read."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update

from tests.support.account_rows import account_of, is_closed
from tests.support.platforms.simulated_account import NOWHERE, clip
from tests.support.service import builders
from tests.support.waiting import until
from worker.database import transaction
from worker.database.accounts import Account, AccountSync
from worker.database.models import Job
from worker.demo.simulator import SIMULATED, InjectedFault, Simulated
from worker.errors import RateLimited
from worker.inbox.reconcile import PATIENCE_S
from worker.inbox.reconcile_schedule import STOP_S, ReconcileSchedule
from worker.platforms.shared.pagination import PAGE_SIZE
from worker.platforms.vendors.bunny import Bunny

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.platforms.base import Page
    from worker.settings import Settings


@pytest.fixture
def bunny(tmp_path: Path) -> Iterator[Simulated]:
    """Serve a platform with one video that no webhook told of."""
    with SIMULATED["bunny"](NOWHERE) as vendor:
        vendor.upload(clip(tmp_path))
        yield vendor


def settings(vendor: Simulated, interval_s: float = 600.0, accounts: tuple[str, ...] = ("main",)) -> Settings:
    """Return the settings of a service with accounts at the platform."""
    account = {key.lower(): value for key, value in vendor.variables().items()}
    return builders.make_settings(
        **{vendor.name: dict.fromkeys(accounts, account)}, sync_interval_s=interval_s
    )


def lists_read(vendor: Simulated) -> int:
    """How often the list was asked for."""
    return len(vendor.journal.entries("request"))


def reconcile_threads() -> list[str]:
    """The names of the threads that look at lists."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("reconcile")]


def is_finished(engine: Engine) -> bool:
    """Whether a look came to its end."""
    return any(row.finished_at for row in all_syncs(engine))


def all_syncs(engine: Engine) -> list[AccountSync]:
    """The rows of all accounts."""
    with transaction(engine) as session:
        return list(session.scalars(select(AccountSync).order_by(AccountSync.account)))


def test_a_lost_webhook_is_made_up_for(engine: Engine, bunny: Simulated) -> None:
    """As soon as a dispatcher runs, nobody has to ask."""
    with ReconcileSchedule(engine, settings(bunny)):
        until(lambda: is_finished(engine))

    assert builders.only(engine, Job).reason == "ready"


def test_another_dispatcher_does_not_read_it_again(engine: Engine, bunny: Simulated) -> None:
    """In the same interval; a platform counts requests. It reads what nobody has read yet."""
    with ReconcileSchedule(engine, settings(bunny)):
        until(lambda: is_finished(engine))

    with ReconcileSchedule(engine, settings(bunny, accounts=("main", "other"))):
        until(lambda: [row.account for row in all_syncs(engine) if row.finished_at] == ["main", "other"])
        time.sleep(0.2)  # the first account has had its turn by then

    assert lists_read(bunny) == 2


def test_what_nobody_foresaw_does_not_end_the_schedule(
    engine: Engine, bunny: Simulated, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log shows where, and the next interval comes."""
    answers = iter([ZeroDivisionError("a bug of ours")])
    really = Bunny.assets

    def assets(ours: Bunny, page: str | None = None) -> Page:
        for failure in answers:
            raise failure
        return really(ours, page)

    monkeypatch.setattr(Bunny, "assets", assets)
    with ReconcileSchedule(engine, settings(bunny, interval_s=0.2)):
        until(lambda: is_finished(engine))

    assert "a bug of ours" in caplog.text


def test_a_list_is_read_again_after_the_interval(engine: Engine, bunny: Simulated) -> None:
    """And again after that."""
    with ReconcileSchedule(engine, settings(bunny, interval_s=0.2)):
        until(lambda: lists_read(bunny) >= 3)

    assert builders.job_states(engine) == ["scheduled"]


def test_a_list_that_could_not_be_read_is_tried_again(
    engine: Engine, bunny: Simulated, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the account and the reason."""
    bunny.faults.plan(InjectedFault(status=401))

    with ReconcileSchedule(engine, settings(bunny, interval_s=0.2)):
        until(lambda: is_finished(engine))

    assert "bunny/main: its list was not read" in caplog.text
    assert "BUNNY__MAIN__API_KEY" in caplog.text
    assert builders.job_states(engine) == ["scheduled"]


def test_an_account_that_asks_for_an_hour_is_due_then_and_holds_up_no_other(
    engine: Engine, bunny: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread sleeps; its jobs wait, too, and another account is read meanwhile."""
    really = Bunny.assets

    def assets(ours: Bunny, page: str | None = None) -> Page:
        if ours.account == "main":
            raise RateLimited("429", retry_after_s=3600.0)
        return really(ours, page)

    monkeypatch.setattr(Bunny, "assets", assets)
    with ReconcileSchedule(engine, settings(bunny, accounts=("main", "other"))):
        until(lambda: [row.account for row in all_syncs(engine) if row.finished_at] == ["other"])
        until(lambda: is_closed(engine))
        start_s = time.monotonic()
    main, _ = all_syncs(engine)

    assert time.monotonic() - start_s < 3.0  # it stops at once
    due_in_s = (main.started_at - datetime.now(UTC)).total_seconds() + 600.0
    assert due_in_s == pytest.approx(3600.0, abs=60.0)


def test_a_look_that_broke_off_goes_on_where_it_was(
    engine: Engine, bunny: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that lets us read a few pages at a time is read to its end all the same."""
    media = clip(tmp_path)
    for _ in range(PAGE_SIZE):
        bunny.upload(media)
    asked: list[str | None] = []
    really = Bunny.assets

    def assets(ours: Bunny, page: str | None = None) -> Page:
        asked.append(page)
        if asked == [None, "2"]:
            raise RateLimited("429", retry_after_s=PATIENCE_S + 1.0)
        return really(ours, page)

    monkeypatch.setattr(Bunny, "assets", assets)
    with ReconcileSchedule(engine, settings(bunny, interval_s=0.2)):
        until(lambda: is_closed(engine))
        with transaction(engine) as session:
            session.execute(update(Account).values(closed_until=None))
            session.execute(update(AccountSync).values(started_at=datetime(2026, 1, 1, tzinfo=UTC)))
        until(lambda: is_finished(engine))

    assert asked[:3] == [None, "2", "2"]


@pytest.mark.parametrize("standing", ["paused_at", "refused_at"])
def test_an_account_that_is_paused_or_refused_is_not_asked(
    engine: Engine, bunny: Simulated, standing: str
) -> None:
    """A refused one is asked again when its time is over."""
    closed = {"paused_at": "paused_at", "refused_at": "closed_until"}[standing]
    with transaction(engine) as session:
        soon = datetime.now(UTC) + timedelta(hours=1)
        values = {"platform": "bunny", "account": "main", standing: soon, closed: soon}
        session.execute(insert(Account).values(values))

    with ReconcileSchedule(engine, settings(bunny, interval_s=0.2)):
        time.sleep(1.0)
        assert lists_read(bunny) == 0
        with transaction(engine) as session:
            session.execute(update(Account).values({closed: None}))
        until(lambda: is_finished(engine))

    assert account_of(engine).refused_at is None


@pytest.mark.parametrize(("name", "interval_s"), [("bunny", 0.0), ("mux", 600.0)])
def test_no_list_is_read_where_nobody_wants_it(
    engine: Engine, tmp_path: Path, name: str, interval_s: float
) -> None:
    """Neither where it is turned off, nor where webhooks are sent until they are taken."""
    with SIMULATED[name](NOWHERE) as vendor:
        vendor.upload(clip(tmp_path))
        with ReconcileSchedule(engine, settings(vendor, interval_s)):
            assert not reconcile_threads()

        assert lists_read(vendor) == 0
    assert all_syncs(engine) == []


def test_a_silent_platform_does_not_hold_the_dispatcher_up(engine: Engine, bunny: Simulated) -> None:
    """Whoever stops it waits a few seconds at most."""
    bunny.faults.plan(InjectedFault(delay_s=STOP_S + 6.0))
    with ReconcileSchedule(engine, settings(bunny)):
        until(lambda: bunny.journal.entries("fault"))
        start_s = time.monotonic()

    assert time.monotonic() - start_s < STOP_S + 5.0
    until(lambda: not reconcile_threads())
    assert builders.every(engine, Job) == []  # what is answered after that is not recorded
