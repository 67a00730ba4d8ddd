"""What takes back the last decision about an asset, so that a mistake costs one click."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from worker.choices import newest_generation
from worker.database.choices import Choice
from worker.database.models import Publication
from worker.database.states import PublicationState
from worker.review.progress import platform_label
from worker.text import clock

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.database.models import Asset

UNDONE = "undone"  #: the reason that its form gives
OFFERED_S = 600.0  #: for so long after a decision; later, one decides anew
# A choice that replaces another one is made in the same transaction.
_SAME_ACT = timedelta(seconds=1)
_SETTLED = (PublicationState.CONFIRMED, PublicationState.YIELDED)


class Undo(NamedTuple):
    """A form that brings back what was shown before."""

    says: str  #: what was done, and what an undo cannot bring back
    act: str  #: "choose" or "release": where the form goes
    fields: dict[str, str]  #: of the form, beside those that every form has


def offer_undo(session: Session, asset: Asset, who: str, now: datetime) -> Undo | None:
    """Find what takes back this person's last decision; None where it was not theirs, or is long ago.

    Args:
        session: any.
        asset: which they look at.
        who: as the choice notes it.
        now: by the database's clock.
    """
    of_asset = select(Choice).where(Choice.asset_id == asset.id).order_by(Choice.id.desc()).limit(2)
    rows = session.scalars(of_asset.options(defer(Choice.embedding), defer(Choice.cues))).all()
    if asset.deleted_at or not rows:
        return None
    newest, before = rows[0], rows[1] if len(rows) > 1 else None
    is_open = newest.released_at is None
    decided_at = newest.released_at or newest.made_at
    decided_by = newest.who if is_open else newest.released_by
    if decided_by != who or (now - decided_at).total_seconds() > OFFERED_S:
        return None
    if not is_open:
        return _choose_again(session, asset, "You released the choice.", newest)
    label = platform_label(asset) if _has_overwritten(session, asset, newest) else ""
    if before is None or before.released_at is None or newest.made_at - before.released_at > _SAME_ACT:
        beyond = f" An undo shows the best pick: what was set at {label} before cannot be brought back."
        return Undo("You chose this thumbnail." + (beyond if label else ""), "release", {})
    beyond = f" An undo shows that choice: what was set at {label} before cannot be brought back."
    return _choose_again(session, asset, "You replaced another choice." + (beyond if label else ""), before)


def _has_overwritten(session: Session, asset: Asset, choice: Choice) -> bool:
    """Tell whether the choice was written over a thumbnail that somebody else had set at the platform.

    As long as that is known of the asset, it is still there, and an undo leaves it there.
    """
    if asset.foreign_thumbnail is not None:
        return False
    of_choice = select(func.min(Publication.id)).where(Publication.choice_id == choice.id).scalar_subquery()
    earlier = select(Publication.state).where(
        Publication.asset_id == asset.id, Publication.id < of_choice, Publication.state.in_(_SETTLED)
    )
    newest = earlier.order_by(Publication.id.desc()).limit(1)
    return session.scalar(newest) == PublicationState.YIELDED


def _choose_again(session: Session, asset: Asset, says: str, choice: Choice) -> Undo | None:
    if choice.lost_at:
        return None
    # In other content the moment shows something else.
    if choice.time_s is not None and choice.generation != newest_generation(session, asset):
        return None
    if choice.time_s is not None:
        return Undo(says, "choose", {"time": clock(choice.time_s)})
    if choice.thumbnail_id is not None:
        return Undo(says, "choose", {"thumbnail": str(choice.thumbnail_id)})
    return None
