"""What must be true of the service once it is quiet, whatever was done to it.

Read from three witnesses: the database, the platform's journal, and what is left on the machine. Each of I1
to I9 is one function that yields a sentence for everything that is not as it must be.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import httpx
from sqlalchemy import func, or_, select, text

from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, JobLog, Publication, Thumbnail
from worker.database.states import FINAL, EventOutcome, JobState, PublicationState
from worker.publications.ownership import ROUNDING_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import psutil
    from sqlalchemy.orm import Session

    from worker.demo.simulator import JournalEntry

SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")


class Violation(NamedTuple):
    """One thing that is not as it must be."""

    invariant: str  #: "I1" to "I9"
    what: str


@dataclass(frozen=True)
class SystemRecord:
    """What the invariants are read from."""

    session: Session
    entries: Sequence[JournalEntry]  #: the platform's journal
    shown: Callable[[str], float | None]  #: what the platform shows for an asset, in seconds of media time
    logs: Path  #: the folder of the programs' logs
    leftovers: Sequence[Path | psutil.Process]  #: files in the work folder, processes without a parent
    secrets: Sequence[str]  #: what may stand in no log
    overlaps: Sequence[str]  #: what `overlaps` saw at any moment


def check(evidence: SystemRecord) -> list[Violation]:
    """Return everything that is not as it must be."""
    return [Violation(name, what) for name, holds in INVARIANTS.items() for what in holds(evidence)]


def accepted_is_recorded(evidence: SystemRecord) -> Iterator[str]:
    """I1: every delivery that was answered with 2xx is in the inbox."""
    recorded = set(evidence.session.scalars(select(WebhookEvent.delivery_id)))
    for entry in evidence.entries:
        is_accepted = entry.kind == "delivery" and httpx.codes.is_success(entry.status or 0)
        if is_accepted and entry.detail["id"] not in recorded:
            yield f"delivery {entry.detail['id']} ({entry.event}) was accepted, and is not in the inbox"


def events_are_settled(evidence: SystemRecord) -> Iterator[str]:
    """I2: every event asks for nothing, or a job of its asset ended after it came."""
    later = select(Job.id).where(
        Job.asset_id == WebhookEvent.asset_id, Job.finished_at >= WebhookEvent.received_at
    )
    applied = (WebhookEvent.outcome == EventOutcome.APPLIED, WebhookEvent.kind != "deleted")
    for event in evidence.session.scalars(select(WebhookEvent).where(*applied, ~later.exists())):
        yield f"event {event.id} ({event.type}) was applied, and no job ended after it"


def newest_is_published(evidence: SystemRecord) -> Iterator[str]:
    """I3: the newest generation of every living asset is published, or a failure explains why not."""
    behind = (Asset.deleted_at.is_(None), Asset.published_generation != Asset.generation)
    for asset in evidence.session.scalars(select(Asset).where(*behind)):
        job = _newest(evidence.session, Job, asset)
        write = _newest(evidence.session, Publication, asset)
        is_explained = (job is not None and job.state == JobState.DISCARDED) or (
            write is not None and write.state == PublicationState.FAILED
        )
        if not is_explained:
            yield f"{asset.external_id} is at {asset.generation}, published {asset.published_generation}"


def platform_shows_it(evidence: SystemRecord) -> Iterator[str]:
    """I4: the platform's last write is the newest generation's, and every picture is the one we stored."""
    last_s = {entry.asset_id: entry.thumbnail_time for entry in evidence.entries if entry.kind == "write"}
    for asset in _published(evidence.session):
        wanted_s = evidence.session.scalar(
            select(Thumbnail.time_s).where(
                Thumbnail.asset_id == asset.id,
                Thumbnail.generation == asset.generation,
                Thumbnail.rank == 1,
            )
        )
        for whose, time_s in (
            ("the last write", last_s.get(asset.external_id)),
            ("the platform", evidence.shown(asset.external_id)),
        ):
            if wanted_s is None or time_s is None or abs(time_s - wanted_s) > ROUNDING_S:
                yield f"{asset.external_id}: {whose} shows {time_s}, and the newest pick is at {wanted_s}"
    for row in evidence.session.execute(select(Thumbnail.id, Thumbnail.jpeg, Thumbnail.sha256)):
        if hashlib.sha256(row.jpeg).hexdigest() != row.sha256:
            yield f"thumbnail {row.id} is not the picture that its sum names"


def writes_never_go_back(evidence: SystemRecord) -> Iterator[str]:
    """I5: no write shows an older generation than the write before it."""
    for asset_id, times_s in _writes(evidence).items():
        generations = _generations(evidence.session, asset_id)
        newest = 0
        for time_s in times_s:
            # Two generations may have the same moment: then the write is taken for the lowest it can be.
            known = [number for at_s, number in generations if abs(at_s - time_s) <= ROUNDING_S]
            # A moment beyond the end of content that became shorter meanwhile is brought within it.
            known = known or [number for at_s, number in generations if at_s > time_s]
            later = [number for number in known if number >= newest]
            if not later:
                yield f"{asset_id}: {time_s} s was written (generations {known}) after generation {newest}"
                break
            newest = min(later)


def one_at_a_time(evidence: SystemRecord) -> Iterator[str]:
    """I6: at no instant does an asset have two running jobs, two waiting ones, or two writes under way."""
    yield from evidence.overlaps
    yield from overlaps(evidence.session)


def attempts_are_limited(evidence: SystemRecord) -> Iterator[str]:
    """I7: no job was tried more often than it may be."""
    counted = (
        select(JobLog.job_id, Job.max_attempts, func.max(JobLog.attempt).label("tried"))
        .join(Job, Job.id == JobLog.job_id)
        .group_by(JobLog.job_id, Job.max_attempts)
        .having(or_(func.max(JobLog.attempt) > Job.max_attempts, func.max(Job.attempt) > Job.max_attempts))
    )
    for row in evidence.session.execute(counted):
        yield f"job {row.job_id} was tried {row.tried} times, and may be {row.max_attempts} times"


def nothing_is_left(evidence: SystemRecord) -> Iterator[str]:
    """I8: no lease, no temporary file and no process is left over."""
    for leftover in evidence.leftovers:
        yield f"left over: {leftover}"
    for table in (Job, Publication):
        for row_id in evidence.session.scalars(select(table.id).where(table.lease_until.is_not(None))):
            yield f"{table.__tablename__} {row_id} still has a lease"


def secrets_are_kept(evidence: SystemRecord) -> Iterator[str]:
    """I9: no secret and no signature stands in a log, or in what operators are shown."""
    said = {log.name: log.read_text(errors="replace") for log in evidence.logs.iterdir()}
    for column in (Job.error, JobLog.note, Publication.error, WebhookEvent.detail):
        words = evidence.session.scalars(select(column).where(column.is_not(None)))
        said[str(column)] = "\n".join(words)
    for where, words in said.items():
        if SIGNATURE.search(words) or any(secret in words for secret in evidence.secrets):
            yield f"{where} holds a secret"


INVARIANTS: dict[str, Callable[[SystemRecord], Iterator[str]]] = {
    "I1": accepted_is_recorded,
    "I2": events_are_settled,
    "I3": newest_is_published,
    "I4": platform_shows_it,
    "I5": writes_never_go_back,
    "I6": one_at_a_time,
    "I7": attempts_are_limited,
    "I8": nothing_is_left,
    "I9": secrets_are_kept,
}


def overlaps(session: Session) -> list[str]:
    """Return the assets of which two things are under way at this moment that must not be."""
    over = ", ".join(f"'{state}'" for state in FINAL)
    found = []
    for what, table, condition in (
        ("running jobs", "jobs", "state = 'running'"),
        ("waiting jobs", "jobs", f"state NOT IN ('running', {over})"),
        ("writes under way", "publications", "state = 'sending'"),
    ):
        twice = f"SELECT asset_id FROM {table} WHERE {condition} GROUP BY asset_id HAVING count(*) > 1"  # noqa: S608 - our own words
        found += [f"asset {asset_id} has two {what}" for asset_id in session.scalars(text(twice))]
    return found


def _newest(session: Session, table: type[Job | Publication], asset: Asset) -> Job | Publication | None:
    return session.scalar(select(table).where(table.asset_id == asset.id).order_by(table.id.desc()).limit(1))


def _published(session: Session) -> list[Asset]:
    """Living assets whose newest write was confirmed; nobody else's thumbnail is shown there."""
    is_over = (Asset.deleted_at.is_(None), Asset.generation > 0)
    caught_up = select(Asset).where(*is_over, Asset.published_generation == Asset.generation)
    return list(session.scalars(caught_up.where(Asset.foreign_thumbnail.is_(None))))


def _writes(evidence: SystemRecord) -> dict[str, list[float]]:
    """The moments that were written, in order, by asset."""
    writes = defaultdict(list)
    for entry in evidence.entries:
        if entry.kind == "write" and entry.asset_id and entry.thumbnail_time is not None:
            writes[entry.asset_id].append(entry.thumbnail_time)
    return writes


def _generations(session: Session, external_id: str) -> list[tuple[float, int]]:
    """The moment of the best pick of each generation of an asset."""
    best = select(Thumbnail.time_s, Thumbnail.generation).join(Asset, Asset.id == Thumbnail.asset_id)
    rows = session.execute(best.where(Asset.external_id == external_id, Thumbnail.rank <= 1))
    return [(row.time_s, row.generation) for row in rows]
