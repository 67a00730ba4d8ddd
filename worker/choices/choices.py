"""What a person chose for an asset: the only module that writes `choices`.

    choose ─> open ──> released by a person, or replaced by the next choice
               └─ an edit cut its moment away ──> lost, until it is released

One choice is open per asset, and as long as it is not lost it is what gets published, whatever is picked.
Every function here wants the asset's row locked, so that no pick slips in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, literal, select

from worker import publications
from worker.database.models import Asset, Choice, StoredCandidate, Thumbnail
from worker.database.states import ChoiceKind
from worker.errors import PermanentError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.choices.own_picture import OwnPicture
    from worker.timeline import Timeline

CHOSEN_RANK = 0  #: of a thumbnail that a person chose
# A still lies this close to the frame that was picked for it, so it shows the same.
SAME_MOMENT_S = 0.2

_NOW = func.clock_timestamp()


class ChoiceRefused(PermanentError):
    """The choice cannot be shown; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """What a person asks for: exactly one of these."""

    time_s: float | None = None  #: a moment of the video
    candidate_id: int | None = None  #: a frame of the filmstrip
    picture: OwnPicture | None = None  #: a picture of their own


class ChoiceMade(NamedTuple):
    """A choice, and what can be shown of it now."""

    choice: Choice
    thumbnail: Thumbnail | None  #: None before anything was looked at: a run has to take it
    is_exact: bool  #: False where the picture is only near the moment, and small


class _Moment(NamedTuple):
    """A picture that we have of some moment."""

    time_s: float
    aspect: str
    jpeg: bytes


def open_choice(session: Session, asset: Asset) -> Choice | None:
    """Find the choice that nobody has released, lost or not."""
    return session.scalar(select(Choice).where(Choice.asset_id == asset.id, Choice.released_at.is_(None)))


def choose(session: Session, asset: Asset, wish: ChoiceRequest, who: str, why: str) -> ChoiceMade:
    """Take down a choice, in place of an earlier one, and ask for its publication.

    Raises:
        ChoiceRefused: the video ends before that moment, or has no such candidate.
    """
    kind, time_s = _resolved(session, asset, wish)
    release(session, asset, who, "replaced by another choice", is_replaced=True)
    newest = select(func.max(Thumbnail.generation)).where(Thumbnail.asset_id == asset.id)
    generation = session.scalar(newest) or asset.generation
    choice = Choice(asset_id=asset.id, kind=kind, time_s=time_s, generation=generation, who=who, why=why)
    session.add(choice)
    session.flush()
    if wish.picture is not None:
        own = _Moment(0.0, "source", wish.picture.jpeg)
        made = ChoiceMade(choice, _store(session, choice, own), is_exact=True)
    else:
        made = ChoiceMade(choice, *_show_nearest(session, asset, choice))
    if made.thumbnail is not None:
        # A choice made now may replace what was known by now, not what somebody sets afterwards.
        publications.request(session, asset, made.thumbnail, choice, replaces=asset.foreign_thumbnail)
    else:
        publications.supersede(session, asset)
    return made


def release(
    session: Session, asset: Asset, who: str, why: str, *, is_replaced: bool = False
) -> Choice | None:
    """End the open choice, and publish the best pick again unless another choice follows.

    Returns:
        The choice that ended; None where none was open.
    """
    choice = open_choice(session, asset)
    if choice is None:
        return None
    choice.released_at = session.scalar(select(_NOW))
    choice.released_by, choice.released_because = who, why
    session.flush()
    best = None if asset.deleted_at or choice.lost_at or is_replaced else _best_pick(session, asset)
    if best is not None:
        publications.request(session, asset, best)
    return choice


def after_run(
    session: Session,
    asset: Asset,
    generation: int,
    timeline: Timeline | None,
    *,
    is_changed: bool,
) -> tuple[Thumbnail, Choice] | None:
    """Bring the open choice to the content that a run has just stored; None where the best pick is to show.

    Args:
        session: the new thumbnails and candidates are flushed.
        asset: with its new duration.
        generation: of the run.
        timeline: what the edit did to the content that the choice refers to, if that is known.
        is_changed: whether the platform has other content now.
    """
    choice = open_choice(session, asset)
    if choice is None or choice.lost_at:
        return None
    is_other_content = choice.time_s is not None and (timeline is not None or is_changed)
    if is_other_content:
        _move(session, asset, choice, timeline, generation)
        if choice.lost_at:
            return None
    choice.generation = generation
    thumbnail = _taken(session, choice)
    if thumbnail is None and choice.thumbnail_id is not None and not is_other_content:
        thumbnail = session.get(Thumbnail, choice.thumbnail_id)
    if thumbnail is None:
        thumbnail, _ = _show_nearest(session, asset, choice)
    if thumbnail is None:
        return None
    choice.thumbnail_id, thumbnail.generation = thumbnail.id, generation
    return thumbnail, choice


def carry_over(session: Session, asset: Asset, generation: int) -> None:
    """The content is what it was: what refers to it refers to this generation too."""
    if (choice := open_choice(session, asset)) is not None:
        choice.generation = generation


def moment(session: Session, asset_id: int, timeline: Timeline | None) -> float | None:
    """The chosen moment in a video to which this was done, as far as is known; None where there is none."""
    time_s = session.scalar(
        select(Choice.time_s).where(
            Choice.asset_id == asset_id, Choice.released_at.is_(None), Choice.lost_at.is_(None)
        )
    )
    if time_s is None or timeline is None:
        return time_s
    return next(timeline.places_of(time_s), None)


def _resolved(session: Session, asset: Asset, wish: ChoiceRequest) -> tuple[ChoiceKind, float | None]:
    """What kind of choice it is, and its moment."""
    if wish.picture is not None:
        return ChoiceKind.IMAGE, None
    if wish.candidate_id is not None:
        candidate = session.get(StoredCandidate, wish.candidate_id)
        if candidate is None or candidate.asset_id != asset.id:
            raise ChoiceRefused(
                f"candidate {wish.candidate_id} is not of the newest run; `thumbs show --json` lists those"
            )
        return ChoiceKind.CANDIDATE, candidate.time_s
    time_s = wish.time_s
    if time_s is None or not 0 <= time_s < (asset.duration_s or math.inf):
        end = "" if asset.duration_s is None else f"; the video ends at {asset.duration_s:.3f} s"
        raise ChoiceRefused(f"a time must be 0 or more seconds, and within the video{end}")
    return ChoiceKind.TIME, time_s


def _move(session: Session, asset: Asset, choice: Choice, timeline: Timeline | None, generation: int) -> None:
    """Find the chosen moment in the new content, or note that it is lost."""
    was_s = choice.time_s or 0.0
    if timeline is None:
        now_s = was_s if was_s < (asset.duration_s or math.inf) else None
        place = "beyond the end of" if now_s is None else "still within"
        fate = f"is {place} the video; what the edit did is not known"
    else:
        now_s = next(timeline.places_of(was_s), None)
        fate = "was cut away" if now_s is None else f"is at {now_s:.3f} s now"
    if now_s is None:
        choice.lost_at = session.scalar(select(_NOW))
    else:
        choice.time_s = now_s
    is_first_look = choice.thumbnail_id is None
    if not is_first_look or choice.lost_at:
        choice.note = f"generation {generation}: {was_s:.3f} s {fate}"


def _show_nearest(session: Session, asset: Asset, choice: Choice) -> tuple[Thumbnail | None, bool]:
    """Make a thumbnail of the picture nearest to the chosen moment, where there is any."""
    time_s = choice.time_s or 0.0
    still = _nearest_still(session, asset, time_s)
    if still is not None and abs(still.time_s - time_s) <= SAME_MOMENT_S:
        return _store(session, choice, still), True
    frame = session.execute(
        select(StoredCandidate.time_s, literal("source"), StoredCandidate.jpeg)
        .where(StoredCandidate.asset_id == asset.id)
        .order_by(func.abs(StoredCandidate.time_s - time_s))
        .limit(1)
    ).first()
    return (None if frame is None else _store(session, choice, _Moment(*frame))), False


def _nearest_still(session: Session, asset: Asset, time_s: float) -> _Moment | None:
    """The picture of the newest picks that is nearest, in the ratio to publish."""
    row = session.execute(
        select(Thumbnail.time_s, Thumbnail.aspect, Thumbnail.jpeg)
        .where(*is_newest_pick(asset))
        .order_by(func.abs(Thumbnail.time_s - time_s), Thumbnail.id)
        .limit(1)
    ).first()
    return None if row is None else _Moment(*row)


def _store(session: Session, choice: Choice, moment: _Moment) -> Thumbnail:
    from worker.choices.own_picture import OwnPicture  # noqa: PLC0415  Pillow, which the receiver does without

    picture = OwnPicture.of_jpeg(moment.jpeg)
    thumbnail = Thumbnail(
        asset_id=choice.asset_id,
        generation=choice.generation,
        rank=CHOSEN_RANK,
        aspect=moment.aspect,
        time_s=moment.time_s if choice.time_s is None else choice.time_s,
        score=0.0,
        parts={},
        reasons=["chosen"],
        faces=[],
        box=[0, 0, picture.width_px, picture.height_px],
        width_px=picture.width_px,
        height_px=picture.height_px,
        jpeg=picture.jpeg,
        sha256=picture.sha256,
        model="",
    )
    session.add(thumbnail)
    session.flush()
    choice.thumbnail_id = thumbnail.id
    return thumbnail


def _taken(session: Session, choice: Choice) -> Thumbnail | None:
    """The still that a run has taken of the chosen moment."""
    return session.scalar(
        select(Thumbnail)
        .where(
            Thumbnail.asset_id == choice.asset_id,
            Thumbnail.generation == choice.generation,
            Thumbnail.rank == CHOSEN_RANK,
            Thumbnail.time_s == choice.time_s,
            Thumbnail.job_id.is_not(None),
        )
        .order_by(Thumbnail.id)
        .limit(1)
    )


def _best_pick(session: Session, asset: Asset) -> Thumbnail | None:
    return session.scalar(
        select(Thumbnail).where(*is_newest_pick(asset)).order_by(Thumbnail.rank, Thumbnail.id).limit(1)
    )


def is_newest_pick(asset: Asset) -> tuple[ColumnElement[bool], ...]:
    """Which thumbnails the newest run picked."""
    is_pick = (Thumbnail.asset_id == asset.id, Thumbnail.rank > CHOSEN_RANK)
    newest = select(func.max(Thumbnail.generation)).where(*is_pick).scalar_subquery()
    return (*is_pick, Thumbnail.generation == newest)
