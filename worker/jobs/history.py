"""What happened to a job: rows that are only added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.models import JobLog

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.models import JobState


def note(session: Session, job_id: int, state: JobState, attempt: int, actor: str, why: str = "") -> None:
    """Add a line to a job's history."""
    session.add(JobLog(job_id=job_id, state=state, attempt=attempt, actor=actor, note=why))
