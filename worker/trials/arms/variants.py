"""Chooses the pictures that a test compares: what is shown now, and the best picks that look unlike it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import defer

from worker import choices
from worker.aspects import parse_aspect
from worker.database.models import Publication, Thumbnail
from worker.trials.arms.alike import Likeness
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.choices import Choice
    from worker.database.models import Asset

MIN_VARIANTS, MAX_VARIANTS = 2, 4
# By how much a picture of somebody's own may differ from the ratio that is published, as a share.
RATIO_TOLERANCE = 0.02


class CandidatePictures(NamedTuple):
    """The pictures that a test of an asset may compare, without their bytes."""

    shown: Thumbnail  #: what is shown without the test
    picks: list[Thumbnail]  #: the newest run's in the published ratio, best first
    likeness: Likeness

    def unlike(self, count: int) -> list[Thumbnail]:
        """Take what is shown, and then the best picks that look like nothing taken; there may be fewer."""
        taken = [self.shown]
        for pick in self.picks:
            if len(taken) < count and not any(self.likeness.are_alike(pick, one) for one in taken):
                taken.append(pick)
        return taken


def read_shelf(session: Session, asset: Asset, choice: Choice | None = None) -> CandidatePictures:
    """Find the pictures that a test may compare.

    Args:
        session: any.
        asset: whose pictures.
        choice: what is shown, where a person chose it.

    Raises:
        TrialRefused: there are none, or what was chosen has not the ratio of the picks.
    """
    newest = select(Thumbnail).where(*choices.is_newest_pick(asset)).options(defer(Thumbnail.jpeg))
    rows = session.scalars(newest.order_by(Thumbnail.rank, Thumbnail.id)).all()
    # A pick's first row has the ratio that is published.
    picks = [row for row in rows if row.aspect == rows[0].aspect]
    if not picks:
        raise TrialRefused("there is no picture of it yet; wait until it was looked at, then start the test")
    shown = _shown(session, asset, picks) if choice is None else _chosen(session, choice, picks[0].aspect)
    return CandidatePictures(shown, picks, Likeness.of(session, asset.id, picks[0].model))


def default_variants(shelf: CandidatePictures, count: int) -> list[Thumbnail]:
    """Take what a test compares where nobody says otherwise; raise TrialRefused where too few are unlike."""
    taken = shelf.unlike(count)
    if len(taken) < count:
        more = max(len(shelf.picks), count) + 2
        raise TrialRefused(
            f"{count} pictures that differ are needed, and the video has only {len(taken)}: it may look alike"
            f" throughout; else an operator has more picked, by COUNT={more} for the workers and then"
            " `thumbs requeue`"
        )
    return taken


def named_variants(
    session: Session, asset: Asset, shelf: CandidatePictures, ids: Sequence[int]
) -> list[Thumbnail]:
    """Take the pictures that a person names, what is shown first.

    Raises:
        TrialRefused: too few or too many, not of the newest run, two that look alike, or what is shown now
            is not among them.
    """
    wanted = list(dict.fromkeys(ids))
    if not MIN_VARIANTS <= len(wanted) <= MAX_VARIANTS:
        raise TrialRefused(f"a test compares {MIN_VARIANTS} to {MAX_VARIANTS} pictures: choose so many")
    if shelf.shown.id not in wanted:
        raise TrialRefused("what is shown now has to be one of the pictures: add it to them")
    of_run = (Thumbnail.asset_id == asset.id, Thumbnail.generation == shelf.picks[0].generation)
    found = select(Thumbnail).where(Thumbnail.id.in_(wanted), *of_run, Thumbnail.aspect == shelf.shown.aspect)
    by_id = {row.id: row for row in session.scalars(found.options(defer(Thumbnail.jpeg)))}
    by_id[shelf.shown.id] = shelf.shown
    if len(by_id) < len(wanted):
        raise TrialRefused("one of the pictures is not of the newest run, or of another ratio: choose again")
    taken = sorted((by_id[one] for one in wanted), key=lambda row: row.id != shelf.shown.id)
    for (a, first), (b, second) in combinations(enumerate(taken, start=1), 2):
        if shelf.likeness.are_alike(first, second):
            raise TrialRefused(f"pictures {a} and {b} look alike, so no test can tell them apart: change one")
    return taken


def _shown(session: Session, asset: Asset, picks: Sequence[Thumbnail]) -> Thumbnail:
    """Find what the newest write shows: the best pick, or what an earlier test left in its place."""
    newest = select(Publication.thumbnail_id).where(Publication.asset_id == asset.id)
    written_id = session.scalar(newest.order_by(Publication.id.desc()).limit(1))
    written = (
        None if written_id is None else session.get(Thumbnail, written_id, options=[defer(Thumbnail.jpeg)])
    )
    return written if written is not None and _has_ratio(written, picks[0].aspect) else picks[0]


def _chosen(session: Session, choice: Choice, aspect: str) -> Thumbnail:
    chosen = (
        None
        if choice.thumbnail_id is None
        else session.get(Thumbnail, choice.thumbnail_id, options=[defer(Thumbnail.jpeg)])
    )
    if chosen is None:
        raise TrialRefused("there is no picture of the choice yet; wait for the run that takes it")
    if not _has_ratio(chosen, aspect):
        raise TrialRefused(
            f"the chosen picture is {chosen.width_px}x{chosen.height_px}, and {aspect} is what is published:"
            " wait for the run that cuts it, or choose one of that ratio"
        )
    return chosen


def _has_ratio(picture: Thumbnail, aspect: str) -> bool:
    ratio = None if picture.aspect == aspect else parse_aspect(aspect)
    if ratio is None:
        return True
    return abs(picture.width_px / picture.height_px / float(ratio) - 1.0) <= RATIO_TOLERANCE
