"""What somebody has before them, so that what changed meanwhile is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from worker.choices import open_choice
from worker.database.models import Thumbnail

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset


class Seen(NamedTuple):
    """What a page shows of an asset, and each of its forms carries."""

    generation: int  #: of the newest pictures
    choice_id: int | None  #: of the open choice


def read_seen(session: Session, asset: Asset) -> Seen:
    """Read what a page would show now."""
    newest = select(func.max(Thumbnail.generation)).where(Thumbnail.asset_id == asset.id)
    choice = open_choice(session, asset)
    return Seen(session.scalar(newest) or asset.generation, None if choice is None else choice.id)
