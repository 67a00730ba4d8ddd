"""What tests of the operators' commands do: run one, and let things happen beforehand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result
from sqlalchemy import update

from tests.support.service import builders
from worker import database, jobs, publications
from worker.cli.main import main
from worker.database import transaction
from worker.database.models import Job
from worker.errors import PublishRejected, UnreadableVideo
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    Run = Callable[..., Result]


def run_thumbs(*words: str) -> Result:
    """Run a command of `thumbs` as a fresh process would."""
    get_settings.cache_clear()
    database.get_engine.cache_clear()
    return CliRunner().invoke(main, words)


def answer(result: Result) -> dict[str, Any]:
    """Return the one document on stdout of a command that went well."""
    assert (result.exit_code, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def failed(engine: Engine, asset_id: str, message: str = "no video stream") -> jobs.JobClaim:
    """Let an asset's job be given up."""
    builders.record(engine, builders.event(asset_id=asset_id))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.fail(session, claim, UnreadableVideo(message))
    return claim


def picked(engine: Engine, asset_id: str) -> jobs.JobClaim:
    """Let an asset's job be completed."""
    builders.record(engine, builders.event(asset_id=asset_id, title="Growing tomatoes"))
    return builders.completed(engine, fingerprint=asset_id)


def give_up_write(engine: Engine, asset_id: str, message: str) -> None:
    """Let an asset be picked, and the platform refuse the write."""
    picked(engine, asset_id)
    with transaction(engine) as session:
        hint = publications.announce(session, rehint_s=60.0)[-1]
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
    assert claim is not None
    with transaction(engine) as session:
        publications.fail(session, claim, PublishRejected(message))


def let_time_pass(engine: Engine, job_id: int, hours: int) -> None:
    """Make a job as old as if it had been asked for some hours earlier."""
    ago = timedelta(hours=hours)
    with transaction(engine) as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id)
            .values(
                requested_at=Job.requested_at - ago,
                started_at=Job.started_at - ago,
                finished_at=Job.finished_at - ago,
            )
        )
