"""What a job knows of the change that made it, so that an earlier run's candidates can be used again.

Kept in the job's row as {"of": 3, "ranges": [[2.5, 40.0]]}: the candidates of generation 3 are of a video of
which these ranges play now. To know nothing is always right, and makes a whole run; so what is in doubt
is forgotten. The asset's row is locked while this is decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from worker.database.models import Asset, Job, StoredCandidate
from worker.database.states import WAITING, JobReason, JobState
from worker.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from worker.jobs.claims import JobClaim


def earlier_candidates(
    session: Session, claim: JobClaim, fingerprint: str
) -> tuple[Timeline, list[StoredCandidate]] | None:
    """Read the candidates that a claimed job may use again, and what was done to their video since.

    Args:
        session: any.
        claim: the right to the job.
        fingerprint: of the content as it is now.
    """
    timeline = _timeline(claim.edit)
    if claim.edit is None or timeline is None:
        return None
    if timeline == Timeline.whole() and fingerprint != claim.known_fingerprint:
        return None
    found = session.scalars(
        select(StoredCandidate)
        .where(StoredCandidate.asset_id == claim.asset_id, StoredCandidate.generation == claim.edit["of"])
        .order_by(StoredCandidate.time_s)
    ).all()
    return (timeline, list(found)) if found else None


def earlier_picks(session: Session, asset_id: int) -> list[StoredCandidate]:
    """Read what the newest run of an asset picked, best first; nothing where there was none."""
    newest = select(func.max(StoredCandidate.generation)).where(StoredCandidate.asset_id == asset_id)
    found = session.scalars(
        select(StoredCandidate)
        .where(
            StoredCandidate.asset_id == asset_id,
            StoredCandidate.generation == newest.scalar_subquery(),
            StoredCandidate.lost_because.is_(None),
        )
        # Picks are stored before all others, in the order of their ranks.
        .order_by(StoredCandidate.id)
    )
    return list(found.all())


def known_after(session: Session, asset_id: int, change: Timeline | None) -> dict[str, Any] | None:
    """Say what a new request for work knows of the change; None for nothing.

    An edit is of the video as it was just before. If there is a job that has not ended, that is what this
    job was to look at, and its result is not going to be stored: both changes are taken as one.

    Args:
        session: with the asset's row locked, and its generation not yet raised by this request.
        asset_id: the asset.
        change: what was done to its content now; None where that is not known.
    """
    if change is None:
        return None
    pending = _pending(session, asset_id)
    before = _stored(session, asset_id) if pending is None else pending.edit
    timeline = _timeline(before)
    if before is None or timeline is None:
        return None
    both = timeline.then(change)
    return None if both is None else {"of": before["of"], "ranges": both.stored()}


def _timeline(edit: Mapping[str, Any] | None) -> Timeline | None:
    """Read what is stored of a change; None for nothing, or for what another version wrote in its own way."""
    try:
        return None if edit is None or not isinstance(edit["of"], int) else Timeline.read(edit["ranges"])
    except (KeyError, ValueError):
        return None


def _pending(session: Session, asset_id: int) -> Row[tuple[dict[str, Any] | None]] | None:
    """Find the newest job that has not ended, unless it only looks whether there is news."""
    is_only_a_look = (Job.reason == JobReason.UPDATE) & ~Job.is_forced
    return session.execute(
        select(Job.edit)
        .where(Job.asset_id == asset_id, Job.state.in_([*WAITING, JobState.RUNNING]), ~is_only_a_look)
        .order_by(Job.id.desc())
        .limit(1)
    ).one_or_none()


def _stored(session: Session, asset_id: int) -> dict[str, Any] | None:
    """Name the newest candidates, as unchanged; None if work was asked for since, and came to nothing."""
    newest = session.scalar(
        select(func.max(StoredCandidate.generation))
        .join(Asset, Asset.id == StoredCandidate.asset_id)
        .where(Asset.id == asset_id, Asset.fingerprint.is_not(None))
        .having(func.max(StoredCandidate.generation) == func.max(Asset.generation))
    )
    return None if newest is None else {"of": newest, "ranges": Timeline.whole().stored()}
