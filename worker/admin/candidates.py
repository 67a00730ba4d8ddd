"""Number the frames of an asset's newest run, as people are shown them and choose one."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from worker import choices
from worker.choices import ChoiceRefused, ChoiceRequest
from worker.database.models import StoredCandidate, Thumbnail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset

# A pick's still may have been taken beside its frame, where eyes are open; another frame is further away.
_SAME_FRAME_S = 1.0
_LAST = (1, 0.0)
# Of hundreds of rows these would be megabytes.
_HEAVY = (
    StoredCandidate.jpeg,
    StoredCandidate.embedding,
    StoredCandidate.cues,
    StoredCandidate.parts,
    StoredCandidate.active,
    StoredCandidate.faces,
)


class Numbered(NamedTuple):
    """A candidate and the number that people call it by."""

    number: int  #: from 1; those that were picked have the rank of their pick
    candidate: StoredCandidate  #: without its bytes


def numbered_candidates(session: Session, asset: Asset) -> list[Numbered]:
    """Give each candidate of the newest run a number: the picks their ranks, then the others by score.

    The numbers stay the same until another run looks at the video.
    """
    return _number(_candidates(session, asset), _picks(session, asset))


def request_for(session: Session, asset: Asset, number: int, name: str) -> ChoiceRequest:
    """Ask for a candidate by its number; a pick at the very moment of its still.

    Args:
        session: any.
        asset: whose candidate.
        number: as `numbered_candidates` gives it.
        name: of the asset, for the message.

    Raises:
        ChoiceRefused: there is none of this number.
    """
    frames, picks = _candidates(session, asset), _picks(session, asset)
    numbered = {one.number: one.candidate for one in _number(frames, picks)}
    frame, picked_s = numbered.get(number), picks.get(number)
    if picked_s is not None and (frame is None or abs(frame.time_s - picked_s) > choices.SAME_MOMENT_S):
        return ChoiceRequest(time_s=picked_s)
    if frame is not None:
        return ChoiceRequest(candidate_id=frame.id)
    last = max({*numbered, *picks}, default=0)
    there = f"there are 1 to {last}" if last > 1 else "there is only 1" if last else "it has none yet"
    if picks and not frames:
        there += ", as the other frames are no longer kept; choose a moment with --time"
    raise ChoiceRefused(f"{name} has no candidate {number}: {there}; `thumbs show {name}` lists them")


def _number(frames: Sequence[StoredCandidate], picks: Mapping[int, float]) -> list[Numbered]:
    ranks = _ranks(frames, picks)
    picked = sorted((Numbered(ranks[frame.id], frame) for frame in frames if frame.id in ranks), key=_first)
    others = [frame for frame in frames if frame.id not in ranks]
    others.sort(key=lambda frame: (*_by_score(frame), frame.time_s, frame.id))
    return [*picked, *starmap(Numbered, enumerate(others, start=max(picks, default=0) + 1))]


def _first(one: Numbered) -> int:
    return one.number


def _ranks(frames: Sequence[StoredCandidate], picks: Mapping[int, float]) -> dict[int, int]:
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


def _picks(session: Session, asset: Asset) -> dict[int, float]:
    """Read the moments of the newest picks, by rank."""
    newest = select(Thumbnail.rank, Thumbnail.time_s).where(*choices.is_newest_pick(asset))
    # A pick's first row has the ratio to publish; the others show the same moment.
    rows = session.execute(newest.order_by(Thumbnail.rank, Thumbnail.id.desc()))
    return {rank: time_s for rank, time_s in rows}  # noqa: C416 - rows are no pairs to mypy


def _by_score(frame: StoredCandidate) -> tuple[int, float]:
    """Order by score, the highest first; what was left out before scoring comes last."""
    return _LAST if frame.score is None else (0, -frame.score)


def _candidates(session: Session, asset: Asset) -> list[StoredCandidate]:
    newest = select(func.max(StoredCandidate.generation)).where(StoredCandidate.asset_id == asset.id)
    rows = select(StoredCandidate).where(
        StoredCandidate.asset_id == asset.id, StoredCandidate.generation == newest.scalar_subquery()
    )
    light = rows.options(*map(defer, _HEAVY)).order_by(StoredCandidate.time_s, StoredCandidate.id)
    return list(session.scalars(light))
