"""Tells whether what a platform shows is ours, as far as our rows tell.

Normally they tell all: what was written is noted, and so is what may have been. Only once an older backup was
restored they do not know what was written since; then what is shown is ours, too, where it is a pick or a
former write that is still stored. Otherwise it is not: somebody there may have gone back to one of them. A
candidate that was no pick never makes a moment ours: there are several in each second, also at the whole
seconds that people write, and one that a person chose with us is shown by its very moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy import exists, select

from worker.database import NOW
from worker.database.identity import restored_at
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import PublicationState
from worker.platforms.base import WriteBack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.publications.claims import PublicationClaim

# No request that was on its way for longer still arrives.
LATE_WRITE = timedelta(days=1)

# What was written comes back rounded, or brought within the video by up to two frames.
ROUNDING_S = 0.1

# The same moment as one of ours, and not only near it: platforms keep milliseconds, and a frame lasts longer.
SAME_MOMENT_S = 0.005


@dataclass(frozen=True, slots=True)
class Marks:
    """What may be shown of an asset because of us."""

    written: str | None  #: as the platform called it
    foreign: str | None  #: what was found to be somebody else's, and stays so until we pick the same
    planned_s: float | None  #: the moment that is to be written now; None for a picture of no moment
    uncertain_s: Sequence[float] = ()  #: of writes whose answers we never heard
    former_s: Sequence[float] = ()  #: of all stored picks, where rows know less than the platform
    former: frozenset[str] = frozenset()  #: what it called our former writes, there too

    @classmethod
    def read(cls, session: Session, claim: PublicationClaim) -> Self:
        """Read all that is known of a claimed publication's asset."""
        asset = session.get_one(Asset, claim.asset_id)
        may_be_newer = is_behind(session, asset, restored_at(session))
        return cls(
            written=asset.written,
            foreign=asset.foreign_thumbnail,
            planned_s=None if claim.is_image else claim.time_s,
            uncertain_s=_uncertain_s(session, asset),
            former_s=_former_s(session, asset) if may_be_newer else (),
            former=_former(session, asset) if may_be_newer else frozenset(),
        )

    def hold(self, shown: str, write_back: WriteBack, into_frame_s: float = 0.0) -> bool:
        """Tell whether what the platform shows, in its own words, is one of these.

        Where pictures are written, their names there are all that can be compared.

        Args:
            shown: as the platform calls it.
            write_back: what the platform takes.
            into_frame_s: how far behind a frame's beginning it is told moments.
        """
        shown_s = _seconds(shown) if write_back is WriteBack.TIME else None
        if is_same(shown, self.written) or _may_be_one_of(self.uncertain_s, shown_s):
            return True
        # Also where it was taken for somebody else's: it stays as it is, so nothing is lost by that.
        if self.planned_s is not None and _was_written([self.planned_s], shown_s, into_frame_s):
            return True
        if shown == self.foreign:
            return False
        return _was_written(self.former_s, shown_s, into_frame_s) or shown in self.former


def is_same(shown: str | None, written: str | None) -> bool:
    """Tell whether a platform shows what it said that it would, in its own words.

    Moments are compared as such: it may answer a write with the number that it was sent, and show the one
    that it stored, with fewer digits.
    """
    if shown is None or written is None or shown == written:
        return shown == written
    shown_s, written_s = _seconds(shown), _seconds(written)
    return written_s is not None and _is_one_of([written_s], shown_s)


def _is_one_of(times_s: Sequence[float], shown_s: float | None) -> bool:
    """Tell whether what is shown is one of these moments, and not only near it."""
    return shown_s is not None and any(abs(shown_s - time_s) <= SAME_MOMENT_S for time_s in times_s)


def _was_written(times_s: Sequence[float], shown_s: float | None, into_frame_s: float) -> bool:
    """Tell whether one of these moments is shown, as it is or as the platform was told it."""
    told_s = None if shown_s is None else shown_s - into_frame_s
    return _is_one_of(times_s, shown_s) or _is_one_of(times_s, told_s)


def _may_be_one_of(uncertain_s: Sequence[float], shown_s: float | None) -> bool:
    """Tell whether a write of one of these moments may have left what is shown, which may have no moment."""
    if shown_s is None:
        return bool(uncertain_s)
    return any(abs(shown_s - time_s) <= ROUNDING_S for time_s in uncertain_s)


def _seconds(shown: str) -> float | None:
    """Read a moment; None where the platform calls it by another name than its time."""
    try:
        return float(shown)
    except ValueError:
        return None


def _uncertain_s(session: Session, asset: Asset) -> list[float]:
    """List the moments that the platform may show because of us, though we never heard so, in seconds.

    Also those of earlier writes than the last that was confirmed: a worker that froze while it was sending
    may finish long after another has taken over.
    """
    is_late = (Publication.asset_id == asset.id, Publication.sent_at > NOW - LATE_WRITE)
    return list(session.scalars(select(Thumbnail.time_s).join(Publication.thumbnail).where(*is_late)))


def is_behind(session: Session, asset: Asset, restored: datetime | None) -> bool:
    """Tell whether the platform may show what was written after the backup that was restored."""
    if restored is None:
        return False
    since = (
        Publication.asset_id == asset.id,
        Publication.confirmed_at >= restored,
        Publication.shown == asset.written,
    )
    return session.scalar(select(~exists().where(*since))) or False


def _former_s(session: Session, asset: Asset) -> list[float]:
    """List the moments of every pick that is stored, of whatever run."""
    picks = select(Thumbnail.time_s).where(Thumbnail.asset_id == asset.id, Thumbnail.rank > 0)
    return list(session.scalars(picks.distinct()))


def _former(session: Session, asset: Asset) -> frozenset[str]:
    """List what the platform is known to have shown because of us."""
    ours = (
        Publication.asset_id == asset.id,
        Publication.state == PublicationState.CONFIRMED,
    )
    return frozenset(filter(None, session.scalars(select(Publication.shown).where(*ours))))
