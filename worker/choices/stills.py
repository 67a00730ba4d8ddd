"""The still that is shown of a choice: found among the pictures that there are, or stored.

A choice is to be seen at once, before any run has cut it from the video: until then the nearest picture of
the newest run stands in for it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import false, func, select

from worker.choices.own_picture import OwnPicture
from worker.database.models import StoredCandidate, Thumbnail
from worker.errors import BucketUnavailable, PictureLost
from worker.http.deadline import Deadline
from worker.storage.pictures import IN_ROWS, FramePlace
from worker.text import UNSAFE

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.database.choices import Choice
    from worker.database.models import Asset
    from worker.storage.pictures import Pictures

log = logging.getLogger(__name__)

# A frame is waited for while its asset's row is locked, for which the receiver waits for a second.
HELD_S = 0.5

CHOSEN_RANK = 0  #: of a thumbnail that a person chose
# A still lies this close to the frame that was picked for it, so it shows the same.
SAME_MOMENT_S = 0.2


class MeasuredStill(NamedTuple):
    """A picture of some moment, and what it was measured to be, as `JudgedRow` has it."""

    time_s: float  #: media time
    aspect: str  #: "16:9", or "source" for one that was not cropped
    picture: OwnPicture
    embedding: bytes | None = None
    cues: dict[str, Any] | None = None
    hand_score: float | None = None
    head_id: int | None = None
    model: str | None = None
    is_unsafe: bool = False  #: whether it is flagged as that


def store_nearest(
    session: Session, asset: Asset, choice: Choice, pictures: Pictures = IN_ROWS
) -> tuple[Thumbnail | None, bool]:
    """Store the picture nearest to the chosen moment as the choice's thumbnail.

    Where the frame of that moment cannot be read now, the nearest pick stands in for it.

    Args:
        session: with the asset's row locked.
        asset: whose choice.
        choice: of a moment.
        pictures: where those of frames are read.

    Returns:
        The thumbnail, None where there is no picture at all; and whether it shows the moment itself, in full
        size.
    """
    time_s = choice.time_s or 0.0
    pick = _nearest_pick(session, asset, time_s)
    is_pick = pick is not None and abs(pick.time_s - time_s) <= SAME_MOMENT_S
    still = pick if is_pick else _nearest_candidate(session, asset, time_s, pictures, pick)
    if still is None:
        return None, False
    # Where every pick is flagged, so is all that could have been one.
    flagged = still._replace(is_unsafe=still.is_unsafe or asset.is_flagged)
    return store(session, choice, flagged), is_pick


def store(session: Session, choice: Choice, still: MeasuredStill) -> Thumbnail:
    """Store a picture as the thumbnail that is shown of a choice; one of its moment measures the choice."""
    time_s = still.time_s if choice.time_s is None else choice.time_s
    thumbnail = thumbnail_of(choice.asset_id, choice.generation, still.picture, still.aspect, time_s)
    thumbnail.embedding, thumbnail.cues, thumbnail.hand_score = still.embedding, still.cues, still.hand_score
    thumbnail.head_id, thumbnail.model = still.head_id, still.model or ""
    if still.is_unsafe:
        thumbnail.reasons = [*thumbnail.reasons, UNSAFE]
    session.add(thumbnail)
    session.flush()
    choice.thumbnail_id = thumbnail.id
    if choice.time_s is not None and abs(still.time_s - choice.time_s) <= SAME_MOMENT_S:
        measure(choice, thumbnail)
    return thumbnail


def thumbnail_of(
    asset_id: int, generation: int, picture: OwnPicture, aspect: str, time_s: float
) -> Thumbnail:
    """Make the row of a picture that a person chose; it is not added to the session yet."""
    return Thumbnail(
        asset_id=asset_id,
        generation=generation,
        rank=CHOSEN_RANK,
        aspect=aspect,
        time_s=time_s,
        score=0.0,
        parts={},
        reasons=["chosen"],
        faces=[],
        box=[0, 0, picture.width_px, picture.height_px],
        width_px=picture.width_px,
        height_px=picture.height_px,
        jpeg=picture.jpeg,
        sha256=picture.sha256,
        model="",
    )


def measure(choice: Choice, thumbnail: Thumbnail) -> None:
    """Copy what a thumbnail of the chosen moment was measured to be, unless that was done before."""
    if choice.embedding is None and thumbnail.embedding is not None:
        choice.embedding, choice.model = thumbnail.embedding, thumbnail.model
        choice.cues, choice.hand_score = thumbnail.cues, thumbnail.hand_score
        choice.head_id = thumbnail.head_id


def find_cut(session: Session, choice: Choice) -> Thumbnail | None:
    """Find the still that a run has cut from the video at the chosen moment."""
    return session.scalar(
        select(Thumbnail)
        .where(
            Thumbnail.asset_id == choice.asset_id,
            Thumbnail.generation == choice.generation,
            Thumbnail.rank == CHOSEN_RANK,
            Thumbnail.time_s == choice.time_s,
            # What `store` made belongs to no job, and may show another moment.
            Thumbnail.job_id.is_not(None),
        )
        .order_by(Thumbnail.id)
        .limit(1)
    )


def find_best_pick(session: Session, asset: Asset) -> Thumbnail | None:
    """Find the first pick of the newest run."""
    return session.scalar(
        select(Thumbnail).where(*is_newest_pick(asset)).order_by(Thumbnail.rank, Thumbnail.id).limit(1)
    )


def is_newest_pick(asset: Asset) -> tuple[ColumnElement[bool], ...]:
    """Build the condition that a thumbnail is a pick of the asset's newest run."""
    is_pick = (Thumbnail.asset_id == asset.id, Thumbnail.rank > CHOSEN_RANK)
    newest = select(func.max(Thumbnail.generation)).where(*is_pick).scalar_subquery()
    return (*is_pick, Thumbnail.generation == newest)


def _nearest_pick(session: Session, asset: Asset, time_s: float) -> MeasuredStill | None:
    """Find the nearest picture among the newest picks, in the ratio that is published."""
    row = session.execute(
        select(
            Thumbnail.time_s,
            Thumbnail.aspect,
            Thumbnail.embedding,
            Thumbnail.cues,
            Thumbnail.hand_score,
            Thumbnail.head_id,
            Thumbnail.model,
            Thumbnail.jpeg,
            Thumbnail.sha256,
            Thumbnail.width_px,
            Thumbnail.height_px,
        )
        .where(*is_newest_pick(asset))
        # A pick's first row has the ratio to publish; the others show the same moment.
        .order_by(func.abs(Thumbnail.time_s - time_s), Thumbnail.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    # Its bytes stay where they are: the same picture has the same address.
    at_s, aspect, *measured, jpeg, sha256, width_px, height_px = row
    return MeasuredStill(at_s, aspect, OwnPicture(jpeg, sha256, width_px, height_px), *measured)


def _nearest_candidate(
    session: Session, asset: Asset, time_s: float, pictures: Pictures, stand_in: MeasuredStill | None
) -> MeasuredStill | None:
    """Find the nearest picture of the filmstrip, which is small, or what stands in for one that is away."""
    row = session.execute(
        select(
            StoredCandidate.time_s,
            StoredCandidate.embedding,
            StoredCandidate.cues,
            StoredCandidate.hand_score,
            StoredCandidate.head_id,
            StoredCandidate.model,
            # Whoever flagged it: the words of a judge's veto have this one, too.
            func.coalesce(StoredCandidate.lost_because.contains(UNSAFE), false()),
            StoredCandidate.jpeg,
            StoredCandidate.bundle,
            StoredCandidate.bundle_offset,
            StoredCandidate.bundle_length,
        )
        .where(StoredCandidate.asset_id == asset.id)
        .order_by(func.abs(StoredCandidate.time_s - time_s))
        .limit(1)
    ).first()
    if row is None:
        return None
    at_s, *measured, jpeg, bundle, offset, length = row
    try:
        with Deadline(HELD_S, late=_too_slow):
            picture = OwnPicture.of_jpeg(pictures.frame(FramePlace(jpeg, bundle, offset, length)))
    except (BucketUnavailable, PictureLost) as exc:
        log.warning("the chosen frame cannot be read; a pick stands in for it: %s", exc)
        return stand_in
    return MeasuredStill(at_s, "source", picture, *measured)


def _too_slow() -> BucketUnavailable:
    return BucketUnavailable(f"it was not read within {HELD_S:g} s")
