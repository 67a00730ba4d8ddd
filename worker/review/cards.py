"""Gathers what the library shows of each asset: its picture, and why a person should look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, false, func, or_, select, true

from worker import trials
from worker.choices import CHOSEN_RANK
from worker.database.choices import Choice
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail
from worker.database.review import UNSURE_BELOW
from worker.database.states import WAITING, ChoiceKind, JobState, PublicationState, Role
from worker.review.seen import read_seen_of
from worker.review.trials.of_assets import newest_tests
from worker.text import format_age, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.review.seen import Seen
    from worker.review.trials.of_assets import Tested


# A still is taken up to so far beside its frame, where that is sharper.
_BESIDE_S = 0.5


class CardPicture(NamedTuple):
    """The picture that stands for an asset: what a person chose, or else the best pick."""

    thumbnail_id: int
    time_s: float | None  #: media time; None for a picture that was uploaded
    width_px: int
    height_px: int
    frame_id: int | None = None  #: of the strip, which shows the same and is small; None: there is none


class _Work(NamedTuple):
    """How an asset's newest job and its newest write stand; None where there was none."""

    job_state: str | None
    job_error: str | None
    write_state: str | None
    write_error: str | None


_NO_WORK = _Work(None, None, None, None)


class Reason(NamedTuple):
    """Why an asset is worth a look, or what is going on with it."""

    kind: str  #: the name of a filter, "working", "testing", or "reviewed"
    says: str  #: a sentence


@dataclass(frozen=True, slots=True)
class Card:
    """One asset of the library."""

    asset: Asset
    shown: CardPicture | None  #: None before anything was looked at
    reasons: list[Reason]  #: what matters most comes first; never empty
    can_edit: bool  #: whether who asks may decide about it
    seen: Seen  #: what the card shows, so that nobody confirms what they have not seen
    test: Tested | None = None  #: its newest one

    @property
    def is_tested_now(self) -> bool:
        """Whether viewers see several pictures of it."""
        return self.test is not None and self.test.is_running

    @property
    def name(self) -> str:
        """Its title, or its id at the platform where it has none."""
        return self.asset.title.strip() or self.asset.external_id


def read_cards(session: Session, actor: Actor, ids: Sequence[int], of: str, now: datetime) -> list[Card]:
    """Gather the cards of these assets with five statements, however many they are.

    Args:
        session: any.
        actor: who asks.
        ids: of assets, in the order of the cards.
        of: the name of the filter; why an asset is there is told first.
        now: by the database's clock.
    """
    if not ids:
        return []
    assets = {one.id: one for one in session.scalars(select(Asset).where(Asset.id.in_(ids)))}
    shown = {row[0]: CardPicture(*row[1:]) for row in session.execute(_pictures(ids))}
    seen = read_seen_of(session, ids)
    tests = newest_tests(session, ids)
    work = {row[0]: _Work(*row[1:]) for row in session.execute(_newest_work(ids))}
    return [
        Card(
            assets[one],
            shown.get(one),
            _reasons(assets[one], work.get(one, _NO_WORK), tests.get(one), of, now),
            actor.may(Role.EDITOR, assets[one]),
            seen[one],
            tests.get(one),
        )
        for one in ids
        if one in assets and one in seen
    ]


def _pictures(ids: Sequence[int]) -> Select[Any]:
    """Select each asset's picture: of its choice, what a test keeps, or the first of the newest run."""
    kept_id = trials.kept_id()
    is_picture = or_(
        Thumbnail.id == Choice.thumbnail_id,
        and_(Choice.thumbnail_id.is_(None), or_(Thumbnail.rank > CHOSEN_RANK, Thumbnail.id == kept_id)),
    )
    columns = (Thumbnail.id, Thumbnail.time_s, Thumbnail.width_px, Thumbnail.height_px, Thumbnail.generation)
    picture = (
        select(*columns)
        .where(Thumbnail.asset_id == Asset.id, is_picture)
        .order_by(
            func.coalesce(Thumbnail.id == kept_id, false()).desc(),
            Thumbnail.generation.desc(),
            Thumbnail.rank,
            Thumbnail.id,
        )
        .limit(1)
        .correlate(Asset, Choice)
        .lateral("picture")
    )
    holds = (Choice.asset_id == Asset.id, Choice.released_at.is_(None), Choice.lost_at.is_(None))
    time_s = case((Choice.kind == ChoiceKind.IMAGE, None), else_=picture.c.time_s)
    # Of the same run: an edit may have moved the moment. A page of full pictures would have megabytes.
    away_s = func.abs(StoredCandidate.time_s - time_s)
    of_run = (StoredCandidate.asset_id == Asset.id, StoredCandidate.generation == picture.c.generation)
    frame_id = (
        select(StoredCandidate.id)
        .where(*of_run, away_s <= _BESIDE_S)
        .order_by(away_s, StoredCandidate.id)
        .limit(1)
        .correlate(Asset, Choice, picture)
        .scalar_subquery()
    )
    return (
        select(Asset.id, picture.c.id, time_s, picture.c.width_px, picture.c.height_px, frame_id)
        .select_from(Asset)
        .outerjoin(Choice, and_(*holds))
        .join(picture, true())
        .where(Asset.id.in_(ids))
    )


def _newest_work(ids: Sequence[int]) -> Select[Any]:
    """Select how the newest job and write stand; what is being done counts before what waits behind it."""
    job = (
        select(Job.state, Job.error)
        .where(Job.asset_id == Asset.id)
        .order_by((Job.state == JobState.RUNNING).desc(), Job.id.desc())
        .limit(1)
        .lateral("job")
    )
    write = (
        select(Publication.state, Publication.error)
        .where(Publication.asset_id == Asset.id)
        .order_by((Publication.state == PublicationState.SENDING).desc(), Publication.id.desc())
        .limit(1)
        .lateral("write")
    )
    columns = (job.c.state, job.c.error, write.c.state, write.c.error)
    joined = select(Asset.id, *columns).select_from(Asset)
    return joined.outerjoin(job, true()).outerjoin(write, true()).where(Asset.id.in_(ids))


def _reasons(asset: Asset, work: _Work, test: Tested | None, of: str, now: datetime) -> list[Reason]:
    """Say why somebody should look at an asset, and what is going on with it."""
    reasons = [*_findings(asset, work, test), *_progress(work, test)]
    if asset.reviewed_at is None:
        if not reasons or of == "unseen":
            reasons.append(Reason("unseen", "Nobody has looked at it yet."))
    elif not reasons:
        by = f" by {asset.reviewed_by}" if asset.reviewed_by else ""
        reasons.append(Reason("reviewed", f"Looked at{by}, {format_age(now - asset.reviewed_at)} ago."))
    return sorted(reasons, key=lambda reason: reason.kind != of)


def _findings(asset: Asset, work: _Work, test: Tested | None) -> Iterator[Reason]:
    """Say what is not as it should be; the gravest first."""
    if asset.has_failed and _is_news(asset, asset.failed_at):
        yield Reason("failed", _failure(work))
    if asset.has_lost_choice:
        yield Reason("lost", "An edit cut the chosen moment away; the best pick is shown instead.")
    if asset.foreign_thumbnail is not None and _is_news(asset, asset.foreign_at):
        yield Reason("foreign", "Another thumbnail was set at the platform, and is left alone.")
    if asset.test_decided_at is not None and _is_news(asset, asset.test_decided_at):
        is_told = test is not None and not test.is_running
        yield Reason("tested", f"A test has ended. {test.said}" if test and is_told else "A test has ended.")
    if asset.reviewed_at is not None:
        return  # somebody has seen what follows, and found it good
    if asset.is_flagged:
        waits = "; none is written before somebody chooses" if asset.is_held else ""
        yield Reason("flagged", f"Every pick is flagged as unsafe{waits}.")
    if asset.is_noted:
        yield Reason("noted", "No frame is free of defects.")
    if asset.pick_gap is not None and asset.pick_gap < UNSURE_BELOW:
        yield Reason("unsure", "Picks 1 and 2 are about as good.")


def _is_news(asset: Asset, at: datetime | None) -> bool:
    """Tell whether something came up after somebody last looked at the asset; as `CONDITIONS` does."""
    return asset.reviewed_at is None or (at is not None and asset.reviewed_at < at)


def _failure(work: _Work) -> str:
    if work.job_state == JobState.DISCARDED:
        return f"The look at the video failed: {_sentence(work.job_error)}"
    if work.write_state == PublicationState.FAILED:
        return f"The platform did not take the thumbnail: {_sentence(work.write_error)}"
    return "The last attempt failed."


def _progress(work: _Work, test: Tested | None) -> Iterator[Reason]:
    """Say what is being done, or waits to be done."""
    if test is not None and test.is_running:
        yield Reason("testing", test.said)
    if work.job_state == JobState.RUNNING:
        yield Reason("working", "The video is being looked at.")
    elif work.job_state == JobState.RETRYABLE:
        yield Reason("working", f"The look will be tried again: {_sentence(work.job_error)}")
    elif work.job_state in WAITING:
        yield Reason("working", "The video will be looked at soon.")
    if work.write_state == PublicationState.PENDING and work.write_error:
        yield Reason("working", f"The write will be tried again: {_sentence(work.write_error)}")
    elif work.write_state in {PublicationState.PENDING, PublicationState.SENDING}:
        yield Reason("working", "The thumbnail is on its way to the platform.")


def _sentence(error: str | None) -> str:
    """End an error as a sentence."""
    return printable(error or "the reason was not kept").rstrip(".") + "."
