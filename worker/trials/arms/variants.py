"""Chooses what a test compares. A stand-in of branch `pages`: the whole comes with branch `trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import defer

from worker import choices
from worker.database.models import Thumbnail
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset


class Shelf(NamedTuple):
    """The pictures that a test of an asset may compare, without their bytes."""

    shown: Thumbnail
    picks: list[Thumbnail]

    def unlike(self, count: int) -> list[Thumbnail]:
        """Take what is shown, and then the best picks."""
        return self.picks[:count]


def read_shelf(session: Session, asset: Asset) -> Shelf:
    """Find the pictures that a test may compare; raise TrialRefused where there are none."""
    newest = select(Thumbnail).where(*choices.is_newest_pick(asset)).options(defer(Thumbnail.jpeg))
    rows = session.scalars(newest.order_by(Thumbnail.rank, Thumbnail.id)).all()
    picks = [row for row in rows if row.aspect == rows[0].aspect]
    if not picks:
        raise TrialRefused("there is no picture of it yet; wait until it was looked at, then start the test")
    return Shelf(picks[0], picks)


def default_variants(shelf: Shelf, count: int) -> list[Thumbnail]:
    """Take what a test compares where nobody says otherwise; raise TrialRefused where too few are unlike."""
    taken = shelf.unlike(count)
    if len(taken) < count:
        raise TrialRefused("there are too few pictures that differ; have the video looked at again")
    return taken
