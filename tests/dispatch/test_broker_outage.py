"""An outage of the broker is told with its remedy, once, and again while it lasts."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest
import redis
from kombu.exceptions import OperationalError

from worker.dispatch.broker_outage import LAST_WAIT_S, REMINDER_S, BrokerOutage

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN = redis.ConnectionError("Connection refused.")
READ_ONLY = redis.ReadOnlyError("You can't write against a read only replica.")


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what moves the clock."""
    real, moved_s = time.monotonic, [0.0]
    monkeypatch.setattr("worker.dispatch.broker_outage.time.monotonic", lambda: real() + moved_s[0])
    return lambda seconds: moved_s.__setitem__(0, moved_s[0] + seconds)


def test_an_outage_is_told_once_a_minute_and_its_end_once(
    caplog: pytest.LogCaptureFixture, pass_time: Callable[[float], None]
) -> None:
    """However often it is met."""
    caplog.set_level(logging.INFO)
    outage = BrokerOutage()
    for _ in range(2):
        for _ in range(100):
            outage.note(DOWN)
        pass_time(REMINDER_S + 1)
    outage.end()
    outage.end()

    told = [(record.levelname, record.getMessage().partition(":")[0]) for record in caplog.records]
    assert told[:2] == [("WARNING", "the broker does not answer")] * 2
    assert [level for level, _ in told[2:]] == ["INFO"]


def test_a_new_reason_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A failover is first a lost connection, then a refusal."""
    outage = BrokerOutage()
    outage.note(DOWN)
    outage.note(READ_ONLY)

    assert "read-only replica" in caplog.records[-1].getMessage()


def test_an_outage_that_comes_and_goes_does_not_fill_a_disk(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand of them in a moment are one line, and one that it works."""
    caplog.set_level(logging.INFO)
    outage = BrokerOutage()
    for _ in range(1000):
        outage.note(DOWN)
        outage.end()

    assert len(caplog.records) == 2


def test_kombus_wrapper_does_not_hide_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    """The dispatcher sees errors only so."""
    wrapper = OperationalError(str(READ_ONLY))
    wrapper.__cause__ = READ_ONLY
    BrokerOutage().note(wrapper)

    assert "read-only replica" in caplog.records[-1].getMessage()


def test_waits_grow_and_stay_short_enough() -> None:
    """Nobody waits for long for a broker that is well again."""
    outage, waits_s = BrokerOutage(), []
    for _ in range(2000):
        outage.note(DOWN)
        waits_s.append(outage.wait_s())

    assert waits_s[0] < 1.0
    assert min(waits_s[10:]) >= LAST_WAIT_S / 2
    assert max(waits_s) <= LAST_WAIT_S
