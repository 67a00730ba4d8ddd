"""A person asks for a thumbnail, or gives the choice of it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker import publications
from worker.choices import judgements, stills
from worker.database import NOW
from worker.database.base import MAX_ROW_ID
from worker.database.choices import Choice
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.database.states import ChoiceKind
from worker.errors import PermanentError
from worker.storage.pictures import IN_ROWS
from worker.timeline import MAX_TIME_S

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.choices.own_picture import OwnPicture
    from worker.storage.pictures import Pictures


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


def open_choice(session: Session, asset: Asset) -> Choice | None:
    """Find the asset's choice that was not released, lost or not."""
    return session.scalar(select(Choice).where(Choice.asset_id == asset.id, Choice.released_at.is_(None)))


def newest_generation(session: Session, asset: Asset) -> int:
    """Find the generation of the newest pictures, which may be older than the asset's by now."""
    newest = select(func.max(Thumbnail.generation)).where(Thumbnail.asset_id == asset.id)
    return session.scalar(newest) or asset.generation


def choose(
    session: Session,
    asset: Asset,
    request: ChoiceRequest,
    who: str,
    why: str,
    pictures: Pictures = IN_ROWS,
) -> ChoiceMade:
    """Take down a choice, in place of an earlier one, and ask for its publication.

    Args:
        session: with the asset's row locked.
        asset: whose thumbnail is chosen.
        request: what to show.
        who: the person.
        why: in the person's words; may be empty.
        pictures: where those of frames are read, in this transaction; one that is away is not waited for.

    Raises:
        ChoiceRefused: the video ends before that moment, or has no such candidate.
    """
    kind, time_s = _kind_and_moment_s(session, asset, request)
    release(session, asset, who, "replaced by another choice", is_replaced=True)
    # The person saw the newest pictures.
    generation = newest_generation(session, asset)
    choice = Choice(asset_id=asset.id, kind=kind, time_s=time_s, generation=generation, who=who, why=why)
    session.add(choice)
    session.flush()
    if request.picture is not None:
        own = stills.MeasuredStill(0.0, "source", request.picture)
        made = ChoiceMade(choice, stills.store(session, choice, own), is_exact=True)
    else:
        made = ChoiceMade(choice, *stills.store_nearest(session, asset, choice, pictures))
        judgements.take_down(session, choice)
    if made.thumbnail is not None:
        # A choice made now may replace what was known by now, not what is set at the platform afterwards.
        publications.request(session, asset, made.thumbnail, choice, replaces=asset.foreign_thumbnail)
    else:
        publications.supersede(session, asset)
    return made


def release(
    session: Session,
    asset: Asset,
    who: str,
    why: str,
    *,
    is_replaced: bool = False,
    kept: Thumbnail | None = None,
) -> Choice | None:
    """End the open choice, and publish the best pick again unless another choice follows.

    Args:
        session: with the asset's row locked.
        asset: whose choice.
        who: the person.
        why: in the person's words; may be empty.
        is_replaced: whether something else is to be shown, which is not decided here.
        kept: what is published instead of the best pick, as a test found it.

    Returns:
        The choice that ended; None where none was open.
    """
    choice = open_choice(session, asset)
    if choice is None:
        return None
    choice.released_at = session.scalar(select(NOW))
    choice.released_by, choice.released_because = who, why
    asset.has_lost_choice = False
    session.flush()
    # Of a lost choice nothing is shown: the best pick has taken its place already.
    has_effect = not (asset.deleted_at or choice.lost_at or is_replaced)
    shown = (kept or stills.find_best_pick(session, asset)) if has_effect else None
    if shown is not None:
        # What is kept may be of an earlier run of the same content.
        generation = newest_generation(session, asset) if kept else None
        publications.request(session, asset, shown, generation=generation)
    return choice


def _kind_and_moment_s(
    session: Session, asset: Asset, request: ChoiceRequest
) -> tuple[ChoiceKind, float | None]:
    """Check a request; return the kind of choice that it makes, and its moment, None for an image."""
    if request.picture is not None:
        return ChoiceKind.IMAGE, None
    if request.candidate_id is not None:
        is_id = 0 < request.candidate_id <= MAX_ROW_ID
        candidate = session.get(StoredCandidate, request.candidate_id) if is_id else None
        if candidate is None or candidate.asset_id != asset.id:
            raise ChoiceRefused(
                f"candidate {request.candidate_id} is not of the newest run; choose one that is"
            )
        return ChoiceKind.CANDIDATE, candidate.time_s
    time_s = request.time_s
    if time_s is None or not 0 <= time_s < (asset.duration_s or MAX_TIME_S):
        end = "" if asset.duration_s is None else f"; the video ends at {asset.duration_s:.3f} s"
        raise ChoiceRefused(f"a time must be 0 or more seconds, and within the video{end}")
    return ChoiceKind.TIME, time_s
