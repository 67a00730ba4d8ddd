"""What the dispatcher shows of the rows: per account, only what somebody may have to act on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY
from sqlalchemy import text, update

from tests.support.service import builders
from worker import jobs, metrics, publications
from worker.database import NOW, transaction
from worker.database.accounts import Account
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, Publication
from worker.database.states import Priority
from worker.dispatch import row_counts
from worker.errors import PlatformUnavailable, PublishRejected, UnreadableVideo
from worker.inbox import record as inbox
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

MAIN = {"platform": "mux", "account": "main"}
OTHER = {"platform": "mux", "account": "other"}
HOUR = timedelta(hours=1)


def counted(engine: Engine) -> None:
    """Count, as the dispatcher does now and then."""
    with transaction(engine) as session:
        row_counts.count(session, builders.make_settings())


def value(name: str, **labels: str) -> float | None:
    """Return what Prometheus would be told."""
    return REGISTRY.get_sample_value(name, labels)


def hours(name: str, **labels: str) -> int:
    """Return a duration in whole hours."""
    return round((value(name, **labels) or 0.0) / 3600)


def let_pass(engine: Engine, span: timedelta) -> None:
    """Let time pass for all that waits."""
    with transaction(engine) as session:
        session.execute(update(Asset).values(unpublished_since=Asset.unpublished_since - span))
        session.execute(update(Job).values(scheduled_at=Job.scheduled_at - span))
        changes: dict[str, Any] = {"scheduled_at": Publication.scheduled_at - span}
        session.execute(update(Publication).values(created_at=Publication.created_at - span, **changes))


def write(engine: Engine, error: Exception | None = None) -> None:
    """Write what is due; with an error, fail."""
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, "test:1:publish", builders.LEASE_S)
        assert claim is not None
        if error is None:
            publications.confirm(session, claim, str(claim.time_s))
        else:
            publications.fail(session, claim, error)


def complete_all(engine: Engine) -> None:
    """Do every job that is due."""
    with transaction(engine) as session:
        hints = jobs.announce(session, rehint_s=60.0)
    for hint in hints:
        with transaction(engine) as session:
            claim = jobs.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
            assert claim is not None
            jobs.complete(session, claim, builders.result())


def test_what_waits_is_shown_by_account(engine: Engine) -> None:
    """An account with nothing to do is shown as such; what is over and well is not counted."""
    builders.record(engine, builders.event(asset_id="a1"), builders.event(asset_id="a2"))
    builders.record(engine, builders.event(asset_id="b1", account="other"))
    let_pass(engine, HOUR)
    counted(engine)

    assert value("thumbs_jobs", queue="analyze", state="scheduled") == 3
    assert value("thumbs_due_rows", queue="analyze", **MAIN) == 2
    assert value("thumbs_due_rows", queue="analyze", **OTHER) == 1
    assert hours("thumbs_job_queue_lag_seconds", queue="analyze", priority="live", **OTHER) == 1
    assert value("thumbs_job_queue_lag_seconds", queue="analyze", priority="backfill", **OTHER) == 0
    assert value("thumbs_jobs", queue="analyze", state="completed") is None

    complete_all(engine)
    counted(engine)

    assert value("thumbs_jobs", queue="analyze", state="scheduled") == 0
    assert value("thumbs_due_rows", queue="analyze", **MAIN) == 0
    assert value("thumbs_due_rows", queue="publish", **MAIN) == 2


def test_the_end_to_end_age_lasts_from_the_event_to_the_write(engine: Engine) -> None:
    """Through edits, too; and it is over with the write."""
    builders.record(engine, builders.event())
    let_pass(engine, HOUR)
    builders.completed(engine)
    let_pass(engine, HOUR)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    builders.completed(engine, "f2")
    counted(engine)
    assert hours("thumbs_oldest_unpublished_seconds", **MAIN) == 2
    assert hours("thumbs_oldest_pending_write_seconds", **MAIN) == 0

    write(engine)
    counted(engine)

    assert value("thumbs_oldest_unpublished_seconds", **MAIN) == 0
    assert builders.asset(engine).unpublished_since is None


def test_a_write_that_is_tried_again_and_again_grows_old(engine: Engine) -> None:
    """Though it is never due for long."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    let_pass(engine, HOUR)
    write(engine, PlatformUnavailable("down"))
    counted(engine)

    assert hours("thumbs_oldest_pending_write_seconds", **MAIN) == 1
    assert value("thumbs_due_rows", queue="publish", **MAIN) == 0


def test_a_question_that_takes_too_long_does_not_stop_the_others(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and the dispatcher is not taken for dead."""
    builders.record(engine, builders.event())
    hanging = text("SET LOCAL statement_timeout = 1; SELECT pg_sleep(9)")
    monkeypatch.setattr(row_counts, "_oldest_writes", lambda: hanging)
    metrics.ROWS_COUNTED_AT.set(0)
    counted(engine)

    assert "statement timeout" in caplog.text
    assert value("thumbs_due_rows", queue="analyze", **MAIN) == 1
    assert value("thumbs_yielded", **MAIN) == 0
    assert (value("thumbs_rows_counted_timestamp_seconds") or 0) > 0


def test_the_oldest_of_many_writes_is_found_at_either_end(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was tried last of all; only a few rows are looked at."""
    monkeypatch.setattr(row_counts, "MAX_WRITES", 1)
    for number in range(3):
        builders.record(engine, builders.event(asset_id=f"a{number}", delivery_id=f"a{number}"))
    complete_all(engine)
    write_ids = [row.id for row in builders.every(engine, Publication)]
    with transaction(engine) as session:
        session.execute(update(Asset).values(unpublished_since=None))
        for minute, write_id in enumerate(write_ids):
            ahead: dict[str, Any] = {"scheduled_at": NOW + timedelta(minutes=minute)}
            session.execute(update(Publication).where(Publication.id == write_id).values(ahead))
        # The last to be tried is 2 h old; one in the middle is not looked at.
        for write_id, age in ((write_ids[-1], 2 * HOUR), (write_ids[1], 5 * HOUR)):
            old = update(Publication).where(Publication.id == write_id)
            session.execute(old.values(created_at=NOW - age))
    counted(engine)

    assert hours("thumbs_oldest_pending_write_seconds", **MAIN) == 2


def test_what_was_given_up_is_not_waited_for(engine: Engine) -> None:
    """A job or a write: each has a number and an alert of its own. A new request is waited for again."""
    builders.record(engine, builders.event())
    let_pass(engine, HOUR)
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video stream"))
    counted(engine)
    assert value("thumbs_oldest_unpublished_seconds", **MAIN) == 0
    assert value("thumbs_jobs", queue="analyze", state="discarded") == 1

    with transaction(engine) as session:
        jobs.requeue(session, builders.asset(engine).id, "test", "", builders.make_settings())
    let_pass(engine, HOUR)
    counted(engine)
    assert hours("thumbs_oldest_unpublished_seconds", **MAIN) == 1

    builders.completed(engine)
    write(engine, PublishRejected("no"))
    counted(engine)
    assert value("thumbs_oldest_unpublished_seconds", **MAIN) == 0
    assert value("thumbs_jobs", queue="publish", state="failed") == 1


def test_a_late_write_of_older_content_starts_no_clock(engine: Engine) -> None:
    """The newest was given up meanwhile, and stays so."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video stream"))

    write(engine)

    assert builders.asset(engine).published_generation == 1
    assert builders.asset(engine).unpublished_since is None


def test_nobody_waits_for_a_library_that_is_taken_in(engine: Engine) -> None:
    """A person's edit of one of its videos is waited for; a deleted video never."""
    with transaction(engine) as session:
        settings = builders.make_settings()
        inbox.record(session, [builders.event()], settings, priority=Priority.BACKFILL)
    assert builders.asset(engine).unpublished_since is None
    let_pass(engine, HOUR)
    counted(engine)
    assert hours("thumbs_job_queue_lag_seconds", queue="analyze", priority="backfill", **MAIN) == 1

    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    assert builders.asset(engine).unpublished_since is not None

    builders.record(engine, builders.event(EventKind.DELETED, minute=2))
    assert builders.asset(engine).unpublished_since is None


def take_in(engine: Engine, minute: int) -> None:
    """Ask for a look at the asset as a library's is asked for."""
    with transaction(engine) as session:
        again = builders.event(minute=minute, delivery_id=f"library {minute}")
        inbox.record(session, [again], builders.make_settings(), priority=Priority.BACKFILL)


def test_a_library_that_is_taken_in_stops_nobodys_clock(engine: Engine) -> None:
    """Somebody waits for the job that runs, and then for the one that takes its place."""
    builders.record(engine, builders.event())
    running = builders.claimed(engine)
    take_in(engine, 1)
    assert builders.asset(engine).unpublished_since is not None

    builders.fail(engine, running, UnreadableVideo("no video stream"))
    assert builders.asset(engine).unpublished_since is not None
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video stream"))

    assert builders.asset(engine).unpublished_since is None


def test_a_write_that_was_given_up_is_waited_for_again_once_it_is_looked_at_again(engine: Engine) -> None:
    """As a look does that finds the content unchanged."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    write(engine, PublishRejected("no"))
    assert builders.asset(engine).unpublished_since is None

    builders.record(engine, builders.event(EventKind.UPDATED, minute=1))
    look = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, look, shown=None)

    assert builders.publication_states(engine) == ["pending"]
    assert builders.asset(engine).unpublished_since is not None
    write(engine)
    assert builders.asset(engine).unpublished_since is None


def test_accounts_that_are_held_are_named(engine: Engine) -> None:
    """Refused, paused and closed; the others are shown as free."""
    builders.record(engine, builders.event())
    builders.record(engine, builders.event(asset_id="b1", account="other"))
    with transaction(engine) as session:
        main = update(Account).where(Account.account == "main")
        session.execute(main.values(refused_at=NOW, paused_at=NOW, closed_until=NOW + HOUR))
    counted(engine)

    assert value("thumbs_account_refused", **MAIN) == 1
    assert value("thumbs_account_held", why="paused", **MAIN) == 1
    assert value("thumbs_account_held", why="closed", **MAIN) == 1
    assert value("thumbs_account_refused", **OTHER) == 0
    assert value("thumbs_account_held", why="closed", **OTHER) == 0


def test_an_account_that_is_gone_raises_no_alarm_for_ever(engine: Engine) -> None:
    """Its series stay, because shared ones cannot be removed, and go to 0."""
    builders.record(engine, builders.event(account="gone"))
    let_pass(engine, HOUR)
    counted(engine)
    with transaction(engine) as session:
        for table in (WebhookEvent, Job, Asset, Account):
            session.query(table).delete()
    counted(engine)

    gone = {"platform": "mux", "account": "gone"}
    assert value("thumbs_due_rows", queue="analyze", **gone) == 0
    assert value("thumbs_oldest_unpublished_seconds", **gone) == 0


def test_foreign_thumbnails_flagged_ones_and_the_age_of_the_inbox_are_shown(engine: Engine) -> None:
    """With the time for which events are kept, and the sizes of tables."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        session.execute(update(Asset).values(foreign_thumbnail="7.72", is_flagged=True))
        session.execute(update(WebhookEvent).values(received_at=NOW - HOUR))
    counted(engine)

    assert value("thumbs_yielded", **MAIN) == 1
    assert value("thumbs_flagged", **MAIN) == 1
    assert hours("thumbs_inbox_oldest_seconds") == 1
    assert hours("thumbs_inbox_kept_seconds") == 30 * 24
    assert (value("thumbs_table_bytes", table="events") or 0.0) > 0
