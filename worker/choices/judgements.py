"""What a person's choice tells about taste: which frame was preferred to which, and how both were measured.

Vectors of two models cannot be compared, so a judgement has one model. Pictures of one's own teach nothing
about frames, and make none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import aliased

from worker.choices.stills import CHOSEN_RANK
from worker.database.choices import Choice, Judgement
from worker.database.models import Publication, Thumbnail
from worker.database.states import PublicationState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

# After one of these the platform shows what we wrote, or what somebody else set.
_SETTLED = (PublicationState.CONFIRMED, PublicationState.YIELDED)


def take_down(session: Session, choice: Choice) -> None:
    """Store a judgement for each pick that the person saw and did not take; none where nothing was measured.

    To be called once for a choice, as soon as it is measured: that may be after a later run.

    Args:
        session: with the asset's row locked, the choice flushed.
        choice: of a moment of the content in which the picks were made.
    """
    if choice.embedding is None or choice.model is None or choice.time_s is None:
        return
    shown_id = _shown_id(session, choice)
    session.add_all(
        Judgement(
            asset_id=choice.asset_id,
            choice_id=choice.id,
            who=choice.who,
            kind=choice.kind,
            model=choice.model,
            head_id=pick.head_id,
            chosen_time_s=choice.time_s,
            chosen_embedding=choice.embedding,
            chosen_cues=choice.cues,
            chosen_score=choice.hand_score,
            other_time_s=pick.time_s,
            other_embedding=pick.embedding,
            other_cues=pick.cues,
            other_score=pick.hand_score,
            other_rank=pick.rank,
            was_shown=pick.id == shown_id,
        )
        for pick in _seen_picks(session, choice)
        # That of the same frame is the pick that was taken.
        if pick.embedding != choice.embedding
    )


def take_back(session: Session, asset_id: int) -> None:
    """Remove what the asset's newest choice told: the person undid it at once, so they did not mean it."""
    newest = select(func.max(Choice.id)).where(Choice.asset_id == asset_id).scalar_subquery()
    session.execute(delete(Judgement).where(Judgement.choice_id == newest))


def remove_repeated(session: Session, choice: Choice) -> None:
    """Remove what a choice told that an undo brought back, where it told the same when it was first made."""
    earlier = aliased(Judgement)
    is_known = exists().where(
        earlier.asset_id == Judgement.asset_id,
        earlier.choice_id != Judgement.choice_id,
        earlier.chosen_embedding == Judgement.chosen_embedding,
        earlier.other_embedding == Judgement.other_embedding,
    )
    session.execute(delete(Judgement).where(Judgement.choice_id == choice.id, is_known))


def _seen_picks(session: Session, choice: Choice) -> Iterable[Row[Any]]:
    """Read the picks that were the newest when the choice was made, best first, where its model saw them."""
    there = (
        Thumbnail.asset_id == choice.asset_id,
        Thumbnail.rank > CHOSEN_RANK,
        Thumbnail.created_at <= choice.made_at,
    )
    newest = select(func.max(Thumbnail.generation)).where(*there).scalar_subquery()
    is_comparable = Thumbnail.embedding.is_not(None) & (Thumbnail.model == choice.model)
    rows = session.execute(
        select(
            Thumbnail.id,
            Thumbnail.rank,
            Thumbnail.time_s,
            Thumbnail.embedding,
            Thumbnail.cues,
            Thumbnail.hand_score,
            Thumbnail.head_id,
        )
        .where(*there, Thumbnail.generation == newest, is_comparable)
        .order_by(Thumbnail.rank, Thumbnail.id.desc())
    )
    # Of a pick in several ratios the first row is the one that is published.
    return {row.rank: row for row in rows}.values()


def _shown_id(session: Session, choice: Choice) -> int | None:
    """Find the thumbnail that the platform showed when the choice was made; None for somebody else's."""
    row = session.execute(
        select(Publication.state, Publication.thumbnail_id)
        .where(
            Publication.asset_id == choice.asset_id,
            Publication.state.in_(_SETTLED),
            Publication.confirmed_at <= choice.made_at,
        )
        .order_by(Publication.id.desc())
        .limit(1)
    ).first()
    state, thumbnail_id = row or (None, None)
    return thumbnail_id if state == PublicationState.CONFIRMED else None
