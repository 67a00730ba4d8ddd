"""A round of the dispatcher costs the same whether a few rows wait or very many."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text, update

from tests.support import backlog
from tests.support.service import builders
from worker import jobs, publications
from worker.database import transaction
from worker.database.models import Job, Publication
from worker.dispatch.dispatcher import Dispatcher
from worker.queue import hints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

ROWS = 20_000
# Of 8 kB: a statement that looks at each due row reads 20,000 and more, one that reads the table 500.
MAX_BLOCKS = 300
MAX_ROWS = 100  #: that one step of a plan may look at
TABLES = {"jobs", "publications"}
OVER = ("completed", "confirmed")


class Broker:
    """Takes every hint."""

    def is_new(self) -> bool:
        """Say that all is there."""
        return False

    def send(self, *_: object) -> None:
        """Take a hint."""


@pytest.fixture
def waiting(engine: Engine) -> Engine:
    """Fill both tables with rows that are due, that wait for their time, and that are over."""
    backlog.add_jobs(engine, ROWS, "due")
    backlog.add_jobs(engine, ROWS // 4, "later", due_in_s=3600.0)
    backlog.add_jobs(engine, ROWS, "over", state="completed")
    backlog.add_publications(engine)
    with transaction(engine) as session:
        # Those of a version that knew no accounts.
        for table in (Job, Publication):
            session.execute(update(table).where(table.state.in_(OVER)).values(account_id=None))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return engine


@contextmanager
def explained(engine: Engine) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Collect each statement that is run, with PostgreSQL's account of how it would run it now."""
    plans: list[tuple[str, dict[str, Any]]] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if not statement.startswith(("SELECT", "UPDATE", "WITH")):
            return
        cursor.execute("SAVEPOINT looked_at")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        (found,) = cursor.fetchone()
        cursor.execute("ROLLBACK TO looked_at")
        plans.append((statement, (found if isinstance(found, list) else json.loads(found))[0]["Plan"]))

    event.listen(engine, "before_cursor_execute", explain)
    yield plans
    event.remove(engine, "before_cursor_execute", explain)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List the steps of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def rows_of(node: dict[str, Any]) -> float:
    """Count the rows that a step found or passed over."""
    passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return node["Actual Loops"] * (node["Actual Rows"] + passed_over)


def check(plans: list[tuple[str, dict[str, Any]]]) -> None:
    """Refuse plans that read a whole table, or much of it."""
    for statement, plan in plans:
        scanned = {node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        assert not scanned & TABLES, statement
        assert blocks < MAX_BLOCKS, (blocks, statement)
        assert max(map(rows_of, nodes(plan))) < MAX_ROWS, statement


def test_no_statement_looks_at_all_that_waits(waiting: Engine) -> None:
    """Nor at what is over: neither in a round, nor after a wiped broker, nor when a worker claims a row."""
    settings = builders.make_settings(lease_s=1e-9)
    dispatcher = Dispatcher(waiting, settings, Broker(), "dispatcher")  # type: ignore[arg-type]
    dispatcher.run_once()  # the first one prunes and counts, which later ones do twice a minute

    with explained(waiting) as plans:
        dispatcher.run_once()
        with transaction(waiting) as session:
            hints.mark_all_unsent(session, Job, jobs.is_waiting())
            hints.mark_all_unsent(session, Publication, publications.is_waiting())
            assert jobs.claim(session, 1, builders.OWNER, builders.LEASE_S, 3)
            assert publications.claim(session, 1, builders.OWNER, builders.LEASE_S, 3)

    assert len(plans) > 20
    check(plans)
