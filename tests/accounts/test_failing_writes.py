"""An account whose videos can be read, and whose writes fail: only they are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.account_rows import account_of, let_it_open, take, taken
from tests.support.service import builders
from tests.support.service.builders import event, fail, record
from worker import accounts, publications
from worker.database import transaction
from worker.database.models import Publication
from worker.errors import PlatformUnavailable, PublishRejected, RequestForbidden

if TYPE_CHECKING:
    from sqlalchemy import Engine

DOWN = PlatformUnavailable("PATCH /assets/a1: 500")
FORBIDDEN = RequestForbidden("PATCH /assets/a1: 403; only this is refused")
ENOUGH = accounts.BREAKER_FAILURES


def ready(engine: Engine, count: int) -> None:
    """Let so many picks wait for their writes, and as many new videos for their jobs."""
    for number in range(count):
        record(engine, event(asset_id=f"w{number}", delivery_id=f"w{number}"))
        builders.completed(engine)
    for number in range(count):
        record(engine, event(asset_id=f"j{number}", delivery_id=f"j{number}"))


def take_write(engine: Engine) -> publications.PublicationClaim | None:
    """Claim the next write that may go out, if there is one."""
    with transaction(engine) as session:
        hints = publications.announce(session, rehint_s=0.0)
    for hint in hints:
        with transaction(engine) as session:
            claim = publications.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
        if claim is not None:
            return claim
    return None


def fail_write(engine: Engine, error: Exception) -> None:
    """Read the asset, and fail at the write, as a publisher does."""
    claim = take_write(engine)
    assert claim is not None
    answer(engine)
    with transaction(engine) as session:
        publications.fail(session, claim, error)


def answer(engine: Engine, *, to_write: bool = False) -> None:
    """Let the platform answer a request that reads, or take a write."""
    with transaction(engine) as session:
        accounts.note_answer(session, "mux", "main", to_write=to_write)


@pytest.mark.parametrize("error", [DOWN, FORBIDDEN], ids=["down", "forbidden"])
def test_writes_that_fail_one_after_the_other_are_held_and_jobs_go_on(
    engine: Engine, error: Exception
) -> None:
    """Though every write begins with a request that is answered."""
    ready(engine, ENOUGH + 1)
    for _ in range(ENOUGH):
        fail_write(engine, error)

    assert take_write(engine) is None
    assert (take(engine) and take(engine)) is not None
    answer(engine)
    assert take_write(engine) is None
    assert account_of(engine).error == str(error)


def test_one_write_asks_again_and_the_first_that_is_taken_lets_the_others_go(engine: Engine) -> None:
    """After a while, by itself."""
    ready(engine, ENOUGH + 3)
    for _ in range(ENOUGH):
        fail_write(engine, DOWN)
    let_it_open(engine)

    assert take_write(engine) is not None
    assert take_write(engine) is None
    answer(engine, to_write=True)

    assert take_write(engine) is not None
    assert account_of(engine).error is None


def test_a_write_that_is_taken_in_between_begins_the_count_anew(engine: Engine) -> None:
    """One that the platform understands and rejects is no failure of the account."""
    ready(engine, ENOUGH + 2)
    for _ in range(ENOUGH - 1):
        fail_write(engine, FORBIDDEN)
    answer(engine, to_write=True)
    fail_write(engine, FORBIDDEN)
    fail_write(engine, PublishRejected("no"))

    assert account_of(engine).failures == 1
    assert take_write(engine) is not None


def test_where_reading_fails_too_it_is_counted_anew(engine: Engine) -> None:
    """One bad answer to a job must not hold all jobs, whatever writes met before."""
    ready(engine, ENOUGH + 1)
    for _ in range(ENOUGH):
        fail_write(engine, DOWN)

    fail(engine, taken(engine), DOWN)
    assert take(engine) is not None
    for _ in range(ENOUGH - 1):
        with transaction(engine) as session:
            accounts.note_failure(session, taken(engine), DOWN)

    assert take(engine) is None


def test_a_job_that_is_forbidden_one_video_counts_for_nothing(engine: Engine) -> None:
    """Private videos are no sign of a token that may not write."""
    ready(engine, ENOUGH)
    for _ in range(ENOUGH):
        fail(engine, taken(engine), FORBIDDEN)

    assert account_of(engine).failures == 0
    with transaction(engine) as session:
        session.execute(update(Publication).values(hinted_at=None))
    assert take_write(engine) is not None
