"""Who may make and drop partitions: whoever may write the rows, and owns nothing; nobody who only reads."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, delete, text
from sqlalchemy.exc import DBAPIError

from tests.support.service import builders
from worker import partitions
from worker.database import transaction
from worker.database.models import Job, StoredCandidate
from worker.dispatch import retention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

TABLES = "ALL TABLES IN SCHEMA public"
WRITES = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLES} TO {{0}};"
    " GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {0}"
)


@contextmanager
def role(engine: Engine, grants: str) -> Iterator[Engine]:
    """Connect as a role with these rights, and none besides."""
    name = f"role_{secrets.token_hex(4)}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN; {grants.format(name)}"))
    theirs = create_engine(engine.url.set(username=name))
    try:
        yield theirs
    finally:
        theirs.dispose()
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}; DROP ROLE {name}"))


def lengthen_past(engine: Engine) -> None:
    """Let the first partition of frames be over."""
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday())
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE candidates DETACH PARTITION candidates_before"))
        values = f"FOR VALUES FROM (MINVALUE) TO ('{monday}')"
        connection.execute(text(f"ALTER TABLE candidates ATTACH PARTITION candidates_before {values}"))


def test_the_role_of_the_services_does_all_that_retention_does(engine: Engine) -> None:
    """It owns no table, and a trigger writes notes in its name."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE candidates SET bundle = 'candidates/b.bin'"))
    with role(engine, WRITES) as service:
        assert list(partitions.make_ahead(service, 8))
        with transaction(service) as session:
            session.execute(delete(StoredCandidate))
        with transaction(engine) as session:
            assert session.scalar(text("SELECT key FROM bucket_removals")) == "candidates/b.bin"
        lengthen_past(engine)
        with transaction(service) as session:
            dropped = partitions.drop_oldest(session, "candidates", 0)

    assert dropped is not None
    assert dropped.name == "candidates_before"


def test_a_table_for_which_a_role_has_no_right_keeps_no_others_rows(engine: Engine) -> None:
    """As a new one, where the role was made by hand."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE deliveries SET received_at = now() - interval '1 year'"))
        connection.execute(text("UPDATE jobs SET finished_at = now() - interval '1 year'"))

    with (
        role(engine, f"{WRITES}; REVOKE DELETE ON deliveries FROM {{0}}") as service,
        pytest.raises(DBAPIError, match="permission denied for table deliveries"),
    ):
        retention.prune(service, builders.make_settings(), longest_s=5.0)

    assert builders.every(engine, Job) == []


@pytest.mark.parametrize(
    "grants", [f"GRANT SELECT ON {TABLES} TO {{0}}", "GRANT USAGE ON SCHEMA public TO {0}"]
)
def test_who_only_reads_drops_nothing(engine: Engine, grants: str) -> None:
    """Everybody may call a function, as the role of a dashboard, and it acts as the owner of the tables."""
    lengthen_past(engine)

    for call in ("thumbs_make_partitions(9)", "thumbs_drop_partition('candidates', now())"):
        with (
            role(engine, grants) as reader,
            pytest.raises(DBAPIError, match="is needed"),
            reader.begin() as one,
        ):
            one.execute(text(f"SELECT {call}"))

    with transaction(engine) as session:
        assert session.scalar(text("SELECT to_regclass('candidates_before')")) is not None
