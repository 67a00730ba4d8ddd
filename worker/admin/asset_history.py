"""Gather all that is known about one asset, for `thumbs show`.

Rows are read without what may be large and is not shown: payloads, pictures and embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import contains_eager, defer

from worker import choices, trials
from worker.admin.assets import database_time
from worker.admin.candidates import numbered_candidates
from worker.admin.taken import was_left_to_us
from worker.database.choices import Choice
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, JobLog, Publication, Thumbnail
from worker.database.states import IS_NEWS, ChoiceKind, PublicationState
from worker.database.trials import Trial
from worker.platforms.event import EventKind
from worker.publications import is_held
from worker.text import clock
from worker.trials.running import newest_trial

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.admin.candidates import Numbered
    from worker.admin.find import Match

# How many of the newest are shown; an asset that is edited all day would fill many screens.
SHOWN_JOBS = 5
SHOWN_EVENTS = 20
SHOWN_PUBLICATIONS = 20
SHOWN_CHOICES = 10
SHOWN_TESTS = 10

_OWN_PICTURE = "a picture of their own"
# What came of a write that was confirmed once; in any other state it has been asked for again since.
_ENDINGS = {
    PublicationState.CONFIRMED: "we wrote {shown}",
    PublicationState.YIELDED: "left alone: somebody else set {shown}",
}


class JobHistory(NamedTuple):
    """A job, and what happened to it, in order of time."""

    job: Job
    log: list[JobLog]


class HistoryEntry(NamedTuple):
    """One thing that happened to an asset."""

    at: datetime
    what: str  #: "event", "job 17", "write 3", "choice 2" or "test 1"
    state: str
    who: str  #: the worker, operator or platform that did it; "" where the row does not tell
    says: str  #: the reason, or what came of it


@dataclass(slots=True)
class Repeated:
    """One thing, and how often it happened on end."""

    first: HistoryEntry
    last: HistoryEntry
    times: int = 1


@dataclass(frozen=True, slots=True)
class AssetHistory:
    """All about one asset."""

    asset: Asset
    choice: Choice | None  #: the one that holds; None: the best pick is shown
    jobs: list[JobHistory]  #: the newest first
    thumbnails: list[Thumbnail]  #: the picks of the newest run, the best first; without their bytes
    candidates: list[Numbered]  #: of the same run, the picks first; without their bytes
    #: What is to be seen, without its bytes: the person's choice, what a test keeps, or the best pick.
    shown: Thumbnail | None
    publication: Publication | None  #: the newest
    trial: Trial | None  #: the newest test of its pictures
    timeline: list[HistoryEntry]  #: in order of time
    now: datetime  #: by the database's clock

    @property
    def is_held(self) -> bool:
        """Whether `shown` is not written, since it is flagged as unsafe and waits for a person."""
        return self.publication is not None and is_held(self.publication)


def read_history(
    session: Session,
    found: Match,
    *,
    has_picks_url: bool,
    has_pictures_url: bool = False,
    is_news: bool = False,
) -> AssetHistory:
    """Gather all about an asset; of its jobs and its timeline only one job's, where a job was asked for.

    Args:
        session: any.
        found: the asset, or its job.
        has_picks_url: whether a system of the customer's own is told of what no platform takes.
        has_pictures_url: whether the picture is put at an address of theirs.
        is_news: leave out looks that found nothing new, and the events that asked for them: each of our own
            writes causes both.
    """
    asset = session.get_one(Asset, found.asset_id)
    wanted = Job.asset_id == asset.id if found.job_id is None else Job.id == found.job_id
    of_interest = select(Job).where(wanted, text(IS_NEWS)) if is_news else select(Job).where(wanted)
    jobs = session.scalars(of_interest.order_by(Job.id.desc()).limit(SHOWN_JOBS)).all()
    logs = _logs(session, [job.id for job in jobs])
    histories = [JobHistory(job, logs.get(job.id, [])) for job in jobs]
    publications = _publications(session, asset)
    moments = [*_steps(histories)]
    served = told(has_picks_url=has_picks_url, has_pictures_url=has_pictures_url)
    if found.job_id is None:  # all else is about the asset, and would bury one job's few lines
        # Sorting keeps this order among moments of the same time.
        moments = [
            *_events(session, asset, is_news=is_news),
            *moments,
            *_writes(asset, publications, _of_pictures(session, asset), served),
            *_decisions(session, asset),
            *_tests(session, asset),
        ]
    choice, picks = choices.open_choice(session, asset), _picks(session, asset)
    return AssetHistory(
        asset=asset,
        choice=choice,
        jobs=histories,
        thumbnails=picks,
        candidates=numbered_candidates(session, asset),
        shown=_shown(session, asset, choice, picks),
        publication=publications[0] if publications else None,
        trial=newest_trial(session, asset.id),
        timeline=sorted(moments, key=lambda moment: moment.at),
        now=database_time(session),
    )


def folded(moments: Iterable[HistoryEntry]) -> list[Repeated]:
    """Count the equal moments of one job among those that nothing else interrupts."""
    listed: list[Repeated] = []
    stretch: dict[tuple[str, str], Repeated] = {}
    before = ""
    for moment in moments:
        if moment.what != before or moment.what == "event":
            stretch, before = {}, moment.what
        key = moment.state, moment.says
        if key in stretch:
            stretch[key].last = moment
            stretch[key].times += 1
        else:
            stretch[key] = Repeated(moment, moment)
            listed.append(stretch[key])
    return listed


def told(*, has_picks_url: bool, has_pictures_url: bool = False) -> str:
    """Say what was done where no platform takes a thumbnail, and the picture is served by us."""
    put = "the picture was put at PICTURES_URL" if has_pictures_url else ""
    done = [*filter(None, ["PICKS_URL was told" if has_picks_url else "", put])]
    return ", and ".join(done) or "served by us; neither PICKS_URL nor PICTURES_URL is set here"


def _events(session: Session, asset: Asset, *, is_news: bool) -> Iterator[HistoryEntry]:
    of_asset = select(WebhookEvent).where(WebhookEvent.asset_id == asset.id)
    if is_news:  # what an update brought is told by the job, where it brought something
        of_asset = of_asset.where(WebhookEvent.kind != EventKind.UPDATED)
    newest = of_asset.order_by(WebhookEvent.id.desc()).limit(SHOWN_EVENTS)
    for event in session.scalars(newest.options(defer(WebhookEvent.payload))):
        says = f"{event.type}: {event.detail}" if event.detail else event.type
        yield HistoryEntry(event.received_at, "event", event.outcome, event.platform, says)


def _steps(histories: Sequence[JobHistory]) -> Iterator[HistoryEntry]:
    for job, log in histories:
        yield HistoryEntry(job.requested_at, f"job {job.id}", "requested", "", job.reason)
        for line in log:
            yield HistoryEntry(line.at, f"job {job.id}", line.state, line.actor, line.note)


def _writes(
    asset: Asset, publications: Sequence[Publication], of_pictures: Collection[int], served: str
) -> Iterator[HistoryEntry]:
    """List writes; a picture of one's own, as these choices are of, has no moment."""
    for row in publications:
        what, why = f"write {row.id}", _why(row)
        moment = _OWN_PICTURE if row.choice_id in of_pictures else clock(row.thumbnail.time_s)
        yield HistoryEntry(row.created_at, what, "requested", "", f"{moment}, {why}")
        if is_held(row):
            yield HistoryEntry(row.created_at, what, "held", "", row.error or "")
        if row.confirmed_at is not None:
            state = PublicationState(row.state)
            says = _ENDINGS.get(state, "asked for again").format(shown=row.shown or "the picture")
            if was_left_to_us(asset, row):
                says = served
            yield HistoryEntry(row.confirmed_at, what, row.state, "", says)


def _why(write: Publication) -> str:
    """Say why a picture is written; other picks than the best one are shown because of a test."""
    if write.choice_id is not None:
        return f"choice {write.choice_id}"
    return "the best pick" if write.thumbnail.rank <= 1 else f"pick {write.thumbnail.rank}, by its test"


def _decisions(session: Session, asset: Asset) -> Iterator[HistoryEntry]:
    of_asset = select(Choice).where(Choice.asset_id == asset.id)
    for row in session.scalars(of_asset.order_by(Choice.id.desc()).limit(SHOWN_CHOICES)):
        what = f"choice {row.id}"
        moment = _OWN_PICTURE if row.time_s is None else clock(row.time_s)
        yield HistoryEntry(
            row.made_at, what, "chosen", row.who, f"{moment}: {row.why}" if row.why else moment
        )
        if row.lost_at is not None:
            yield HistoryEntry(row.lost_at, what, "lost", "", row.note)
        if row.released_at is not None:
            yield HistoryEntry(
                row.released_at, what, "released", row.released_by or "", row.released_because or ""
            )


def _tests(session: Session, asset: Asset) -> Iterator[HistoryEntry]:
    of_asset = select(Trial).where(Trial.asset_id == asset.id)
    for row in session.scalars(of_asset.order_by(Trial.id.desc()).limit(SHOWN_TESTS)):
        what = f"test {row.id}"
        yield HistoryEntry(row.started_at, what, "started", row.started_by, "")
        if row.ended_at is not None:
            yield HistoryEntry(row.ended_at, what, row.outcome or row.state, row.ended_by or "", row.why)


def _of_pictures(session: Session, asset: Asset) -> set[int]:
    """List the ids of the choices of a picture from outside the video."""
    own = select(Choice.id).where(Choice.asset_id == asset.id, Choice.kind == ChoiceKind.IMAGE)
    return set(session.scalars(own))


def _publications(session: Session, asset: Asset) -> list[Publication]:
    """List the writes to the platform, the newest first, with the moments of their thumbnails."""
    # `contains_eager` fills `row.thumbnail` from the join; otherwise each row would cost a query for it.
    newest = (
        select(Publication)
        .join(Publication.thumbnail)
        .where(Publication.asset_id == asset.id)
        .order_by(Publication.id.desc())
        .limit(SHOWN_PUBLICATIONS)
    )
    return list(session.scalars(newest.options(contains_eager(Publication.thumbnail).defer(Thumbnail.jpeg))))


def _shown(
    session: Session, asset: Asset, choice: Choice | None, picks: Sequence[Thumbnail]
) -> Thumbnail | None:
    """Find the thumbnail that is to be seen; a choice whose moment was lost gives way to the best pick."""
    if choice is not None and choice.lost_at is None and choice.thumbnail_id is not None:
        return session.get(Thumbnail, choice.thumbnail_id, options=[defer(Thumbnail.jpeg)])
    return trials.kept_picture(session, asset) or (picks[0] if picks else None)


def _picks(session: Session, asset: Asset) -> list[Thumbnail]:
    newest = choices.is_newest_pick(asset)
    rows = select(Thumbnail).where(*newest).order_by(Thumbnail.rank, Thumbnail.id)
    return list(session.scalars(rows.options(defer(Thumbnail.jpeg))))


def _logs(session: Session, job_ids: Sequence[int]) -> dict[int, list[JobLog]]:
    """Read the logs of jobs, each in order, by the job."""
    logs: dict[int, list[JobLog]] = {}
    for line in session.scalars(select(JobLog).where(JobLog.job_id.in_(job_ids)).order_by(JobLog.id)):
        logs.setdefault(line.job_id, []).append(line)
    return logs
