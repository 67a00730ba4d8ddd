"""What somebody has before them, so that what changed meanwhile is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker.choices import newest_generation, open_choice
from worker.database.choices import Choice
from worker.database.models import Asset, Thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


class Seen(NamedTuple):
    """What a page shows of an asset, and each of its forms carries."""

    generation: int  #: of the newest pictures
    choice_id: int | None  #: of the open choice


def read_seen_of(session: Session, ids: Sequence[int]) -> dict[int, Seen]:
    """Read what a list of these assets would show now, by their ids."""
    newest = select(func.max(Thumbnail.generation)).where(Thumbnail.asset_id == Asset.id).scalar_subquery()
    open_id = select(Choice.id).where(Choice.asset_id == Asset.id, Choice.released_at.is_(None))
    rows = session.execute(
        select(Asset.id, func.coalesce(newest, Asset.generation), open_id.scalar_subquery()).where(
            Asset.id.in_(ids)
        )
    )
    return {asset_id: Seen(generation, choice_id) for asset_id, generation, choice_id in rows}


def read_seen(session: Session, asset: Asset) -> Seen:
    """Read what a page would show now."""
    choice = open_choice(session, asset)
    return Seen(newest_generation(session, asset), None if choice is None else choice.id)
