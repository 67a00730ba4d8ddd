"""Train and judge heads from the database, and keep what was found in their rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from worker.database import transaction
from worker.database.choices import Judgement
from worker.database.learning import Head
from worker.database.states import HeadState
from worker.database.trials import Trial
from worker.errors import HeadRefused, NothingToLearn
from worker.learning import explain, heads
from worker.learning.gate import filmstrips, judge
from worker.learning.loading import UnreadableHead, read_direction
from worker.learning.training.data import Stored, newest_model
from worker.learning.training.learn import LEAST_OF_ACCOUNT, learn

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.learning.gate.report import Report
    from worker.learning.training.examples import Vectors

_MAY_BE_JUDGED = (HeadState.CANDIDATE, HeadState.REFUSED, HeadState.PASSED)


def train(
    engine: Engine,
    who: str,
    model: str | None = None,
    account: tuple[str, str] | None = None,
    since: datetime | None = None,
) -> Head:
    """Train a head on what is stored, and keep it as a candidate; the same rows give the same bytes.

    Args:
        engine: the database.
        who: asks for it.
        model: whose vectors it reads; None: the one that judges now.
        account: platform and account whose own head it is to be; None: that of all.
        since: learn only from what is newer.

    Raises:
        NothingToLearn: no frame is stored, nothing was tested or chosen for, or too little of the account.
    """
    model = newest_model(engine) if model is None else model
    if model is None:
        raise NothingToLearn("no frames are stored: let the service look at videos first")
    with transaction(engine) as session:
        last_trial_id = session.scalar(select(func.max(Trial.id))) or 0
        last_judgement_id = session.scalar(select(func.max(Judgement.id))) or 0
        parent = heads.used_by(session, model, None, None)
    source = Stored(engine, model, since, last_trial_id, last_judgement_id)
    learned = learn(source, None if account is None else "/".join(account))
    own = len(learned.collected.own_videos)
    if account is not None and own < LEAST_OF_ACCOUNT:
        name = "/".join(account)
        raise NothingToLearn(
            f"{name} has {own} of about {LEAST_OF_ACCOUNT} videos that its own head needs; until then it has "
            "the one of all: train it without --account"
        )
    if not learned.collected.videos:
        with transaction(engine) as session:
            raise NothingToLearn(
                f"nothing was tested or chosen for yet: there are {heads.readiness(session, model)}"
            )
    limits = {
        "since": None if since is None else since.isoformat(),
        "last_trial_id": last_trial_id,
        "last_judgement_id": last_judgement_id,
    }
    platform, name_there = (None, None) if account is None else account
    with transaction(engine) as session:
        head = Head(
            platform=platform,
            account=name_there,
            model=model,
            parent_id=None if account is None or parent is None else parent.id,
            trained_on=learned.summary() | limits,
            arrays=learned.packed(),
            who=who,
        )
        session.add(head)
        session.flush()
        session.refresh(head)
    return head


def evaluate(engine: Engine, head_id: int) -> Head:
    """Judge a head by the gate, and keep the report in its row: it has passed, or is refused.

    Raises:
        HeadRefused: there is none, it was in use, it cannot be read, or another evaluation ended meanwhile.
        NothingToLearn: no frame is stored any more that its model has measured.
    """
    with transaction(engine) as session:
        head = heads.find(session, head_id)
        if head.state not in _MAY_BE_JUDGED:
            raise HeadRefused(f"head {head_id} is {head.state}: train another one, and judge that")
        evaluation = _evaluations(session, head) + 1
        present = heads.used_by(session, head.model, head.platform, head.account)
    source, direction = _source(engine, head), _direction_of(head)
    report = judge.judge(
        source,
        evaluation,
        None if present is None else _in_effect(present),
        None if head.account is None else heads.scope_of(head),
        filmstrips.look_through(source, direction),
    )
    nearest = explain.nearest(source, direction)
    with transaction(engine) as session:
        head = heads.find(session, head_id)
        session.execute(select(Head.id).where(Head.model == head.model).order_by(Head.id).with_for_update())
        session.refresh(head)
        if head.state not in _MAY_BE_JUDGED or _evaluations(session, head) + 1 != evaluation:
            raise HeadRefused("another evaluation ended meanwhile: run it again")
        before = (head.report or {}).get("spent", 0)
        head.report = report.document() | {
            # What an evaluation has spent stays so, also where another one finds too little to judge by.
            "spent": before if report.missing else evaluation,
            "against": None if present is None else present.id,
            "nearest": {side: [frame.id for frame in frames] for side, frames in nearest._asdict().items()},
        }
        head.state = _state_by(report)
    return head


def _state_by(report: Report) -> HeadState:
    if report.missing:
        return HeadState.CANDIDATE
    return HeadState.PASSED if report.is_passed else HeadState.REFUSED


def nearest_frames(engine: Engine, head_id: int) -> tuple[Head, explain.Nearest]:
    """Find the stored frames that a head likes best and least.

    Raises:
        HeadRefused: there is no such head, or it cannot be read.
    """
    with transaction(engine) as session:
        head = heads.find(session, head_id)
    return head, explain.nearest(_source(engine, head), _direction_of(head))


def _direction_of(head: Head) -> Vectors:
    try:
        return read_direction(head.arrays)
    except UnreadableHead as exc:
        raise HeadRefused(f"head {head.id} cannot be read: {exc}; train another one") from exc


def _in_effect(present: Head) -> Vectors | None:
    """Read the head that is in use; None where pickers cannot read it, and so pick without it."""
    try:
        return read_direction(present.arrays)
    except UnreadableHead:
        return None


def _source(engine: Engine, head: Head) -> Stored:
    trained: dict[str, Any] = head.trained_on
    since = trained.get("since")
    return Stored(
        engine,
        head.model,
        None if since is None else datetime.fromisoformat(since),
        trained.get("last_trial_id"),
        trained.get("last_judgement_id"),
    )


def _evaluations(session: Session, head: Head) -> int:
    """Count how often heads of this model and account were judged; where too little was there, none was."""
    same = (
        Head.model == head.model,
        Head.platform.is_not_distinct_from(head.platform),
        Head.account.is_not_distinct_from(head.account),
    )
    return session.scalar(select(func.max(Head.report["spent"].as_integer())).where(*same)) or 0
