"""A job that failed: when it is tried again, what that costs it, and when it is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from tests.support.service import builders
from tests.support.service.builders import claimed, event, fail, record
from worker.database import transaction
from worker.database.models import Job
from worker.errors import (
    AssetGone,
    DecoderCrashed,
    DownloadFailed,
    PlatformUnavailable,
    UnreadableVideo,
)
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def let_it_be_due(engine: Engine) -> None:
    """Move the database's rows back in time by an hour."""
    with transaction(engine) as session:
        session.execute(update(Job).values(scheduled_at=func.now() - timedelta(hours=1)))


@pytest.mark.parametrize(
    ("error", "attempt", "waits"), [(DecoderCrashed("died"), 2, 0), (DownloadFailed("broke off"), 1, 1)]
)
def test_a_failure_that_may_pass_is_tried_again_later(
    engine: Engine, error: Exception, attempt: int, waits: int
) -> None:
    """And costs an attempt only if the cause may be the video, or us."""
    record(engine, event())

    assert fail(engine, claimed(engine), error) == "retryable"
    assert builders.claim_next(engine) is None
    let_it_be_due(engine)
    again = claimed(engine)

    assert (again.attempt, again.external_retries) == (attempt, waits)


def test_a_platform_that_is_down_for_hours_costs_no_job(engine: Engine) -> None:
    """More failures than attempts, and the job still waits."""
    record(engine, event(), settings=builders.make_settings(max_attempts=2))
    for _ in range(10):
        assert fail(engine, claimed(engine), PlatformUnavailable("down")) == "retryable"
        let_it_be_due(engine)

    assert claimed(engine).attempt == 1


def test_a_platform_that_names_a_time_is_not_asked_before(engine: Engine) -> None:
    """Retry-After wins over our own shorter wait."""
    record(engine, event())
    fail(engine, claimed(engine), PlatformUnavailable("busy", retry_after_s=600.0))

    with transaction(engine) as session:
        wait_s = session.scalar(select(func.extract("epoch", Job.scheduled_at - func.clock_timestamp())))

    assert wait_s is not None
    assert 590 < wait_s <= 600


@pytest.mark.parametrize("error", [UnreadableVideo("cut short"), AssetGone("404")])
def test_a_failure_that_would_come_again_ends_the_job(engine: Engine, error: Exception) -> None:
    """The reason is kept for `thumbs show`."""
    record(engine, event())

    assert fail(engine, claimed(engine), error) == "discarded"
    assert builders.only(engine, Job).error == str(error)


def test_a_bug_is_tried_again_and_kept(engine: Engine) -> None:
    """An exception that nobody foresaw does not lose the job."""
    record(engine, event())

    assert fail(engine, claimed(engine), KeyError("x")) == "retryable"
    assert builders.only(engine, Job).error_class == "KeyError"


def test_a_failed_job_makes_way_for_a_newer_one_and_hands_on_its_order(engine: Engine) -> None:
    """An edit must be worked on, even if the job that takes its place was only to look."""
    record(engine, event(EventKind.EDITED))
    running = claimed(engine)
    record(engine, event(EventKind.UPDATED, minute=1))

    assert fail(engine, running, DownloadFailed("x")) == "superseded"
    assert claimed(engine).is_forced
