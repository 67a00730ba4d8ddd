"""Pictures that are stored already, chosen by their moment, or as they are where they have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from worker.choices import stills
from worker.choices.own_picture import OwnPicture
from worker.choices.requests import ChoiceRefused, ChoiceRequest, newest_generation
from worker.database import NOW
from worker.database.base import MAX_ROW_ID
from worker.database.choices import Choice
from worker.database.models import Thumbnail
from worker.database.states import ChoiceKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset

OFFERED = "offered"  #: the only reason of a person's picture that is stored, and not chosen yet


def request_of_thumbnail(session: Session, asset: Asset, thumbnail_id: int) -> ChoiceRequest:
    """Ask for what a thumbnail of this asset shows.

    Raises:
        ChoiceRefused: it is not stored, belongs to another asset, or is a moment of pictures that a newer run
            replaced: what the video has there now may be something else.
    """
    thumbnail = session.get(Thumbnail, thumbnail_id) if 0 < thumbnail_id <= MAX_ROW_ID else None
    if thumbnail is None or thumbnail.asset_id != asset.id:
        raise ChoiceRefused("that picture is no longer stored; open the page again, and choose another one")
    if _is_own_picture(session, thumbnail):
        size_px = (thumbnail.width_px, thumbnail.height_px)
        return ChoiceRequest(picture=OwnPicture(thumbnail.jpeg, thumbnail.sha256, *size_px))
    if thumbnail.generation != newest_generation(session, asset):
        raise ChoiceRefused(
            "that picture is of an earlier run; open the page again, and choose one of the newest"
        )
    return ChoiceRequest(time_s=thumbnail.time_s)


def earlier_moment_s(session: Session, asset: Asset, thumbnail_id: int) -> float | None:
    """Find the moment of a picture of an earlier run; None where it is no moment, or is not stored."""
    thumbnail = session.get(Thumbnail, thumbnail_id) if 0 < thumbnail_id <= MAX_ROW_ID else None
    if thumbnail is None or thumbnail.asset_id != asset.id or _is_own_picture(session, thumbnail):
        return None
    return None if thumbnail.generation == newest_generation(session, asset) else thumbnail.time_s


def offer(session: Session, asset: Asset, picture: OwnPicture) -> Thumbnail:
    """Store a person's own picture before it is decided whether it is to be shown.

    It counts as outdated at once, so that retention removes it; where it is chosen, the choice has a copy.
    """
    generation = newest_generation(session, asset)
    thumbnail = stills.thumbnail_of(asset.id, generation, picture, "source", 0.0)
    thumbnail.reasons, thumbnail.outdated_at = [OFFERED], session.scalar(select(NOW))
    session.add(thumbnail)
    session.flush()
    return thumbnail


def _is_own_picture(session: Session, thumbnail: Thumbnail) -> bool:
    if thumbnail.rank != stills.CHOSEN_RANK:
        return False
    of_image = (Choice.thumbnail_id == thumbnail.id, Choice.kind == ChoiceKind.IMAGE)
    return thumbnail.reasons == [OFFERED] or bool(session.scalar(select(exists().where(*of_image))))
