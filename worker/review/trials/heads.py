"""All that the pages show of learned heads: how much there is to learn from, and how each was judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import defer, load_only

from worker.database import NOW
from worker.database.base import MAX_ROW_ID
from worker.database.learning import Head
from worker.database.models import Asset, StoredCandidate
from worker.database.states import HeadState, Role
from worker.learning import heads
from worker.review.trials.words import as_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.people.roles import Actor

MOST = 50  #: heads, the newest
MOST_FRAMES = 12  #: of each direction

STATES = {
    HeadState.CANDIDATE: "Not judged yet",
    HeadState.REFUSED: "Refused",
    HeadState.PASSED: "Passed: it can be shipped",
    HeadState.SHIPPED: "In use",
    HeadState.RETIRED: "Retired",
}


class RuleStanding(NamedTuple):
    """A rule of the gate, and how a head stands to it."""

    name: str
    says: str  #: what was found, with its numbers and intervals
    demand: str
    is_met: bool | None  #: None: it could not be judged


class HeadView(NamedTuple):
    """A learned head, as a page shows it."""

    head: Head
    said: str  #: of the gate, in a sentence; empty before it was judged
    rules: list[RuleStanding]
    liked: list[int]  #: ids of the frames that it puts first
    disliked: list[int]  #: of those that it puts last

    @property
    def state(self) -> str:
        """What people call its state."""
        return STATES[HeadState(self.head.state)]

    @property
    def whose(self) -> str:
        """Whose videos it is for."""
        one = self.head
        return f"{one.platform}/{one.account}" if one.platform and one.account else "all accounts"

    @property
    def is_in_use(self) -> bool:
        """Whether thumbnails are picked with it."""
        return self.head.state == HeadState.SHIPPED

    @property
    def can_ship(self) -> bool:
        """Whether it passed, and is not in use."""
        return self.head.state == HeadState.PASSED


@dataclass(frozen=True, slots=True)
class HeadsPage:
    """What the page of the heads shows."""

    readiness: str  #: how much there is to learn from, as "63 of about 400 videos"
    used: list[HeadView]
    others: list[HeadView]  #: the newest first
    can_act: bool  #: whether whoever looks may ship one, or roll it back
    now: datetime


def find_head(session: Session, actor: Actor, head_id: int) -> Head | None:
    """Find a head that somebody may look at; None where there is none, or they may not."""
    if not 0 < head_id <= MAX_ROW_ID or actor.asset_id is not None:
        return None
    head = session.scalar(select(Head).options(defer(Head.arrays)).where(Head.id == head_id))
    return head if head is not None and _may_see(actor, head) else None


def read_heads(session: Session, actor: Actor) -> HeadsPage:
    """Gather what the page of the heads shows: nothing of accounts that they may not see."""
    newest = select(Head).options(defer(Head.arrays))
    used = newest.where(Head.state == HeadState.SHIPPED).order_by(Head.id.desc())
    others = newest.where(Head.state != HeadState.SHIPPED).order_by(Head.id.desc()).limit(MOST)
    seen = [
        view_of(one) for one in [*session.scalars(used), *session.scalars(others)] if _may_see(actor, one)
    ]
    there = _visible_frames(session, actor, seen)
    seen = [
        one._replace(liked=_those(one.liked, there), disliked=_those(one.disliked, there)) for one in seen
    ]
    return HeadsPage(
        readiness=str(heads.readiness(session)),
        used=[one for one in seen if one.is_in_use],
        others=[one for one in seen if not one.is_in_use],
        can_act=actor.may_everywhere(Role.OPERATOR),
        now=session.scalars(select(NOW)).one(),
    )


def view_of(head: Head) -> HeadView:
    """Read what the gate wrote down about a head."""
    report = head.report or {}
    nearest = report.get("nearest") or {}
    return HeadView(
        head,
        as_sentence(str(report["says"])) if report.get("says") else "",
        [_rule(one) for one in report.get("rules") or ()],
        _ids(nearest.get("liked")),
        _ids(nearest.get("disliked")),
    )


def _may_see(actor: Actor, head: Head) -> bool:
    return head.platform is None or bool(actor.visible([(head.platform, head.account or "")]))


def _visible_frames(session: Session, actor: Actor, views: Sequence[HeadView]) -> set[int]:
    """Find which of the frames are still stored, and of videos that somebody may see."""
    ids = {one for view in views for one in (*view.liked, *view.disliked)}
    rows = session.execute(
        select(StoredCandidate.id, Asset)
        .join(Asset, Asset.id == StoredCandidate.asset_id)
        .options(load_only(Asset.platform, Asset.account))
        .where(StoredCandidate.id.in_(ids), Asset.deleted_at.is_(None))
    )
    return {frame_id for frame_id, asset in rows if actor.may(Role.VIEWER, asset)}


def _those(ids: Sequence[int], there: set[int]) -> list[int]:
    return [one for one in ids if one in there][:MOST_FRAMES]


def _ids(told: Sequence[int] | None) -> list[int]:
    return [int(one) for one in told or ()]


def _rule(told: Mapping[str, Any]) -> RuleStanding:
    name, says, demand = (str(told.get(word, "")) for word in ("name", "says", "demand"))
    return RuleStanding(name, says, demand, told.get("is_met"))
