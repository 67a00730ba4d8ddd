"""`thumbs doctor` names what waits for an operator, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, text, update

from tests.support.service import builders
from tests.support.service.commands import picked
from worker import jobs, metrics
from worker.database import identity, transaction
from worker.database.identity import DatabaseIdentity
from worker.database.models import Asset, JobLog
from worker.dispatch import row_counts
from worker.doctor import accounts, rows, servers
from worker.errors import ModelElsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from worker.doctor.finding import Finding
    from worker.settings import Settings

    Check = Callable[[Settings], Iterator[Finding]]


IN_A_YEAR = datetime.now(UTC) + timedelta(days=365)


def findings(engine: Engine) -> list[Finding]:
    """Look at the rows."""
    address = engine.url.render_as_string(hide_password=False)
    return list(rows.check_rows(builders.make_settings(database_url=address)))


def leave_alone(engine: Engine, asset_id: str) -> None:
    """Note that somebody else set an asset's thumbnail."""
    with transaction(engine) as session:
        of_asset = update(Asset).where(Asset.external_id == asset_id)
        session.execute(of_asset.values(foreign_thumbnail="7.0", foreign_at=func.now()))


def wait_for(engine: Engine, asset_id: str, model: str) -> None:
    """Let a worker find that it has another model than a job wants."""
    picked(engine, asset_id)
    with transaction(engine) as session:
        row = session.query(Asset).filter_by(external_id=asset_id).one()
        jobs.requeue(session, row.id, "sam", "", builders.make_settings(), model=model)
    builders.fail(engine, builders.claimed(engine), ModelElsewhere("it has lite"))


def test_nothing_is_said_where_nothing_waits(engine: Engine) -> None:
    """Not even that all is well."""
    picked(engine, "a1")

    assert findings(engine) == []


def test_foreign_thumbnails_are_counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """People may set them: nothing is to be done. Beyond some number the count ends."""
    for name in ("a1", "a2", "a3"):
        picked(engine, name)
        leave_alone(engine, name)

    (found,) = findings(engine)
    monkeypatch.setattr(rows, "MAX_COUNTED", 2)
    (more,) = findings(engine)

    assert (found.state, found.remedy) == ("ok", "")
    assert found.says.endswith("where it stays: 3")
    assert more.says.endswith("where it stays: 2 or more")


def test_those_found_after_a_restore_are_to_be_looked_at(engine: Engine) -> None:
    """They may be ours."""
    picked(engine, "a1")
    with transaction(engine) as session:
        session.add(DatabaseIdentity(identity="before", first_seen_at=datetime.now(UTC) - timedelta(days=9)))
        identity.restored_at(session)
    leave_alone(engine, "a1")

    restored, found = findings(engine)

    assert (restored.what, restored.state) == ("restored", "warning")
    assert (found.what, found.state) == ("foreign", "warning")
    assert "found after the database was restored" in found.says
    assert "thumbs adopt --since TIME" in found.remedy


@pytest.mark.parametrize("is_from_before", [True, False])
def test_a_restored_backup_is_told_before_a_program_starts(engine: Engine, *, is_from_before: bool) -> None:
    """Also one from before databases were noted; doctor itself notes nothing."""
    picked(engine, "a1")
    with transaction(engine) as session:
        noted = session.query(DatabaseIdentity)
        _ = noted.delete() if is_from_before else noted.update({"identity": "before"})

    (found,) = findings(engine)

    assert found.what == "restored"
    with transaction(engine) as session:
        assert session.query(DatabaseIdentity).count() == (not is_from_before)


def test_after_a_restore_adopt_is_asked_for_before_any_write(engine: Engine) -> None:
    """For a week: the rows do not tell whether it was run."""
    with transaction(engine) as session:
        session.add(DatabaseIdentity(identity="before", first_seen_at=datetime.now(UTC)))
    (now,) = findings(engine)
    with transaction(engine) as session:
        session.execute(update(DatabaseIdentity).values(first_seen_at=datetime.now(UTC) - timedelta(days=8)))
    (later,) = findings(engine)

    assert (now.what, now.state) == ("restored", "warning")
    assert "thumbs adopt --since TIME --dry-run" in now.remedy
    assert (later.what, later.state) == ("restored", "ok")


def test_jobs_that_wait_for_a_model_are_named(engine: Engine) -> None:
    """With the model that they want, and both ways out."""
    wait_for(engine, "a1", "ViT-B-32:openai")
    wait_for(engine, "a2", "ViT-B-32:openai")
    wait_for(engine, "a3", "ViT-L-14:openai")

    first, second = findings(engine)

    assert "ViT-B-32:openai" in first.says
    assert first.says.endswith(": 2")
    assert "ViT-L-14:openai" in second.says
    assert second.says.endswith(": 1")
    assert "MODEL=ViT-B-32:openai" in first.remedy
    assert "thumbs requeue" in first.remedy


@pytest.mark.parametrize(
    ("check", "table", "lines"),
    [
        (rows.check_rows, "assets", ["foreign"]),
        (rows.check_rows, "jobs", ["wanted model"]),
        (accounts.check_standing, "accounts", ["standing"]),
    ],
)
def test_a_question_that_fails_does_not_look_healthy(
    engine: Engine, check: Check, table: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because somebody holds the table; the other questions are asked all the same."""
    monkeypatch.setattr(servers, "make_engine", partial(servers.make_engine, lock_timeout_ms=50))
    address = engine.url.render_as_string(hide_password=False)
    with engine.begin() as other:
        other.execute(text(f"LOCK TABLE {table}"))
        found = list(check(builders.make_settings(database_url=address)))

    assert [one.what for one in found] == lines
    assert {one.state for one in found} == {"failed"}
    assert "could not be asked: canceling statement due to lock timeout" in found[0].says


@pytest.mark.parametrize("check", [rows.check_rows, accounts.check_standing])
def test_a_database_that_is_away_is_told_by_its_own_check(check: Check) -> None:
    """Once is enough."""
    away = builders.make_settings(database_url="postgresql://thumbs@127.0.0.1:1/thumbs")

    assert list(check(away)) == []


def test_the_metric_counts_by_account(engine: Engine) -> None:
    """And goes to 0 once nobody else's thumbnail is there any more."""
    picked(engine, "a1")
    leave_alone(engine, "a1")
    counted = []
    for _ in range(2):
        with transaction(engine) as session:
            row_counts.count(session, builders.make_settings())
            session.execute(update(Asset).values(foreign_thumbnail=None, foreign_at=None))
        (family,) = metrics.YIELDED.collect()
        samples = [sample for sample in family.samples if sample.labels["account"] == "main"]
        counted += [(sample.labels["platform"], sample.value) for sample in samples]

    assert counted == [("mux", 1.0), ("mux", 0.0)]


def test_partitions_that_run_out_are_told_before_they_do(engine: Engine) -> None:
    """And rows for which there was none."""
    with transaction(engine) as session:
        session.add(JobLog(job_id=1, at=IN_A_YEAR, state="running", attempt=1, actor=""))
        later = "SELECT name FROM thumbs_partitions() WHERE end_at > now() + interval '6 days'"
        for name in session.scalars(text(later)).all():
            session.execute(text(f"DROP TABLE {name}"))

    early, stray = findings(engine)

    assert early.says.startswith("there are")
    assert "start the dispatcher" in early.remedy
    assert stray.says.endswith("the default one of: job_log")
