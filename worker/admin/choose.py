"""Do what people decide about an asset's thumbnail: `choose`, `release` and `options`.

Each comes twice: within a transaction that holds the asset's row, and on its own, for the asset that an
operator's word means.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from worker import choices, jobs, trials
from worker.admin.assets import Requeueing
from worker.admin.candidates import request_for
from worker.admin.find import asset_name, find
from worker.admin.taken import what_is_taken
from worker.choices import ChoiceRefused, ChoiceRequest, request_of_thumbnail
from worker.database import transaction
from worker.database.models import Asset
from worker.people import audit
from worker.platforms.base import WriteBack
from worker.storage.pictures import Pictures
from worker.text import clock
from worker.time_ranges import read_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.choices.own_picture import OwnPicture
    from worker.database.choices import Choice
    from worker.database.models import Thumbnail
    from worker.people.roles import Actor
    from worker.settings import Settings


class Decision(NamedTuple):
    """What a person decided, and what happens now."""

    asset: Asset
    choice: Choice | None  #: None: there was none to release
    thumbnail: Thumbnail | None  #: shown because of it; None: none yet, or the best pick
    is_taking_still: bool = False  #: a job is to take the picture of exactly this moment


class Wish(NamedTuple):
    """What a person wants to be shown: exactly one of these."""

    time_s: float | None = None  #: a moment of the video
    number: int | None = None  #: of a candidate, as `numbered_candidates` gives it
    picture: OwnPicture | None = None  #: a picture of their own
    candidate_id: int | None = None  #: a row of the newest filmstrip
    thumbnail_id: int | None = None  #: a picture that is stored already: its moment, or itself if it has none


def choose_thumbnail(
    engine: Engine, word: str, wish: Wish, actor: Actor, why: str, settings: Settings
) -> Decision:
    """Show what an operator chooses, at once where there is a picture of it, and keep it through later runs.

    Raises:
        NotFound: the word means no asset.
        ChoiceRefused: as `choose`.
    """
    with transaction(engine) as session:
        return choose(session, _locked(session, word), wish, actor, why, settings)


def choose(
    session: Session, asset: Asset, wish: Wish, actor: Actor, why: str, settings: Settings
) -> Decision:
    """Show what a person chooses for an asset whose row is locked, and note it.

    Raises:
        ChoiceRefused: the asset is deleted, the video has no such moment or candidate, or its platform takes
            no pictures.
    """
    if asset.deleted_at:
        raise ChoiceRefused("the asset is deleted at its platform; a choice needs it there")
    is_by_time = what_is_taken(asset, settings) is WriteBack.TIME
    request = request_of(session, asset, wish)
    if request.picture is not None and is_by_time:
        raise ChoiceRefused(
            f"{asset.platform} shows a moment of the video and takes no picture: choose a time"
        )
    made = choices.choose(session, asset, request, actor.name, why, Pictures.of(settings))
    # A platform that cuts the picture itself needs the time and no still of ours.
    is_taking_still = not (made.is_exact or (is_by_time and made.thumbnail is not None))
    if is_taking_still:
        why_again = "to take the chosen still"
        jobs.requeue(session, asset.id, actor.name, why_again, settings, is_for_other_picks=True)
    kind, time_s = made.choice.kind, made.choice.time_s
    audit.note(session, actor, "choose", asset.id, choice=made.choice.id, kind=kind, time_s=time_s, why=why)
    return Decision(asset, made.choice, made.thumbnail, is_taking_still)


def request_of(session: Session, asset: Asset, wish: Wish) -> ChoiceRequest:
    """Put a wish into the terms of `worker.choices`.

    Raises:
        ChoiceRefused: there is no candidate of this number, or the picture is stored no longer.
    """
    if wish.number is not None:
        return request_for(session, asset, wish.number, asset_name(asset))
    if wish.thumbnail_id is not None:
        return request_of_thumbnail(session, asset, wish.thumbnail_id)
    return ChoiceRequest(time_s=wish.time_s, candidate_id=wish.candidate_id, picture=wish.picture)


def release_choice(engine: Engine, word: str, actor: Actor, why: str) -> Decision:
    """End the choice for the asset that an operator means. Raises NotFound where the word means none."""
    with transaction(engine) as session:
        return release(session, _locked(session, word), actor, why)


def release(session: Session, asset: Asset, actor: Actor, why: str) -> Decision:
    """End the choice for an asset whose row is locked, and note it.

    The best pick is shown again, or what a test had found before the choice.
    """
    kept = trials.kept_before_choice(session, asset)
    ended = choices.release(session, asset, actor.name, why, kept=kept)
    if ended is not None:
        audit.note(session, actor, "release", asset.id, choice=ended.id, why=why)
    return Decision(asset, ended, kept if ended is not None else None)


def set_options(
    engine: Engine, word: str, options: Mapping[str, list[str]], actor: Actor, why: str, settings: Settings
) -> Requeueing:
    """Set what is wanted of the asset that an operator means, and look at it again.

    Raises:
        NotFound: the word means no asset.
        ChoiceRefused: as `change_options`.
    """
    with transaction(engine) as session:
        asset = _locked(session, word)
        return Requeueing(asset, change_options(session, asset, options, actor, why, settings))


def change_options(
    session: Session,
    asset: Asset,
    options: Mapping[str, list[str]],
    actor: Actor,
    why: str,
    settings: Settings,
) -> jobs.Requeued:
    """Set what is wanted of an asset whose row is locked, in place of what its account wants; look again.

    Raises:
        ChoiceRefused: a range cannot be read; the message shows how to write one.
    """
    try:
        read = read_options(dict(options))
    except ValueError as error:
        raise ChoiceRefused(str(error)) from error
    if asset.deleted_at:
        return jobs.Requeued.DELETED
    asset.options = read or None
    note = f"options {json.dumps(read)}; {why}" if why else f"options {json.dumps(read)}"
    outcome = jobs.requeue(session, asset.id, actor.name, note, settings, is_for_other_picks=True)
    audit.note(session, actor, "options", asset.id, options=read, why=why)
    return outcome


def choice_sentences(decision: Decision, until: str) -> list[str]:
    """Tell what is shown from now on, and when.

    Args:
        decision: made by choosing.
        until: how it ends, e.g. "until it is released".
    """
    choice = decision.choice
    what = "your picture" if choice is None or choice.time_s is None else clock(choice.time_s)
    lines = [f"{what} is the thumbnail from now on, {until}"]
    if decision.is_taking_still:
        shown = "until then the nearest frame is shown" if decision.thumbnail else "then it is shown"
        lines.append(f"a run takes the picture of exactly that moment; {shown}")
    return lines


def release_sentence(decision: Decision) -> str:
    """Tell what is shown once a choice is released."""
    if decision.choice is None:
        return "nothing was chosen"
    if decision.thumbnail is not None:
        return f"released; {clock(decision.thumbnail.time_s)} is the thumbnail again, kept by its test"
    return "released; the best pick is the thumbnail again"


def _locked(session: Session, word: str) -> Asset:
    """Read an asset and lock its row, so that no webhook changes it between our look and our change."""
    return session.get_one(Asset, find(session, word).asset_id, with_for_update=True, populate_existing=True)
