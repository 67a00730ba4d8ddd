"""The metrics name the accounts whose work waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from tests.support.service import builders
from worker.accounts import BREAKER_FAILURES
from worker.database import transaction
from worker.database.accounts import Account
from worker.dispatch import row_counts

if TYPE_CHECKING:
    from sqlalchemy import Engine


def value(name: str, **labels: str) -> float | None:
    """Return a number as Prometheus sees it, of account mux/measured."""
    return REGISTRY.get_sample_value(name, {"platform": "mux", "account": "measured", **labels})


def test_a_refused_account_is_named_until_it_is_well(engine: Engine) -> None:
    """And one that is closed or paused; the dispatcher counts now and then."""
    now = datetime.now(UTC)
    row = Account(platform="mux", account="measured", refused_at=now, closed_until=now + timedelta(hours=1))
    with transaction(engine) as session:
        session.add(row)
        session.flush()
        row_counts.count(session, builders.make_settings())
        measured = [
            value("thumbs_account_refused"),
            value("thumbs_account_held", why="closed"),
            value("thumbs_account_held", why="paused"),
        ]
        row.refused_at = row.closed_until = None
        row.paused_at = now
        session.flush()
        row_counts.count(session, builders.make_settings())

        paused = [value("thumbs_account_refused"), value("thumbs_account_held", why="paused")]
        row.paused_at, row.failures, row.only_writes_fail = None, BREAKER_FAILURES, True
        row.closed_until = now + timedelta(hours=1)
        session.flush()
        row_counts.count(session, builders.make_settings())
        writes = [value("thumbs_account_held", why=why) for why in ("closed", "paused", "writes")]

        row.refused_at, row.is_unknown, row.failures = now, True, 0
        session.flush()
        row_counts.count(session, builders.make_settings())
        unknown = [value("thumbs_account_held", why=why) for why in ("closed", "unknown")]
        refused = value("thumbs_account_refused")

    assert measured == [1, 1, 0]
    assert paused == [0, 1]
    assert writes == [0, 0, 1]
    assert (unknown, refused) == ([0, 1], 0)
