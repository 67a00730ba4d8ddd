"""Number the frames of an asset's newest run, as people are shown them and choose one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from worker import choices
from worker.database.models import StoredCandidate, Thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset

# A pick's still may have been taken beside its frame, where eyes are open; another frame is further away.
_SAME_FRAME_S = 1.0
_LAST = (1, 0.0)


class Numbered(NamedTuple):
    """A candidate and the number that people call it by."""

    number: int  #: from 1; the picks have their ranks
    candidate: StoredCandidate  #: without its bytes


def numbered_candidates(session: Session, asset: Asset) -> list[Numbered]:
    """Number the candidates of the newest run: the picks by rank, then the others by score, best first.

    The numbers stay the same until another run looks at the video.
    """
    frames = _candidates(session, asset)
    newest = select(Thumbnail.rank, Thumbnail.time_s).where(*choices.is_newest_pick(asset))
    picks = dict(session.execute(newest.order_by(Thumbnail.rank, Thumbnail.id)).tuples().all())
    ranks = _ranks(frames, picks)
    others = [frame for frame in frames if frame.id not in ranks]
    ordered = sorted((frame for frame in frames if frame.id in ranks), key=lambda frame: ranks[frame.id])
    ordered += sorted(others, key=lambda frame: (*_by_score(frame), frame.time_s, frame.id))
    return [Numbered(number, frame) for number, frame in enumerate(ordered, start=1)]


def candidate_id(session: Session, asset: Asset, number: int, name: str) -> int:
    """Find the row of a numbered candidate.

    Args:
        session: any.
        asset: whose candidate.
        number: as `numbered_candidates` gives it.
        name: of the asset, for the message.

    Raises:
        ChoiceRefused: there is none of this number.
    """
    numbered = numbered_candidates(session, asset)
    if 1 <= number <= len(numbered):
        return numbered[number - 1].candidate.id
    there = f"there are 1 to {len(numbered)}" if numbered else "it has none yet"
    raise choices.ChoiceRefused(f"{name} has no candidate {number}: {there}; `thumbs show {name}` lists them")


def _ranks(frames: Sequence[StoredCandidate], picks: dict[int, float]) -> dict[int, int]:
    """Find the frame of each pick: the nearest that lost to no other, or else the nearest at all."""
    ranks: dict[int, int] = {}
    for rank, time_s in picks.items():
        near = [
            (frame.lost_because is not None, abs(frame.time_s - time_s), frame.id)
            for frame in frames
            if frame.id not in ranks and abs(frame.time_s - time_s) <= _SAME_FRAME_S
        ]
        if near:
            ranks[min(near)[-1]] = rank
    return ranks


def _by_score(frame: StoredCandidate) -> tuple[int, float]:
    """Order by score, the highest first; what was left out before scoring comes last."""
    return _LAST if frame.score is None else (0, -frame.score)


def _candidates(session: Session, asset: Asset) -> list[StoredCandidate]:
    newest = select(func.max(StoredCandidate.generation)).where(StoredCandidate.asset_id == asset.id)
    rows = select(StoredCandidate).where(
        StoredCandidate.asset_id == asset.id, StoredCandidate.generation == newest.scalar_subquery()
    )
    # Hundreds of rows: with their pictures and embeddings they would be megabytes.
    light = rows.options(defer(StoredCandidate.jpeg), defer(StoredCandidate.embedding)).order_by(
        StoredCandidate.time_s
    )
    return list(session.scalars(light))
