"""A choice is carried through edits: to its moment in the new content, or it is lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from worker.choices import judgements, stills
from worker.choices.requests import open_choice
from worker.database import NOW
from worker.database.choices import Choice
from worker.database.models import Thumbnail
from worker.text import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.timeline import Timeline


def carry_through_run(
    session: Session,
    asset: Asset,
    generation: int,
    timeline: Timeline | None,
    *,
    is_changed: bool,
) -> tuple[Thumbnail, Choice] | None:
    """Bring the open choice to the content that a run has just stored; None where the best pick is to show.

    Args:
        session: the new thumbnails and candidates are flushed, the asset's row is locked.
        asset: with its new duration.
        generation: of the run.
        timeline: what the edit did to the content that the choice refers to, if that is known.
        is_changed: whether the platform has other content now.
    """
    if timeline is None and not is_changed:
        _carry_ended(session, asset, generation)
    choice = open_choice(session, asset)
    if choice is None or choice.lost_at:
        return None
    was_measured = choice.embedding is not None
    is_other_content = choice.time_s is not None and (timeline is not None or is_changed)
    if is_other_content:
        _move(session, asset, choice, timeline)
        if choice.lost_at:
            return None
    choice.generation = generation
    thumbnail = stills.find_cut(session, choice)
    if thumbnail is not None:
        stills.measure(choice, thumbnail)
    elif choice.thumbnail_id is not None and not is_other_content:
        thumbnail = session.get(Thumbnail, choice.thumbnail_id)
    if thumbnail is None:
        thumbnail, _ = stills.store_nearest(session, asset, choice)
    if thumbnail is None:
        return None
    choice.thumbnail_id, thumbnail.generation = thumbnail.id, generation
    # Where it is not known what an edit did, the moment may show something else than what was preferred.
    if not was_measured and (timeline is not None or not is_changed):
        judgements.take_down(session, choice)
    return thumbnail, choice


def carry_over(session: Session, asset: Asset, generation: int) -> None:
    """Let choices refer to this generation too, as the content is what it was; before its pictures do."""
    _carry_ended(session, asset, generation)
    if (choice := open_choice(session, asset)) is not None:
        choice.generation = generation


def chosen_moment_s(session: Session, asset_id: int, timeline: Timeline | None) -> float | None:
    """Find the chosen moment in the video as it is now; None where none is chosen, or it was cut away.

    Args:
        session: any.
        asset_id: whose choice.
        timeline: what was done to the video since the choice; None where that is not known, and the moment
            is taken to be where it was.
    """
    time_s = session.scalar(
        select(Choice.time_s).where(
            Choice.asset_id == asset_id, Choice.released_at.is_(None), Choice.lost_at.is_(None)
        )
    )
    if time_s is None or timeline is None:
        return time_s
    return next(timeline.places_of(time_s), None)


def _carry_ended(session: Session, asset: Asset, generation: int) -> None:
    """Let what was chosen in the same content refer to the new generation: it can still be chosen again."""
    earlier = (Thumbnail.asset_id == asset.id, Thumbnail.generation < generation)
    before = select(func.max(Thumbnail.generation)).where(*earlier).scalar_subquery()
    ended = (Choice.asset_id == asset.id, Choice.released_at.is_not(None), Choice.generation == before)
    session.execute(update(Choice).where(*ended).values(generation=generation))


def _move(session: Session, asset: Asset, choice: Choice, timeline: Timeline | None) -> None:
    """Find the chosen moment in the new content, or note that it is lost."""
    was_s = choice.time_s or 0.0
    if timeline is None:
        now_s = was_s if was_s < (asset.duration_s or math.inf) else None
        place = "beyond the end of" if now_s is None else "still within"
        fate = f"is {place} the video; what an edit did is not known"
    else:
        now_s = next(timeline.places_of(was_s), None)
        fate = "was cut away by an edit" if now_s is None else f"is at {clock(now_s)} since an edit"
    if now_s is None:
        choice.lost_at = session.scalar(select(NOW))
        asset.has_lost_choice = True
    else:
        choice.time_s = now_s
    # Before the first run no edit has happened: that run only found the moment, which needs no note.
    is_first_look = choice.thumbnail_id is None
    if not is_first_look or choice.lost_at:
        choice.note = f"{clock(was_s)} {fate}"
