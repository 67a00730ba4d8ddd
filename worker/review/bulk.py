"""Does the same to many assets at once, each in a transaction of its own, and tells what came of it."""

from __future__ import annotations

import enum
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from worker.admin.find import NotFound
from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import Role
from worker.errors import ThumbsError
from worker.review import acts
from worker.review.acts import Conflict
from worker.review.library import PAGE
from worker.review.trials import acts as test_acts
from worker.review.trials.acts import Beginning
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.people.roles import Actor
    from worker.review.seen import Seen
    from worker.settings import Settings

MOST = PAGE  #: assets at once
BEGUN_WITHIN_S = 40.0  #: the steps; each waits at most 3 s for a row that somebody holds
_NEWER = "another picture is shown by now; look at it first"
_GONE = "there is no such video any more"
_NO_TIME = "there was no time left; try again with these"
_TOLD = 3  # of several reasons; a sentence of all would be too long for a cookie


class BulkAct(enum.StrEnum):
    """What can be done to many."""

    CONFIRM = "confirm"
    LOOK_AGAIN = "look-again"
    AVOID = "avoid"
    TEST = "test"


@dataclass
class Outcome:
    """What came of an act."""

    done: int = 0  #: assets
    left: Counter[str] = field(default_factory=Counter)  #: how many were left as they are, by the reason

    def left_because(self) -> str:
        """Say how many were left as they are, and why, as a sentence; empty where none was."""
        reasons = [
            f"{count} {'was' if count == 1 else 'were'} not: {why}" for why, count in self.left.items()
        ]
        told = reasons[:_TOLD] + (["others for other reasons"] if len(reasons) > _TOLD else [])
        return "; ".join(told) + "." if told else ""


def read_marked(session: Session, actor: Actor, ids: Sequence[int]) -> list[Asset]:
    """Read those of these assets that somebody may see, the newest first."""
    rows = select(Asset).where(Asset.id.in_(ids)).order_by(Asset.id.desc())
    return [asset for asset in session.scalars(rows) if actor.may(Role.VIEWER, asset)]


def read_ranges(text: str) -> list[str]:
    """Read ranges of time, one a line or with commas between them.

    Raises:
        ValueError: there is none, or one cannot be read; the message shows how to write one.
    """
    ranges = [one.strip() for one in text.replace(",", "\n").splitlines() if one.strip()]
    if not ranges:
        raise ValueError("write at least one range, as 0-15 for the first 15 seconds")
    parse_time_ranges(ranges)
    return ranges


def do(
    engine: Engine,
    actor: Actor,
    act: BulkAct,
    marked: Mapping[int, Seen | None],
    ranges: Sequence[str],
    settings: Settings,
) -> Outcome:
    """Do something to each of these assets that allows it.

    Args:
        engine: the database.
        actor: who acts.
        act: what to do.
        marked: the ids of assets, `MOST` at most, and what was shown of each; None: whatever it was.
        ranges: to avoid, as `read_ranges` returns them; nothing for other acts.
        settings: of jobs, and of the assets' accounts.
    """
    wanted = list(marked)[:MOST]
    with transaction(engine) as session:
        assets = read_marked(session, actor, wanted)
    outcome = Outcome()
    if missing := len(wanted) - len(assets):
        outcome.left[_GONE] += missing
    end_s = time.monotonic() + BEGUN_WITHIN_S

    def step(asset: Asset) -> Callable[[], object]:
        match act:
            case BulkAct.CONFIRM:
                return partial(acts.confirm, engine, actor, asset.id, marked[asset.id])
            case BulkAct.LOOK_AGAIN:
                return partial(acts.look_again, engine, actor, asset.id, "", settings)
            case BulkAct.AVOID:
                return partial(acts.avoid_more, engine, actor, asset.id, ranges, settings)
            case BulkAct.TEST:
                begin = Beginning()
                of_asset = (engine, actor, asset.id)
                return partial(test_acts.start, *of_asset, begin, None, "", settings, anyway=False)

    for asset in assets:
        why_not = _NO_TIME if time.monotonic() > end_s else _why_not(actor, asset)
        why_not = why_not or _try(step(asset))
        if why_not:
            outcome.left[why_not] += 1
        else:
            outcome.done += 1
    return outcome


def _why_not(actor: Actor, asset: Asset) -> str:
    if asset.deleted_at is not None:
        return "deleted at the platform"
    if not actor.may(Role.EDITOR, asset):
        return f"you may only look at {asset.platform}/{asset.account}; this takes the role {Role.EDITOR}"
    return ""


def _try(step: Callable[[], object]) -> str:
    """Do one step; return why it was not done, or nothing."""
    try:
        step()
    except NotFound:
        return _GONE
    except Conflict:
        return _NEWER
    except ThumbsError as error:
        return str(error)
    except OperationalError:  # somebody else holds its row, or the database is slow
        return "being worked on at this moment; try again"
    return ""
