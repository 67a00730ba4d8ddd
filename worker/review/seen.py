"""What somebody has before them, so that what changed meanwhile is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker.choices import newest_generation, open_choice

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset


class Seen(NamedTuple):
    """What a page shows of an asset, and each of its forms carries."""

    generation: int  #: of the newest pictures
    choice_id: int | None  #: of the open choice


def read_seen(session: Session, asset: Asset) -> Seen:
    """Read what a page would show now."""
    choice = open_choice(session, asset)
    return Seen(newest_generation(session, asset), None if choice is None else choice.id)
