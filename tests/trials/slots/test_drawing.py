"""Which picture is shown on which day: whole days, in pairs, by a coin."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.trials import day_test
from worker.database.trials import Trial
from worker.trials.slots.drawing import block_order, date_of, day_times

if TYPE_CHECKING:
    from sqlalchemy import Engine

HOUR = timedelta(hours=1)


def test_the_order_of_a_block_is_the_same_for_ever() -> None:
    """A pure function of the salt and the number of the block: the page tells what another program draws."""
    assert [block_order(day_test.SALT, block, 2) for block in range(5)] == [
        *((1, 0), (0, 1), (0, 1), (1, 0), (0, 1)),
    ]
    assert [block_order(day_test.SALT, block, 3) for block in range(3)] == [(0, 2, 1), (1, 0, 2), (2, 0, 1)]


@pytest.mark.parametrize("variants", [2, 3, 4])
def test_each_order_is_as_probable_as_any_other(variants: int) -> None:
    """A block shows each picture once; 4,800 blocks of one test."""
    orders = Counter(block_order("a salt", block, variants) for block in range(4800))

    assert all(sorted(order) == list(range(variants)) for order in orders)
    expected = 4800 / len(orders)
    assert len(orders) == {2: 2, 3: 6, 4: 24}[variants]
    assert all(abs(count - expected) < 4.5 * expected**0.5 for count in orders.values())


def test_another_test_has_another_order() -> None:
    """Two tests of one week must not show their first pictures on the same days."""
    first, second = ([block_order(salt, block, 2) for block in range(64)] for salt in ("one", "other"))

    assert 16 < sum(a == b for a, b in zip(first, second, strict=True)) < 48


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-03-27T22:59:00Z", [24, 23, 24]), ("2026-10-23T21:59:00Z", [24, 25, 24])],
)
def test_a_day_on_which_the_clocks_change_is_a_whole_day(now: str, hours: list[int]) -> None:
    """23 hours in spring, 25 in autumn; each day begins when the one before ends."""
    times = day_times(datetime.fromisoformat(now), "Europe/Berlin", 3)

    assert [(to_at - from_at) / HOUR for from_at, to_at in times] == hours
    assert all(before[1] == after[0] for before, after in pairwise(times))


def test_the_first_day_is_tomorrow_where_the_account_is() -> None:
    """At 23:59 in Berlin it begins a minute later; in UTC the day is over two hours after that."""
    now = datetime(2026, 7, 1, 21, 59, tzinfo=UTC)

    assert day_times(now, "Europe/Berlin", 1)[0][0] == now + timedelta(minutes=1)
    assert day_times(now, "UTC", 1)[0][0] == datetime(2026, 7, 2, tzinfo=UTC)


def test_a_test_has_whole_pairs_only(engine: Engine) -> None:
    """Of 29 days, 28 are used; and it ends when their numbers can be known."""
    day_test.begun(engine, days=29, timezone="Europe/Berlin")
    slots, trial = day_test.slots(engine), builders.only(engine, Trial)

    assert [slot.number for slot in slots] == list(range(28))
    assert [slot.variant for slot in slots[:6]] == [1, 0, 0, 1, 0, 1]
    assert trial.timezone == "Europe/Berlin"
    assert trial.ends_at == slots[-1].to_at + timedelta(days=4)
    assert date_of(slots[1], trial) == date_of(slots[0], trial) + timedelta(days=1)


def test_days_begin_where_the_platform_counts_them(engine: Engine) -> None:
    """Wistia tells only days of UTC, so a day of another zone would hold two pictures."""
    day_test.begun(engine, platform="wistia", timezone="Europe/Berlin")

    assert builders.only(engine, Trial).timezone == "UTC"
