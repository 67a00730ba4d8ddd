"""The answer to a commit is lost while a worker looks at a video."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from tests.support.service import builders
from worker import jobs
from worker.analysis import attempt
from worker.database import transaction
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.support.service.analyzer_rig import AnalyzerRig


def test_new_content_is_found_though_nobody_heard_that_its_generation_was_opened(
    rig: AnalyzerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker asks again, and goes on."""
    asset_id = rig.upload()
    rig.work()
    before = builders.asset(rig.engine).fingerprint
    media = rig.mux.known(asset_id).media
    rig.mux.library.change(asset_id, media=replace(media, duration_s=3.5))
    rig.hear(asset_id, EventKind.UPDATED, minute=5)
    opened: list[int] = []
    make = jobs.content_changed

    def noted(session: Session, claim: jobs.JobClaim) -> jobs.JobClaim:
        opened.append(claim.generation)
        return make(session, claim)

    @contextmanager
    def lossy(engine: Engine) -> Iterator[Session]:
        with transaction(engine) as session:
            yield session
        if len(opened) == 1:
            opened.append(0)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(attempt, "transaction", lossy)
    monkeypatch.setattr(jobs, "content_changed", noted)
    monkeypatch.setattr(attempt, "PAUSE_S", 0.01)

    job = rig.work()

    assert (opened, job.state, job.generation) == ([1, 0, 1], "completed", 2)
    assert builders.asset(rig.engine).fingerprint != before
