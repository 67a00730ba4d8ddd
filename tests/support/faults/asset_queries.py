"""What a test asks about one video of a running system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from worker.database import transaction
from worker.database.models import Asset, Job, JobLog
from worker.database.states import JobState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine


class Questions:
    """Answered from the database itself, which the programs reach by other ways."""

    engine: Engine

    def asset(self, asset_id: str) -> Asset:
        """The row of a video; one of generation 0 where there is none yet."""
        with transaction(self.engine) as session:
            row = session.scalar(select(Asset).where(Asset.external_id == asset_id))
        return row or Asset(external_id=asset_id, generation=0, published_generation=0)

    def jobs(self, asset_id: str) -> Sequence[Job]:
        """The jobs of a video, in order."""
        rows = select(Job).join(Asset, Asset.id == Job.asset_id).where(Asset.external_id == asset_id)
        with transaction(self.engine) as session:
            return session.scalars(rows.order_by(Job.id)).all()

    def runs(self, asset_id: str) -> int:
        """How often work on a video was begun; looks that found the same content do not count."""
        ids = [job.id for job in self.jobs(asset_id) if job.timings_s or job.state != JobState.COMPLETED]
        began = select(func.count()).select_from(JobLog).where(JobLog.state == JobState.RUNNING)
        with transaction(self.engine) as session:
            return session.scalar(began.where(JobLog.job_id.in_(ids))) or 0

    def history(self, asset_id: str) -> str:
        """What happened to the jobs of a video, for a person."""
        with transaction(self.engine) as session:
            ids = [job.id for job in self.jobs(asset_id)]
            rows = session.scalars(select(JobLog).where(JobLog.job_id.in_(ids)).order_by(JobLog.id))
            return "\n".join(
                f"{row.at} {row.job_id} {row.state} {row.attempt} {row.actor} {row.note}" for row in rows
            )

    def is_running(self, asset_id: str) -> bool:
        """Say whether a worker has a job of a video."""
        return any(job.state == JobState.RUNNING for job in self.jobs(asset_id))

    def is_in(self, asset_id: str, stage: str) -> bool:
        """Say whether a job of a video is in this stage."""
        return any(job.stage == stage for job in self.jobs(asset_id))

    def is_published(self, *asset_ids: str) -> bool:
        """Say whether the newest generation of each of these is published."""
        rows = [self.asset(asset_id) for asset_id in asset_ids]
        return all(row.published_generation == row.generation > 0 for row in rows)

    def open_work(self) -> str:
        """Tell what keeps it from being quiet."""
        with transaction(self.engine) as session:
            rows = session.execute(text(_LIST)).all()
        lines = [" ".join(map(str, row)) for row in rows]
        return "\n".join(lines)


_LIST = """
    SELECT 'job', id, state, attempt, stage, scheduled_at, hinted_at, lease_until, error FROM jobs
    WHERE state IN ('scheduled', 'available', 'running', 'retryable')
    UNION ALL
    SELECT 'publication', id, state, attempt, NULL, scheduled_at, hinted_at, lease_until, error
    FROM publications WHERE state IN ('pending', 'sending')
"""
