"""A platform that refuses our token stops the account's work, which then goes on by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.account_rows import account_of, closed_for_s, let_it_open, take, taken
from tests.support.service import builders
from tests.support.service.builders import event, fail, record
from worker import accounts, jobs, publications
from worker.database import transaction
from worker.database.models import Job, Publication
from worker.errors import AssetGone, CredentialsRefused, UnknownAccount

if TYPE_CHECKING:
    from sqlalchemy import Engine

REFUSED = CredentialsRefused("GET /assets: 401; check MUX__MAIN__TOKEN_ID")


def ready(engine: Engine, *assets: str, account: str = "main") -> None:
    """Let assets wait for their jobs, in this order."""
    for asset_id in assets:
        record(engine, event(asset_id=asset_id, account=account, delivery_id=f"{account}-{asset_id}"))


def answer(engine: Engine) -> None:
    """Let the platform accept the token."""
    with transaction(engine) as session:
        accounts.note_answer(session, "mux", "main")


@pytest.mark.parametrize("error", [REFUSED, UnknownAccount("no account 'main' of mux is configured")])
def test_a_refusal_costs_the_job_nothing(engine: Engine, error: Exception) -> None:
    """However often it comes: the job keeps its attempts, and the account says why it waits."""
    ready(engine, "a1")
    for _ in range(6):
        assert fail(engine, taken(engine), error) == "retryable"
        let_it_open(engine)

    job = builders.only(engine, Job)

    assert (job.attempt, job.external_retries, job.error) == (0, 0, str(error))
    assert account_of(engine).refused_at is not None
    assert account_of(engine).error == str(error)


def test_jobs_of_a_refused_account_wait_and_those_of_others_do_not(engine: Engine) -> None:
    """No matter who comes first."""
    ready(engine, "a1", "a2")
    ready(engine, "b1", account="other")
    fail(engine, taken(engine), REFUSED)

    next_job = take(engine)

    assert next_job is not None
    assert next_job.external_id == "b1"
    assert take(engine) is None


def test_one_job_at_a_time_asks_whether_the_token_is_accepted_again(engine: Engine) -> None:
    """Another one each time, so that one bad asset cannot keep the account closed."""
    ready(engine, "a1", "a2", "a3")
    fail(engine, taken(engine), REFUSED)
    let_it_open(engine)

    first = taken(engine)
    assert take(engine) is None
    fail(engine, first, REFUSED)
    let_it_open(engine)

    assert [first.external_id, taken(engine).external_id] == ["a2", "a3"]


def test_whoever_asks_and_is_never_heard_of_again_is_replaced(engine: Engine) -> None:
    """After the time that an answer may take."""
    ready(engine, "a1", "a2", "a3")
    fail(engine, taken(engine), REFUSED)
    let_it_open(engine)
    taken(engine)
    assert take(engine) is None

    let_it_open(engine, after_s=accounts.PROBE_S)

    assert taken(engine).external_id == "a3"


def test_hints_that_are_out_already_are_not_taken(engine: Engine) -> None:
    """But announced again as soon as the account is open; their number costs nothing."""
    ready(engine, "a1", "a2", "a3")
    with transaction(engine) as session:
        hints = jobs.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        first = jobs.claim(session, hints[0].id, builders.OWNER, builders.LEASE_S)
    assert first is not None
    fail(engine, first, REFUSED)

    for hint in hints[1:]:
        with transaction(engine) as session:
            assert jobs.claim(session, hint.id, builders.OWNER, builders.LEASE_S) is None

    assert [job.attempt for job in builders.every(engine, Job)] == [0, 0, 0]
    answer(engine)
    with transaction(engine) as session:
        assert len(jobs.announce(session, rehint_s=60.0)) == 3


def test_the_first_answer_lets_everything_flow(engine: Engine) -> None:
    """At once, and nothing of the refusal is left."""
    ready(engine, "a1", "a2")
    fail(engine, taken(engine), REFUSED)
    let_it_open(engine)
    taken(engine)

    answer(engine)

    assert take(engine) is not None
    row = account_of(engine)
    assert (row.refused_at, row.closed_until, row.failures, row.error) == (None, None, 0, None)


def test_waits_double_and_end_at_a_quarter_of_an_hour(engine: Engine) -> None:
    """The account is closed for as long as it was refused before; a crowd counts as one."""
    ready(engine, "a1", "a2")
    both = [taken(engine), taken(engine)]
    for claim in both:
        fail(engine, claim, REFUSED)
    first_s = closed_for_s(engine)
    let_it_open(engine, after_s=60.0)
    fail(engine, taken(engine), REFUSED)
    second_s = closed_for_s(engine)
    let_it_open(engine, after_s=10_000.0)
    fail(engine, taken(engine), REFUSED)
    third_s = closed_for_s(engine)

    assert first_s == pytest.approx(5.0, abs=3.0)
    assert second_s == pytest.approx(2 * 60.0, abs=6.0)
    assert third_s == pytest.approx(10_060.0 + 900.0, abs=12.0)


def test_a_refused_write_waits_too(engine: Engine) -> None:
    """And is made when the token is accepted again."""
    ready(engine, "a1")
    builders.completed(engine)
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
        assert claim is not None
    with transaction(engine) as session:
        assert publications.fail(session, claim, REFUSED) == "pending"
    with transaction(engine) as session:
        assert publications.announce(session, rehint_s=60.0) == []

    answer(engine)

    assert builders.only(engine, Publication).attempt == 0
    with transaction(engine) as session:
        assert len(publications.announce(session, rehint_s=60.0)) == 1


def test_what_concerns_one_video_leaves_the_account_alone(engine: Engine) -> None:
    """The others go on."""
    ready(engine, "a1", "a2")

    assert fail(engine, taken(engine), AssetGone("404")) == "discarded"
    assert taken(engine).external_id == "a2"
    assert account_of(engine).closed_until is None


def test_of_many_workers_one_asks(engine: Engine) -> None:
    """Also where they come at the same moment."""
    ready(engine, "a1")
    fail(engine, taken(engine), REFUSED)
    let_it_open(engine)
    account_id = account_of(engine).id

    def ask(_: int) -> bool:
        with transaction(engine) as session:
            return accounts.admit(session, account_id)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [False] * 7 + [True]
