"""What is going on with an asset: whether it is being looked at, and whether the write arrived."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from worker import publications
from worker.accounts import remedy_of_refusal
from worker.admin.assets import database_time
from worker.admin.taken import was_left_to_us
from worker.database.accounts import Account
from worker.database.models import Job, Publication
from worker.database.states import WAITING, JobState, PublicationState
from worker.platforms import PLATFORMS
from worker.review.seen import Seen, read_seen
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.database.models import Asset

SOON_S = 60.0  #: what is due later than this is not waited for by a page
OVERDUE_S = 60.0  #: nor is what nobody took up for so long

_AGAIN = "“Look again” starts it anew."
_AT_WORK = (*WAITING, JobState.RUNNING)
_BEING_WRITTEN = (PublicationState.PENDING, PublicationState.SENDING)


class Tone(enum.StrEnum):
    """How a sentence is to be taken; each has a sign of its own, beside its colour."""

    GOOD = "good"
    BUSY = "busy"
    WAITING = "waiting"
    BAD = "bad"


class ProgressLine(NamedTuple):
    """A sentence about what goes on."""

    tone: Tone
    says: str
    at: datetime | None = None  #: when it came to that


@dataclass(frozen=True, slots=True)
class AssetProgress:
    """What is going on with an asset at this moment."""

    lines: list[ProgressLine]
    is_settled: bool  #: nothing more is to be expected soon, so there is no use in asking again
    seen: Seen  #: what a page would show now
    now: datetime  #: by the database's clock
    is_stalled: bool = False  #: something is due, and nobody takes it up

    @property
    def word(self) -> str:
        """Text that stays the same as long as there is nothing new to say."""
        return f"{self.seen.generation} {self.seen.choice_id} {[line.says for line in self.lines]}"


def read_account(session: Session, asset: Asset) -> Account | None:
    """Read how the asset's account stands; None where it never had work."""
    return session.scalar(select(Account).filter_by(platform=asset.platform, account=asset.account))


def read_newest_job(session: Session, asset: Asset) -> Job | None:
    """Read the newest job of an asset; None where it never had one."""
    return session.scalar(select(Job).where(Job.asset_id == asset.id).order_by(Job.id.desc()).limit(1))


def read_progress(session: Session, asset: Asset) -> AssetProgress:
    """Ask how the newest job and the newest write stand."""
    job = read_newest_job(session, asset)
    writes = select(Publication).where(Publication.asset_id == asset.id)
    write = session.scalar(writes.order_by(Publication.id.desc()).limit(1))
    now, seen = database_time(session), read_seen(session, asset)
    return progress_of(asset, read_account(session, asset), job, write, seen, now)


def progress_of(
    asset: Asset,
    account: Account | None,
    job: Job | None,
    write: Publication | None,
    seen: Seen,
    now: datetime,
) -> AssetProgress:
    """Put into words how the newest job and the newest write stand.

    Args:
        asset: which is looked at.
        account: its account, as `read_account`.
        job: the newest.
        write: the newest.
        seen: what a page would show now.
        now: by the database's clock.
    """
    if asset.deleted_at or asset.erased_at:
        return AssetProgress([], is_settled=True, seen=seen, now=now)
    held = list(_account_lines(account, now)) if account is not None else []
    lines = [*_write_lines(asset, write, now), *_job_lines(job, now), *held]
    is_busy = _is_busy(job, _AT_WORK, now) or _is_busy(write, _BEING_WRITTEN, now)
    is_stalled = _is_overdue(job, _AT_WORK, now) or _is_overdue(write, _BEING_WRITTEN, now)
    return AssetProgress(lines, bool(held) or not is_busy, seen, now, is_stalled=is_stalled and not is_busy)


def platform_label(asset: Asset) -> str:
    """Write the name of an asset's platform as its vendor does."""
    known = PLATFORMS.get(asset.platform)
    return known.capabilities.label if known else asset.platform


def _is_busy(row: Job | Publication | None, states: tuple[enum.StrEnum, ...], now: datetime) -> bool:
    """Tell whether something will soon come of a row."""
    if row is None or row.state not in states or _is_overdue(row, states, now):
        return False
    return (row.scheduled_at - now).total_seconds() < SOON_S


def _is_overdue(row: Job | Publication | None, states: tuple[enum.StrEnum, ...], now: datetime) -> bool:
    """Tell whether nobody works on a row: it waits too long, or whoever took it up is silent too long."""
    if row is None or row.state not in states:
        return False
    return (now - (row.lease_until or row.scheduled_at)).total_seconds() >= OVERDUE_S


def _waits(row: Job | Publication, now: datetime) -> str:
    return f"has waited for a worker for {format_age(now - row.scheduled_at)}"


def _due(row: Job | Publication, now: datetime) -> str:
    """Say when a row's time comes; not to the second, so that a page need not be read out again and again."""
    is_far = (row.scheduled_at - now).total_seconds() >= SOON_S
    return format_age(now - row.scheduled_at) if is_far else "soon"


def _write_lines(asset: Asset, write: Publication | None, now: datetime) -> Iterator[ProgressLine]:
    if write is None:
        return
    label, error = platform_label(asset), printable(write.error or "")
    match write.state:
        case PublicationState.PENDING if _is_overdue(write, _BEING_WRITTEN, now):
            yield ProgressLine(Tone.WAITING, f"The write to {label} {_waits(write, now)}.")
        case PublicationState.PENDING if write.error:
            yield ProgressLine(
                Tone.WAITING, f"{label} did not take it yet; the next try is {_due(write, now)}: {error}"
            )
        case PublicationState.PENDING | PublicationState.SENDING:
            yield ProgressLine(Tone.BUSY, f"On its way to {label}.")
        case PublicationState.CONFIRMED if was_left_to_us(asset, write):
            yield ProgressLine(Tone.GOOD, "Served by us; no platform takes it.", write.confirmed_at)
        case PublicationState.CONFIRMED:
            yield ProgressLine(Tone.GOOD, f"Arrived at {label}.", write.confirmed_at)
        case PublicationState.FAILED:
            yield ProgressLine(Tone.BAD, f"{label} did not take it: {error}. Choose again, or look again.")
        case PublicationState.SUPERSEDED if publications.is_held(write):
            yield ProgressLine(
                Tone.WAITING, f"Not written to {label}: it is flagged as unsafe, and waits for a person."
            )
        case PublicationState.YIELDED:
            yield ProgressLine(Tone.WAITING, f"Not written to {label}: somebody else set a thumbnail there.")
        case _:
            return


def _job_lines(job: Job | None, now: datetime) -> Iterator[ProgressLine]:
    if job is None:
        return
    error = printable(job.error or job.error_class or "")
    match job.state:
        case JobState.SCHEDULED | JobState.AVAILABLE | JobState.RETRYABLE if _is_overdue(job, WAITING, now):
            yield ProgressLine(Tone.WAITING, f"A look at the video {_waits(job, now)}.")
        case JobState.RUNNING:
            stage = f": {printable(job.stage)}" if job.stage else ""
            yield ProgressLine(Tone.BUSY, f"The video is being looked at{stage}.")
        case JobState.SCHEDULED | JobState.AVAILABLE:
            yield ProgressLine(Tone.BUSY, f"A look at the video is due {_due(job, now)}.")
        case JobState.RETRYABLE:
            yield ProgressLine(
                Tone.WAITING, f"The look at the video failed; the next try is {_due(job, now)}: {error}"
            )
        case JobState.DISCARDED:
            yield ProgressLine(Tone.BAD, f"The look at the video failed: {error}. {_AGAIN}")
        case JobState.CANCELLED:
            yield ProgressLine(Tone.WAITING, f"The last look at the video was cancelled. {_AGAIN}")
        case _:
            return


def _account_lines(account: Account, now: datetime) -> Iterator[ProgressLine]:
    name = f"{account.platform}/{account.account}"
    if account.paused_at:
        why = f" ({printable(account.paused_because)})" if account.paused_because else ""
        yield ProgressLine(
            Tone.WAITING,
            f"All work on {name} is paused{why}; what you choose is written once an operator resumes it with "
            f"`thumbs resume {name}`.",
        )
    elif account.refused_at:
        yield ProgressLine(
            Tone.BAD, f"The platform refuses our token for {name}; an operator can {remedy_of_refusal(name)}."
        )
    elif account.closed_until and account.closed_until > now:
        again = format_age(now - account.closed_until)
        yield ProgressLine(
            Tone.WAITING, f"The platform of {name} does not answer; it is asked again {again}."
        )
