"""What people do to one asset. Each act is one transaction: role, what they had seen, the act, its record.

A choice that meets somebody else's, or a newer run, raises `Conflict` and changes nothing; one that is there
already, because a form was sent twice, is told as if it had just been made.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker import choices, jobs
from worker.admin import choose as deciding
from worker.admin.choose import Decision, Wish
from worker.admin.find import NotFound
from worker.choices import ChoiceRefused, judgements
from worker.database import NOW, transaction
from worker.database.models import Asset, Thumbnail
from worker.database.states import Role
from worker.jobs import Requeued
from worker.people import audit
from worker.review.asset import find_visible
from worker.review.conflicts import (
    Conflict,
    PagePicture,
    RangesConflict,
    WantedChoice,
    holding,
    is_chosen,
    wanted_choice,
)
from worker.review.seen import Seen, read_seen
from worker.review.undo import UNDONE
from worker.time_ranges import AVOID, ranges_that_apply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.choices.own_picture import OwnPicture
    from worker.people.roles import Actor
    from worker.settings import Settings
    from worker.settings.accounts import AccountSettings

__all__ = [
    "Conflict",
    "RangesConflict",
    "Seen",
    "avoid_more",
    "check",
    "choose",
    "confirm",
    "look_again",
    "release",
    "require",
    "set_options",
]

LOOKED_THROUGH = 50  #: acts, for whoever set the ranges last


def check(engine: Engine, actor: Actor, asset_id: int) -> None:
    """Find out whether somebody may act here, before a picture of theirs is read.

    Raises:
        NotFound: there is no such asset, or they may not even see it.
        NotAllowed: they may see it, and not change it.
        ChoiceRefused: it is deleted at its platform, or erased here.
    """
    with transaction(engine) as session:
        require(session, actor, asset_id)


def choose(
    engine: Engine,
    actor: Actor,
    asset_id: int,
    wish: Wish,
    seen: Seen | None,
    why: str,
    settings: Settings,
) -> Decision:
    """Show what a person chooses, and keep it through later runs.

    Args:
        engine: the database.
        actor: the person.
        asset_id: of the asset's row.
        wish: what to show.
        seen: what they had before them; None: whatever it was, they insist.
        why: in their words; may be empty.
        settings: of the asset's account, and of jobs.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `check`.
        Conflict: somebody else decided meanwhile, or newer pictures came that the wish may not mean.
        ChoiceRefused: also as `worker.admin.choose.choose`.
    """
    try:
        with _locked(engine, actor, asset_id) as (session, asset):
            if seen is not None and (repeated := _compare(session, asset, wish, seen)) is not None:
                return repeated
            if why == UNDONE:
                judgements.take_back(session, asset.id)
            decision = deciding.choose(session, asset, wish, actor, why, settings)
            if why == UNDONE and decision.choice is not None:
                judgements.remove_repeated(session, decision.choice)
            _note_review(session, asset, actor)
            return decision
    except Conflict as conflict:
        if wish.picture is not None:
            conflict.wanted = _kept(engine, actor, asset_id, wish.picture)
        raise


def release(engine: Engine, actor: Actor, asset_id: int, seen: Seen | None, why: str) -> Decision:
    """End the choice, so that the best pick is shown again; where none is open, nothing happens.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `check`.
        Conflict: another choice is open than the one that they saw.
    """
    with _locked(engine, actor, asset_id) as (session, asset):
        now = read_seen(session, asset)
        if seen is not None and now.choice_id not in {None, seen.choice_id}:
            raise Conflict("release", None, holding(session, asset), now)
        if why == UNDONE:
            judgements.take_back(session, asset.id)
        decision = deciding.release(session, asset, actor, why)
        if decision.choice is not None:
            _note_review(session, asset, actor)
        return decision


def set_options(
    engine: Engine,
    actor: Actor,
    asset_id: int,
    options: Mapping[str, list[str]],
    why: str,
    settings: Settings,
    *,
    was: Mapping[str, list[str]] | None = None,
) -> Requeued:
    """Say which parts of the video to avoid or to prefer, and look at it again.

    What its account wants anyway, or no part at all, is not stored: then what the account wants applies,
    whatever that is by then.

    Args:
        engine: the database.
        actor: the person.
        asset_id: of the asset's row.
        options: the ranges of each name.
        why: in their words; may be empty.
        settings: of the asset's account, and of jobs.
        was: what applied on the page that they had before them; None: whatever it was, they insist.

    Raises:
        RangesConflict: other ranges apply by now.
        NotFound, NotAllowed, ChoiceRefused: as `check`.
        ChoiceRefused: also where a range cannot be read; the message shows how to write one.
    """
    with _locked(engine, actor, asset_id) as (session, asset):
        of_account = ranges_that_apply(None, _account(asset, settings))
        now = ranges_that_apply(asset.options, _account(asset, settings))
        if was is not None and now not in (was, options):
            acts = audit.of_asset(session, asset.id, LOOKED_THROUGH)
            set_by = next((entry for entry in acts if entry.act == "options"), None)
            raise RangesConflict(options, now, set_by)
        own = {name: ranges for name, ranges in options.items() if ranges != of_account.get(name)}
        return deciding.change_options(session, asset, own, actor, why, settings)


def avoid_more(
    engine: Engine, actor: Actor, asset_id: int, ranges: Sequence[str], settings: Settings
) -> Requeued:
    """Avoid ranges on top of what the asset or its account avoids. Raises as `set_options`."""
    with _locked(engine, actor, asset_id) as (session, asset):
        avoided = ranges_that_apply(asset.options, _account(asset, settings)).get(AVOID, [])
        options = {**(asset.options or {}), AVOID: list(dict.fromkeys([*avoided, *ranges]))}
        return deciding.change_options(session, asset, options, actor, "", settings)


def look_again(engine: Engine, actor: Actor, asset_id: int, why: str, settings: Settings) -> Requeued:
    """Look at the video again, at once. Raises as `check`."""
    with _locked(engine, actor, asset_id) as (session, asset):
        outcome = jobs.requeue(session, asset.id, actor.name, why, settings)
        if outcome is not Requeued.DELETED:
            audit.note(session, actor, "look-again", asset.id, why=why)
        return outcome


def confirm(engine: Engine, actor: Actor, asset_id: int, seen: Seen | None = None) -> Asset:
    """Note that what is shown is fine.

    Args:
        engine: the database.
        actor: the person.
        asset_id: of the asset's row.
        seen: what they had before them; None: whatever is shown.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `check`.
        Conflict: something else is shown by now.
    """
    with _locked(engine, actor, asset_id) as (session, asset):
        if seen is not None and (now := read_seen(session, asset)) != seen:
            raise Conflict("confirm", None, holding(session, asset), now)
        if asset.reviewed_at is None or asset.reviewed_by != actor.name:
            audit.note(session, actor, "confirm", asset.id)
        _note_review(session, asset, actor)
        return asset


def _account(asset: Asset, settings: Settings) -> AccountSettings | None:
    account: AccountSettings | None = getattr(settings, asset.platform, {}).get(asset.account)
    return account


@contextmanager
def _locked(engine: Engine, actor: Actor, asset_id: int) -> Iterator[tuple[Session, Asset]]:
    """Begin an act: lock the asset's row, so that no webhook, run or other person changes it meanwhile."""
    with transaction(engine) as session:
        yield session, require(session, actor, asset_id, is_to_lock=True)


def require(session: Session, actor: Actor, asset_id: int, *, is_to_lock: bool = False) -> Asset:
    """Find the asset that somebody wants to act on; lock its row where it is to change. Raises as `check`."""
    asset = find_visible(session, actor, asset_id, is_to_lock=is_to_lock)
    if asset is None:
        raise NotFound("there is no such asset")
    actor.require(Role.EDITOR, asset)
    if asset.deleted_at or asset.erased_at:
        raise ChoiceRefused("the asset is deleted at its platform, so there is nothing to decide")
    return asset


def _compare(session: Session, asset: Asset, wish: Wish, seen: Seen) -> Decision | None:
    """Compare what somebody saw with what holds now.

    Returns:
        The decision that was made already, where the wish is what holds; None where the wish is to be done.

    Raises:
        Conflict: what holds is another decision, or the wish may mean something else by now.
    """
    now = read_seen(session, asset)
    if seen == now:
        return None
    if is_chosen(session, asset, wish):
        return _as_it_is(session, asset)
    # In another content a moment shows something else; a picture of one's own is what it is.
    if seen.choice_id == now.choice_id and wish.picture is not None:
        return None
    raise Conflict("choose", wanted_choice(session, asset, wish, seen), holding(session, asset), now)


def _as_it_is(session: Session, asset: Asset) -> Decision:
    choice = choices.open_choice(session, asset)
    shown = None if choice is None else choice.thumbnail_id
    return Decision(asset, choice, None if shown is None else session.get(Thumbnail, shown))


def _kept(engine: Engine, actor: Actor, asset_id: int, picture: OwnPicture) -> WantedChoice:
    """Store a picture that met a conflict, so that both can be shown, and it need not be sent twice.

    Its asset may have been erased since, so all that an act asks for is asked for again.
    """
    with _locked(engine, actor, asset_id) as (session, asset):
        thumbnail = choices.offer(session, asset, picture)
        return WantedChoice(Wish(thumbnail_id=thumbnail.id), PagePicture(thumbnail_id=thumbnail.id))


def _note_review(session: Session, asset: Asset, actor: Actor) -> None:
    asset.reviewed_at, asset.reviewed_by = session.scalar(select(NOW)), actor.name
