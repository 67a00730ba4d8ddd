"""What people do with tests. Each act is one transaction: role, what they had seen, the act, its record."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from worker.admin.find import NotFound
from worker.database import NOW, transaction
from worker.database.states import TrialKind, TrialMetric, TrialOutcome, TrialState
from worker.errors import ThumbsError
from worker.people import audit
from worker.review.acts import require
from worker.review.asset import name_for
from worker.review.seen import Seen, read_seen
from worker.review.trials.view import find_trial
from worker.review.trials.words import OUTCOMES
from worker.text import format_age
from worker.trials import starting, stopping
from worker.trials.prospects import prospect
from worker.trials.refused import TrialRefused
from worker.trials.running import running_trial
from worker.trials.saying import ordinal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.database.trials import Trial
    from worker.people.roles import Actor
    from worker.settings import Settings

_TWICE_S = 60.0  #: so long after a start, the same person's second form is the first one sent twice


class Beginning(NamedTuple):
    """The test that somebody wants."""

    thumbnail_ids: tuple[int, ...] = ()  #: the pictures, variant 0 first; empty: the best ones that differ
    pictures: int = 2  #: how many, where none are named
    days: int | None = None  #: at most; None: as it is set for all
    kind: TrialKind = TrialKind.VIEWERS
    metric: TrialMetric = TrialMetric.PLAYS
    from_choice: bool = False  #: what a person chose is variant 0; the choice is released for the test


class TrialConflict(ThumbsError):
    """The test, or its video, is not as the page had it; the message says what holds. Nothing was changed."""

    def __init__(self, holds: str, trial_id: int | None = None) -> None:
        super().__init__(holds)
        self.trial_id = trial_id  #: of the test that holds; None: none does


def start(
    engine: Engine,
    actor: Actor,
    asset_id: int,
    beginning: Beginning,
    seen: Seen | None,
    why: str,
    settings: Settings,
    *,
    anyway: bool = True,
) -> Trial:
    """Start a test of an asset's pictures.

    Args:
        engine: the database.
        actor: the person.
        asset_id: of the asset's row.
        beginning: which pictures, and for how long.
        seen: what they had before them; None: whatever it was.
        why: in their words; may be empty.
        settings: of tests, and of the asset's account.
        anyway: whether to start one that is seen too rarely to tell anything.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `worker.review.acts.check`.
        TrialConflict: somebody else started one, or newer pictures came.
        TrialRefused: no test of it can be; the message says what helps.
    """
    with transaction(engine) as session:
        asset = require(session, actor, asset_id, is_to_lock=True)
        running = running_trial(session, asset.id)
        if running is not None:
            return _started_twice(session, running, actor)
        if seen is not None and read_seen(session, asset) != seen:
            raise TrialConflict("the video has other pictures, or another choice, since you opened the page")
        count = len(beginning.thumbnail_ids) or beginning.pictures
        how: dict[str, Any] = {"kind": beginning.kind, "count": count, "days": beginning.days}
        if not anyway and (objection := prospect(session, asset, settings, **how).objection):
            raise TrialRefused(objection)
        trial = starting.start(
            session,
            asset,
            actor.name,
            settings,
            **how,
            metric=beginning.metric,
            thumbnail_ids=list(beginning.thumbnail_ids) or None,
            from_choice=beginning.from_choice,
        )
        audit.note(session, actor, "start-test", asset.id, test=trial.id, why=why)
        return trial


def stop(engine: Engine, actor: Actor, trial_id: int, why: str) -> Trial:
    """End a test, so that everybody sees what was shown before it.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `worker.review.acts.check`.
        TrialConflict: it ended otherwise meanwhile.
    """
    with _locked(engine, actor, trial_id) as (session, trial, asset):
        if trial.state == TrialState.ENDED:
            if _is_stopped_by(trial, actor):
                return trial
            raise _ended(session, trial)
        stopping.stop(session, trial, actor.name, why)
        audit.note(session, actor, "stop-test", asset.id, test=trial.id, why=why)
        return trial


def apply(
    engine: Engine, actor: Actor, trial_id: int, number: int, why: str, *, was_running: bool | None = None
) -> Trial:
    """Show one of a test's variants from now on; a test that runs is ended by it.

    Args:
        engine: the database.
        actor: the person.
        trial_id: of the test.
        number: of the variant.
        why: in their words; may be empty.
        was_running: whether it ran on the page that they had before them; None: whatever it was, they insist.

    Raises:
        NotFound, NotAllowed, ChoiceRefused: as `worker.review.acts.check`.
        TrialRefused: there is no such variant, or it cannot be shown; the message says what helps.
        TrialConflict: it ended meanwhile.
    """
    with _locked(engine, actor, trial_id) as (session, trial, asset):
        if was_running and trial.state == TrialState.ENDED:
            if _is_stopped_by(trial, actor):
                return trial
            raise _ended(session, trial)
        stopping.stop(session, trial, actor.name, why, apply=number)
        audit.note(session, actor, "show-variant", asset.id, test=trial.id, shows=ordinal(number), why=why)
        return trial


@contextmanager
def _locked(engine: Engine, actor: Actor, trial_id: int) -> Iterator[tuple[Session, Trial, Asset]]:
    """Begin an act on a test: lock its asset's row first, as everybody does, and then its own."""
    with transaction(engine) as session:
        found = find_trial(session, actor, trial_id)
        if found is None:
            raise NotFound("there is no such test")
        trial, seen = found
        asset = require(session, actor, seen.id, is_to_lock=True)
        session.refresh(trial, with_for_update=True)
        yield session, trial, asset


def _started_twice(session: Session, running: Trial, actor: Actor) -> Trial:
    """Return the test that the same person has just started, or raise TrialConflict."""
    age = session.scalars(select(NOW)).one() - running.started_at
    if running.started_by == actor.name and age.total_seconds() < _TWICE_S:
        return running
    who, ago = name_for(actor, running.started_by), f"{format_age(age)} ago"
    says = f"a test of this video was started by {who} {ago}; one runs at a time"
    raise TrialConflict(
        says, running.id if actor.asset_id is None else None
    )  # a link opens no page of a test


def _is_stopped_by(trial: Trial, actor: Actor) -> bool:
    return trial.outcome == TrialOutcome.STOPPED and trial.ended_by == actor.name


def _ended(session: Session, trial: Trial) -> TrialConflict:
    now = session.scalars(select(NOW)).one()
    age = format_age(now - (trial.ended_at or now))
    how = OUTCOMES[TrialOutcome(trial.outcome)].lower() if trial.outcome else "over"
    by = f" by {trial.ended_by}" if trial.ended_by else ""
    return TrialConflict(f"the test ended {age} ago{by}: {how}", trial.id)
