"""Do what operators decide about an asset's thumbnail: `choose`, `release` and `options`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from worker import choices, jobs
from worker.admin.assets import Requeueing, operator_name
from worker.admin.candidates import request_for
from worker.admin.find import asset_name, find
from worker.choices import ChoiceRefused, ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset
from worker.platforms import platform_of
from worker.platforms.base import WriteBack
from worker.time_ranges import read_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.choices.own_picture import OwnPicture
    from worker.database.choices import Choice
    from worker.database.models import Thumbnail
    from worker.settings import Settings


class Decision(NamedTuple):
    """What an operator decided, and what happens now."""

    asset: Asset
    choice: Choice | None  #: None: there was none to release
    thumbnail: Thumbnail | None  #: shown because of it; None: none yet
    is_taking_still: bool = False  #: a job is to take the picture of exactly this moment


class Wish(NamedTuple):
    """What an operator wants to be shown: exactly one of these."""

    time_s: float | None = None  #: a moment of the video
    number: int | None = None  #: of a candidate, as `numbered_candidates` gives it
    picture: OwnPicture | None = None  #: a picture of their own


def choose_thumbnail(engine: Engine, word: str, wish: Wish, why: str, settings: Settings) -> Decision:
    """Show what the operator chooses, at once where there is a picture of it, and keep it through later runs.

    Raises:
        NotFound: the word means no asset.
        ChoiceRefused: the asset is deleted, the video has no such moment or candidate, or its platform takes
            no pictures.
        UnknownAccount: the asset's account is no longer configured.
    """
    with transaction(engine) as session:
        asset = _locked(session, word)
        if asset.deleted_at:
            raise ChoiceRefused("the asset is deleted at its platform; a choice needs it there")
        platform = platform_of(asset.platform, asset.account, settings, asset.media_url)
        if wish.picture is not None and platform.write_back is WriteBack.TIME:
            raise ChoiceRefused(
                f"{platform.name} shows a moment of the video and takes no picture: use --time"
            )
        request = ChoiceRequest(time_s=wish.time_s, picture=wish.picture)
        if wish.number is not None:
            request = request_for(session, asset, wish.number, asset_name(asset))
        made = choices.choose(session, asset, request, operator_name(), why)
        # A platform that cuts the picture itself needs the time and no still of ours.
        is_shown_by_time = platform.write_back is WriteBack.TIME and made.thumbnail is not None
        is_taking_still = not (made.is_exact or is_shown_by_time)
        if is_taking_still:
            why_again = "to take the chosen still"
            jobs.requeue(session, asset.id, operator_name(), why_again, settings, keeps_model=True)
    return Decision(asset, made.choice, made.thumbnail, is_taking_still)


def release_choice(engine: Engine, word: str, why: str) -> Decision:
    """End the choice, so that the best pick is shown again.

    Raises:
        NotFound: the word means no asset.
    """
    with transaction(engine) as session:
        asset = _locked(session, word)
        return Decision(asset, choices.release(session, asset, operator_name(), why), None)


def set_options(
    engine: Engine, word: str, options: Mapping[str, list[str]], why: str, settings: Settings
) -> Requeueing:
    """Set what is wanted of an asset, in place of what its account wants, and look at it again.

    Raises:
        NotFound: the word means no asset.
        ChoiceRefused: a range cannot be read; the message shows how to write one.
    """
    try:
        read = read_options(dict(options))
    except ValueError as error:
        raise ChoiceRefused(str(error)) from error
    with transaction(engine) as session:
        asset = _locked(session, word)
        asset.options = read or None
        note = f"options {json.dumps(read)}; {why}" if why else f"options {json.dumps(read)}"
        outcome = jobs.requeue(session, asset.id, operator_name(), note, settings, keeps_model=True)
        return Requeueing(asset, outcome)


def _locked(session: Session, word: str) -> Asset:
    """Read an asset and lock its row, so that no webhook changes it between our look and our change."""
    return session.get_one(Asset, find(session, word).asset_id, with_for_update=True, populate_existing=True)
