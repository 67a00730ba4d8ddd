"""What somebody should know, and can choose, before a test is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from worker import choices
from worker.admin.taken import what_is_taken
from worker.database.states import Role
from worker.platforms.base import WriteBack
from worker.review.asset import find_visible
from worker.review.bulk import read_marked
from worker.review.seen import read_seen
from worker.review.trials.words import as_sentence
from worker.trials.arms.variants import default_variants, read_shelf
from worker.trials.prospects import prospect
from worker.trials.refused import TrialRefused
from worker.trials.running import running_trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset, Thumbnail
    from worker.people.roles import Actor
    from worker.review.seen import Seen
    from worker.settings import Settings

LEAST_PICTURES, MOST_PICTURES = 2, 4
LEAST_DAYS, MOST_DAYS = 7, 180

#: How often 28 and 56 days of one picture a day find a difference, where the views of a day vary by 20 %.
#: Simulated, 2,000 tests each.
POWER_OF_SLOTS = (("+50 %", "95 %", ""), ("+30 %", "62 %", ""), ("+20 %", "32 %", "61 %"))


@dataclass(frozen=True, slots=True)
class Before:
    """What the question before a test shows."""

    asset: Asset
    seen: Seen
    pictures: list[Thumbnail]  #: the picks in the ratio that is published, the one that is shown first
    usual: tuple[int, ...]  #: the ids of those that are compared if nothing else is wanted
    running_id: int | None  #: of the test that runs already
    prospect: str  #: how long it may take; empty where none can be
    objection: str  #: why one had better not be started; may be empty
    refusal: str  #: why none can be, and what helps; empty where one can
    has_slots: bool  #: whether its platform can show one picture a day


def read_before(session: Session, actor: Actor, asset_id: int, settings: Settings) -> Before | None:
    """Gather what the question before a test shows; None as `worker.review.asset.find_visible`.

    Raises:
        NotAllowed: they may only look.
    """
    asset = find_visible(session, actor, asset_id)
    if asset is None:
        return None
    actor.require(Role.EDITOR, asset)
    running = running_trial(session, asset.id)
    outlook = _outlook(session, asset, settings)
    return Before(
        asset=asset,
        seen=read_seen(session, asset),
        pictures=outlook.pictures,
        usual=outlook.usual,
        running_id=None if running is None else running.id,
        prospect=outlook.said,
        objection=outlook.objection,
        refusal=outlook.refusal,
        has_slots=what_is_taken(asset, settings) not in {None, WriteBack.NONE},
    )


def prospects_of(
    session: Session, actor: Actor, ids: Sequence[int], settings: Settings
) -> list[tuple[Asset, str]]:
    """Say of each of these assets how long a test may take, or why there can be none."""
    return [(asset, _sentence(session, asset, settings)) for asset in read_marked(session, actor, ids)]


def _sentence(session: Session, asset: Asset, settings: Settings) -> str:
    if running_trial(session, asset.id) is not None:
        return "Left as it is: a test of it runs already."
    outlook = _outlook(session, asset, settings)
    if why_not := outlook.refusal or outlook.objection:
        return f"Left as it is: {why_not}."
    return outlook.said


class _Outlook(NamedTuple):
    """What can be said of a test that is not begun."""

    pictures: list[Thumbnail] = []  # noqa: RUF012 - never changed
    usual: tuple[int, ...] = ()
    said: str = ""
    objection: str = ""
    refusal: str = ""


def _outlook(session: Session, asset: Asset, settings: Settings) -> _Outlook:
    if asset.deleted_at is not None:
        return _Outlook(refusal="it is deleted at its platform")
    if choices.open_choice(session, asset) is not None:
        return _Outlook(refusal="a person chose this thumbnail, and that stays; release the choice first")
    try:
        shelf = read_shelf(session, asset)
        usual = default_variants(shelf, LEAST_PICTURES)
        expected = prospect(session, asset, settings)
    except TrialRefused as refused:
        return _Outlook(refusal=str(refused).rstrip("."))
    others = [one for one in shelf.picks if one.id != shelf.shown.id]
    return _Outlook(
        [shelf.shown, *others],
        tuple(one.id for one in usual),
        as_sentence(expected.said),
        expected.objection or "",
    )
