"""What was counted is added up by bucket, variant and day; nothing is counted twice, and nothing for ever."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select, text, update

from tests.support.trials.counted_trials import end_test, hand_over, running_test
from worker.database import transaction
from worker.database.states import TrialKind
from worker.database.trials import CountDelivery, CountInbox, TrialCount
from worker.errors import IdReused, MalformedPayload
from worker.trials import counting
from worker.trials.counting import BucketCount
from worker.trials.sums import Sums

NIGHT = datetime(2026, 11, 28, 23, 59, 50, tzinfo=UTC)


def merged(engine: Engine, most: int = 100) -> int:
    """Merge what is in the inbox, however new it is."""
    with transaction(engine) as session:
        return counting.merge(session, most, settled_s=-1)


def buckets(engine: Engine, trial_id: int) -> dict[int, Sums]:
    """Read the sums of a test's buckets."""
    with transaction(engine) as session:
        return counting.read_buckets(session, trial_id)


def added(engine: Engine, delivery_id: str, *told: BucketCount) -> bool:
    """Add what a server has counted."""
    with transaction(engine) as session:
        return counting.add(session, delivery_id, told)


def test_what_processes_told_of_a_bucket_adds_up(engine: Engine) -> None:
    """Of several flushes, and to what was there; the inbox is empty then."""
    trial = running_test(engine)
    hand_over(engine, trial, 3, impressions=10, plays=2)
    merged(engine)
    hand_over(engine, trial, 3, impressions=5, plays=1, quality_plays=1, watch_s=12.5, watch_s2=156.25)
    hand_over(engine, trial, 3, impressions=1)
    hand_over(engine, trial, 127, impressions=4)

    assert merged(engine) == 3

    assert buckets(engine, trial) == {3: Sums(16, 3, 1, 12.5, 156.25), 127: Sums(4)}
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(CountInbox)) == 0


def test_days_are_those_of_utc_and_have_all_variants(engine: Engine) -> None:
    """Also the variant that nobody saw on a day; the variant follows from the bucket."""
    trial = running_test(engine, variants=3)
    hand_over(engine, trial, 0, impressions=7, at=NIGHT)
    hand_over(engine, trial, 42, impressions=8, at=NIGHT + timedelta(seconds=20))
    hand_over(engine, trial, 127, impressions=9, plays=2, at=NIGHT + timedelta(seconds=20))
    merged(engine)

    with transaction(engine) as session:
        days = counting.read_days(session, trial)

    assert days == {
        NIGHT.date(): (Sums(7), Sums(), Sums()),
        NIGHT.date() + timedelta(days=1): (Sums(), Sums(8), Sums(9, 2)),
    }


def test_what_is_of_no_test_that_runs_is_dropped(engine: Engine) -> None:
    """A verdict stays what it was made from."""
    ended = running_test(engine)
    hand_over(engine, ended, 1, impressions=5)
    merged(engine)
    end_test(engine, ended)
    hand_over(engine, ended, 1, impressions=100)
    hand_over(engine, 999, 1, impressions=100)

    assert merged(engine) == 2

    assert buckets(engine, ended) == {1: Sums(5)}
    assert buckets(engine, 999) == {}


def test_more_plays_than_impressions_of_a_bucket_are_dropped(engine: Engine) -> None:
    """So are more quality plays than plays, and seconds where nobody played: no viewer can have done it."""
    trial = running_test(engine)
    hand_over(engine, trial, 1, impressions=10, plays=4, quality_plays=9, watch_s=40, watch_s2=400)
    hand_over(engine, trial, 2, watch_s=1000, watch_s2=1e6)
    hand_over(engine, trial, 3, plays=500, quality_plays=500)
    merged(engine)
    hand_over(engine, trial, 1, plays=7)
    merged(engine)

    assert buckets(engine, trial) == {1: Sums(10, 10, 4, 40, 400), 2: Sums(), 3: Sums()}
    with transaction(engine) as session:
        (day,) = counting.read_days(session, trial).values()
    assert day == (Sums(10, 10, 4, 40, 400), Sums())


def test_an_impression_that_comes_after_its_play_is_waited_for(engine: Engine) -> None:
    """Another process may hand it over a flush later."""
    trial = running_test(engine)
    hand_over(engine, trial, 1, plays=1)
    assert counting.merge_inbox(engine, 5.0) == 0
    hand_over(engine, trial, 1, impressions=1)
    with transaction(engine) as session:
        session.execute(update(CountInbox).values(at=CountInbox.at - timedelta(seconds=counting.SETTLED_S)))

    assert counting.merge_inbox(engine, 5.0) == 2

    assert buckets(engine, trial) == {1: Sums(1, 1)}


def test_dispatchers_at_once_add_everything_once(engine: Engine) -> None:
    """Whoever comes while another one merges does nothing."""
    trial = running_test(engine)
    for bucket in range(40):
        hand_over(engine, trial, bucket % 4, impressions=bucket)

    def merge_all() -> None:
        for _ in range(20):
            merged(engine, most=3)

    threads = [threading.Thread(target=merge_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while merged(engine):
        pass

    assert sum(sums.impressions for sums in buckets(engine, trial).values()) == sum(range(40))


def test_a_merge_holds_nobody_up_who_hands_over(engine: Engine) -> None:
    """Also while its transaction is open."""
    trial = running_test(engine)
    hand_over(engine, trial, 1, impressions=1)
    with transaction(engine) as session:
        counting.merge(session, 100, settled_s=-1)
        with engine.connect() as other:
            other.execute(text("SET lock_timeout = '100ms'"))
            other.execute(insert(CountInbox).values(trial_id=trial, bucket=1, impressions=2))
            other.commit()
    merged(engine)

    assert buckets(engine, trial) == {1: Sums(3)}


def test_a_delivery_of_counts_is_added_once(engine: Engine) -> None:
    """To the bucket and to the day; several counts of one bucket add up."""
    trial = running_test(engine)
    hand_over(engine, trial, 100, impressions=1)
    merged(engine)
    counts = (
        BucketCount("counts[0]", trial, 100, Sums(10, 2)),
        BucketCount("counts[1]", trial, 100, Sums(1, watch_s=3.5)),
        BucketCount("counts[2]", trial, 5, Sums(4)),
    )

    assert added(engine, "msg-1", *counts)
    assert not added(engine, "msg-1", *counts)

    assert buckets(engine, trial) == {100: Sums(12, 2, watch_s=3.5), 5: Sums(4)}
    with transaction(engine) as session:
        (day,) = counting.read_days(session, trial).values()
    assert day == (Sums(4), Sums(12, 2, watch_s=3.5))


def test_other_counts_under_a_known_id_are_refused(engine: Engine) -> None:
    """They would be taken for a repetition, and lost."""
    trial = running_test(engine)
    added(engine, "msg-1", BucketCount("counts[0]", trial, 1, Sums(10)))

    with pytest.raises(IdReused, match="an id of its own"):
        added(engine, "msg-1", BucketCount("counts[0]", trial, 1, Sums(11)))

    assert buckets(engine, trial) == {1: Sums(10)}


def test_counts_of_no_running_test_are_refused_with_the_reason(engine: Engine) -> None:
    """And then nothing of the delivery is added, so that it can be sent again as it should be."""
    trial, ended = running_test(engine), running_test(engine, "a2")
    slots = running_test(engine, "a3", kind=TrialKind.SLOTS)
    end_test(engine, ended)
    good = BucketCount("counts[0]", trial, 1, Sums(10))
    for number, reason in ((999, "no test 999"), (ended, "has ended"), (slots, "compares days")):
        with pytest.raises(MalformedPayload, match=rf"`counts\[1\]\.test`.*{reason}"):
            added(engine, "msg-1", good, BucketCount("counts[1]", number, 1, Sums(10)))

    assert buckets(engine, trial) == {}
    assert added(engine, "msg-1", good)


def test_deliveries_are_forgotten_when_nobody_sends_them_again(engine: Engine) -> None:
    """Not before four days."""
    trial = running_test(engine)
    for number, days in enumerate((1, 4, 30)):
        added(engine, f"msg-{number}", BucketCount("counts[0]", trial, 1, Sums(1)))
        with transaction(engine) as session:
            moved = update(CountDelivery).where(CountDelivery.delivery_id == f"msg-{number}")
            session.execute(moved.values(at=CountDelivery.at - timedelta(days=days)))

    counting.merge_inbox(engine, 5.0)

    with transaction(engine) as session:
        assert set(session.scalars(select(CountDelivery.delivery_id))) == {"msg-0", "msg-1"}
        assert session.scalar(select(TrialCount.impressions)) == 3
