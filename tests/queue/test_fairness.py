"""No account waits for another's backlog, and none has more of its rows out than it may."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from tests.support import backlog
from tests.support.service import builders
from worker import jobs, publications
from worker.accounts import BREAKER_FAILURES
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.models import Job, Publication
from worker.database.states import Priority
from worker.queue.shares import MAX_ANNOUNCED, MIN_SHARE, Shares

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.queue.hints import Hint

FLOOD = 5000
NEVER_S = 3600.0  #: within which no test announces a row again


def announce(engine: Engine, limit: int = 0) -> list[Hint]:
    """Do one round, for jobs."""
    with transaction(engine) as session:
        return jobs.announce(session, NEVER_S, limit)


def claim(engine: Engine, job_id: int, limit: int = 0) -> jobs.JobClaim | None:
    """Do what a worker does with a hint."""
    with transaction(engine) as session:
        return jobs.claim(session, job_id, builders.OWNER, builders.LEASE_S, limit)


def give_back(engine: Engine, claim: jobs.JobClaim | None) -> None:
    """End a claim."""
    assert claim is not None
    with transaction(engine) as session:
        jobs.give_back(session, claim)


def set_account(engine: Engine, **values: Any) -> None:
    """Change the rows of all accounts."""
    with transaction(engine) as session:
        session.execute(update(Account).values(**values))


def test_a_flood_delays_another_account_by_one_round(engine: Engine) -> None:
    """Its job is announced in the next round, and lies behind a handful of others in the broker."""
    backlog.add_jobs(engine, FLOOD)
    flood = announce(engine)
    builders.record(engine, builders.event(account="other"))

    later = announce(engine)

    assert len(flood) == MIN_SHARE
    assert [backlog.account_of(engine, hint.id) for hint in later] == ["other"]


def test_workers_take_from_accounts_in_turn(engine: Engine) -> None:
    """However much each has waiting, and whoever came first."""
    backlog.add_jobs(engine, 300, "first")
    queue, running, done = deque(announce(engine)), deque[jobs.JobClaim](), Counter[str]()
    backlog.add_jobs(engine, 40, "second")
    backlog.add_jobs(engine, 40, "third")

    for _ in range(30):
        queue.extend(announce(engine))
        while len(running) < 3 and queue:
            taken = claim(engine, queue.popleft().id)
            assert taken is not None
            running.append(taken)
        ended = running.popleft()
        with transaction(engine) as session:
            session.execute(update(Job).where(Job.id == ended.row_id).values(state="completed"))
        done[ended.account] += 1

    assert min(done["second"], done["third"]) >= done["first"] - 8  # a few were there before them


def test_a_large_fleet_finds_as_many_hints_as_it_has_rows_in_hand(engine: Engine) -> None:
    """Of an account that is alone; so no worker idles while the dispatcher sleeps."""
    backlog.add_jobs(engine, 200)
    sizes = []
    for _ in range(4):
        announced = announce(engine)
        sizes.append(len(announced))
        for hint in announced:
            assert claim(engine, hint.id)

    assert sizes == [MIN_SHARE, MIN_SHARE, 2 * MIN_SHARE, 4 * MIN_SHARE]


def test_rows_of_no_account_have_a_share_too(engine: Engine) -> None:
    """Those of a version that knew no accounts."""
    backlog.add_jobs(engine, 2 * MIN_SHARE)
    with transaction(engine) as session:
        session.execute(update(Job).values(account_id=None))
    backlog.add_jobs(engine, 2 * MIN_SHARE, "other")

    announced = announce(engine, limit=MIN_SHARE)

    accounts = Counter(backlog.account_of(engine, hint.id) for hint in announced)
    assert accounts == {"main": MIN_SHARE, "other": MIN_SHARE}
    assert claim(engine, announced[0].id, limit=1)


def test_a_write_that_is_asked_for_again_has_an_account(engine: Engine) -> None:
    """Also where it was over before accounts had rows."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with transaction(engine) as session:
        session.execute(update(Publication).values(state="confirmed", account_id=None))
    with transaction(engine) as session:
        publications.carry_over(session, session.get_one(builders.Asset, 1), 1, "something else")

    with transaction(engine) as session:
        again = session.execute(select(Publication.state, Publication.account_id)).one()
        assert again == ("pending", session.scalar(select(Account.id)))


@pytest.mark.parametrize("accounts", [1, 50, 200, 10_000])
def test_all_accounts_together_stay_within_what_the_broker_holds(accounts: int) -> None:
    """Each has something there, as long as there are no more accounts than that."""
    groups = range(accounts)
    out = Counter(dict.fromkeys(groups, 1))
    shares = Shares(
        most=dict.fromkeys(groups),
        held=Counter({0: 1000}),
        announced={Priority.LIVE: Counter(), Priority.BACKFILL: out},
    )

    fresh, later = shares.rooms(Priority.LIVE), shares.rooms(Priority.BACKFILL)

    assert set(fresh) == set(groups)
    assert shares.room_of_all(Priority.LIVE) == MAX_ANNOUNCED
    assert sum(later.values()) <= max(0, MAX_ANNOUNCED - accounts)
    assert shares.room_of_all(Priority.BACKFILL) == max(0, MAX_ANNOUNCED - accounts)


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_jobs_of_an_account_are_out_than_its_limit(engine: Engine, limit: int) -> None:
    """Announced and running ones together; when one ends, the next goes out."""
    backlog.add_jobs(engine, 2 * MIN_SHARE)

    first = announce(engine, limit)
    taken = claim(engine, first[0].id, limit)
    meanwhile = announce(engine, limit)
    give_back(engine, taken)
    then = announce(engine, limit)

    assert (len(first), len(meanwhile), len(then)) == (limit, 0, 1)


def test_a_hint_beyond_the_limit_is_refused_and_comes_again(engine: Engine) -> None:
    """Two dispatchers may have announced too much; the row waits in the table then."""
    backlog.add_jobs(engine, 2)
    one, two = announce(engine)
    taken = claim(engine, one.id, limit=1)

    refused = claim(engine, two.id, limit=1)
    while_it_runs = announce(engine, limit=1)
    with transaction(engine) as session:
        jobs.complete(session, taken, builders.result())
    afterwards = announce(engine, limit=1)

    assert (refused, while_it_runs) == (None, [])
    assert [hint.id for hint in afterwards] == [two.id]
    assert claim(engine, two.id, limit=1)


def test_workers_that_claim_at_once_keep_the_limit(engine: Engine) -> None:
    """One gets its job, whatever each of them counted before."""
    backlog.add_jobs(engine, MIN_SHARE)
    ids = [hint.id for hint in announce(engine)]

    with ThreadPoolExecutor(len(ids)) as pool:
        claims = list(pool.map(lambda job_id: claim(engine, job_id, 1), ids))

    assert sum(taken is not None for taken in claims) == 1


def test_a_limit_does_not_let_a_backfill_hold_up_live_videos(engine: Engine) -> None:
    """Its hints may lie in the broker for hours, while those of all live videos are read before."""
    backlog.add_jobs(engine, 3, priority=Priority.BACKFILL)
    (backfill,) = announce(engine, limit=1)
    builders.record(engine, builders.event())

    (live,) = announce(engine, limit=1)

    assert (backfill.priority, live.priority) == (Priority.BACKFILL, Priority.LIVE)


@pytest.mark.parametrize(
    "shut",
    [{"paused_at": func.now()}, {"closed_until": func.now() + timedelta(minutes=1)}],
    ids=["paused", "closed"],
)
def test_no_row_of_a_shut_account_goes_out(engine: Engine, shut: dict[str, Any]) -> None:
    """And the hints that lie in the broker already are refused, until it is open again."""
    backlog.add_jobs(engine, 2 * MIN_SHARE)
    hints = announce(engine)
    set_account(engine, **shut)

    claims = [claim(engine, hint.id) for hint in hints]
    while_shut = announce(engine)
    set_account(engine, paused_at=None, closed_until=None)
    afterwards = announce(engine)

    assert claims == [None] * MIN_SHARE
    assert while_shut == []
    assert {hint.id for hint in afterwards} == {hint.id for hint in hints}


@pytest.mark.parametrize(
    "ill", [{"refused_at": func.now()}, {"failures": BREAKER_FAILURES}], ids=["refused", "failing"]
)
def test_one_row_finds_out_whether_an_account_is_well_again(engine: Engine, ill: dict[str, Any]) -> None:
    """A job and a write, each alone, once the account is not closed any more."""
    backlog.add_jobs(engine, 2 * MIN_SHARE)
    backlog.add_publications(engine)
    set_account(engine, **ill, closed_until=func.now() - timedelta(seconds=1))

    first = announce(engine)
    with transaction(engine) as session:
        writes = publications.announce(session, NEVER_S)
    probe = claim(engine, first[0].id)
    meanwhile = announce(engine)
    set_account(engine, refused_at=None, failures=0, closed_until=None)

    assert (len(first), len(writes), meanwhile) == (1, 1, [])
    assert probe is not None
    assert len(announce(engine)) == MIN_SHARE


def test_writes_have_a_limit_of_their_own(engine: Engine) -> None:
    """As jobs have."""
    backlog.add_jobs(engine, MIN_SHARE)
    backlog.add_publications(engine)
    with transaction(engine) as session:
        one, two = publications.announce(session, NEVER_S, 2)
    with transaction(engine) as session:
        sent = publications.claim(session, one.id, "test:1:publish", 30.0, 1)
        refused = publications.claim(session, two.id, "test:1:publish", 30.0, 1)
    with transaction(engine) as session:
        beyond = publications.announce(session, NEVER_S, 1)
        publications.give_back(session, sent)
    with transaction(engine) as session:
        afterwards = publications.announce(session, NEVER_S, 1)

    assert sent is not None
    assert (refused, beyond, len(afterwards)) == (None, [], 1)
