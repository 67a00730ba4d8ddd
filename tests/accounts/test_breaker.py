"""A platform that fails at one video after the other is left alone for a while, for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.account_rows import account_of, let_it_open, take, taken
from tests.support.service import builders
from tests.support.service.builders import event, fail, record
from worker import accounts
from worker.database import transaction
from worker.database.models import Job
from worker.errors import DecoderCrashed, ModelElsewhere, PlatformUnavailable, RateLimited, RequestHeldBack

if TYPE_CHECKING:
    from sqlalchemy import Engine

DOWN = PlatformUnavailable("GET /assets: no whole answer (timed out)")


def ready(engine: Engine, count: int, account: str = "main") -> None:
    """Let so many assets of an account wait for their jobs."""
    for number in range(count):
        delivery_id = f"{account}-{number}"
        record(engine, event(asset_id=delivery_id, account=account, delivery_id=delivery_id))


def fail_all(engine: Engine, count: int, error: Exception = DOWN) -> None:
    """Let so many jobs fail, one after the other."""
    for _ in range(count):
        fail(engine, taken(engine), error)


def test_several_failures_in_a_row_close_the_account(engine: Engine) -> None:
    """And no other; what waits costs nothing, and the error is told."""
    ready(engine, accounts.BREAKER_FAILURES + 1)
    ready(engine, 1, account="other")

    fail_all(engine, accounts.BREAKER_FAILURES)

    assert taken(engine).account == "other"
    assert take(engine) is None
    assert account_of(engine).error == str(DOWN)


def test_an_answer_in_between_begins_the_count_anew(engine: Engine) -> None:
    """Only a platform that answers nobody is left alone."""
    ready(engine, accounts.BREAKER_FAILURES + 2)
    fail_all(engine, accounts.BREAKER_FAILURES - 1)
    with transaction(engine) as session:
        accounts.note_answer(session, "mux", "main")

    fail_all(engine, 1)

    assert take(engine) is not None


def test_our_own_limits_close_no_account(engine: Engine) -> None:
    """A request that they keep back tells nothing of the platform, and costs the job no attempt."""
    ready(engine, accounts.BREAKER_FAILURES + 1)

    fail_all(engine, accounts.BREAKER_FAILURES, RequestHeldBack("other requests took too long"))

    assert account_of(engine).failures == 0
    assert {job.attempt for job in builders.every(engine, Job)} == {0}
    assert take(engine) is not None


def test_a_job_for_another_model_lets_the_next_one_ask(engine: Engine) -> None:
    """It asks no platform, so it must not be the one that an ailing account waits for."""
    ready(engine, accounts.BREAKER_FAILURES + 2)
    fail_all(engine, accounts.BREAKER_FAILURES)
    let_it_open(engine)

    fail(engine, taken(engine), ModelElsewhere("another model has to judge"))

    assert take(engine) is not None
    assert take(engine) is None


def test_one_asset_that_fails_again_and_again_is_no_outage(engine: Engine) -> None:
    """It has a back-off of its own."""
    ready(engine, 2)
    one, other = taken(engine), taken(engine)
    fail(engine, other, DecoderCrashed("no failure of the platform"))
    with transaction(engine) as session:
        for _ in range(2 * accounts.BREAKER_FAILURES):
            accounts.note_failure(session, one, DOWN)

    assert account_of(engine).closed_until is None


def test_after_a_while_one_job_asks_and_its_answer_opens(engine: Engine) -> None:
    """The others go on when it was answered."""
    ready(engine, accounts.BREAKER_FAILURES + 3)
    fail_all(engine, accounts.BREAKER_FAILURES)
    let_it_open(engine)

    fail(engine, taken(engine), DOWN)
    assert take(engine) is None
    let_it_open(engine)
    taken(engine)
    assert take(engine) is None
    with transaction(engine) as session:
        accounts.note_answer(session, "mux", "main")

    assert take(engine) is not None


def test_a_platform_that_names_a_time_is_asked_by_none_before(engine: Engine) -> None:
    """Not even if another request was answered meanwhile; then all go on, and not one by one."""
    ready(engine, 3)
    fail(engine, taken(engine), RateLimited("429", retry_after_s=600.0))
    with transaction(engine) as session:
        accounts.note_answer(session, "mux", "main")
        opens_in_s = accounts.next_opening_in_s(session)

    assert opens_in_s == pytest.approx(600.0, abs=30.0)
    assert take(engine) is None
    let_it_open(engine)
    assert (take(engine) and take(engine)) is not None


def test_videos_that_live_on_no_platform_do_not_close_each_other_out(engine: Engine) -> None:
    """Each has a host of its own."""
    for number in range(accounts.BREAKER_FAILURES + 1):
        own = {"platform": "direct", "account": "media", "media_url": f"https://h{number}.example.com/a.mp4"}
        record(engine, event(asset_id=f"v{number}", delivery_id=f"v{number}", **own))

    fail_all(engine, accounts.BREAKER_FAILURES)

    assert take(engine) is not None
