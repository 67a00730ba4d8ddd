"""What judges were measured to be worth, in the database: the newest check of the same judge counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Date, func, select

from worker.database.learning import JudgeCheck, JudgeDay
from worker.judge.prompt import PROMPT_VERSION
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from worker.settings.judge import JudgeSettings

FIELDS = "url model prompt_version pictures readings sight say report who at"
"""Of a check, in the order in which programs are told of it."""

UNMEASURED = Say.TIES  #: what a judge may decide that nobody has measured


class CheckSubject(NamedTuple):
    """What a check is of; where any of it is another, nothing was measured."""

    url: str
    model: str
    prompt_version: str
    pictures: int  #: shown at most
    readings: int  #: of the order
    sight: str  #: of the model whose score it was compared with

    @classmethod
    def of(cls, settings: JudgeSettings, sight: str) -> CheckSubject:
        """Read the settings; JUDGE_URL and JUDGE_MODEL have to be set."""
        return cls(
            (settings.judge_url or "").rstrip("/"),
            settings.judge_model or "",
            PROMPT_VERSION,
            settings.judge_pictures,
            settings.judge_readings,
            sight,
        )


def say_for(session: Session, settings: JudgeSettings, sight: str) -> Say:
    """Read what the judge of the settings may decide, whatever JUDGE_MODE says.

    Args:
        session: of the database.
        settings: with JUDGE_URL and JUDGE_MODEL.
        sight: of the model that scores, as of thumbnails.
    """
    check = newest(session, settings, sight)
    # A newer version of this program may have stored a word that this one does not know.
    return Say(check.say) if check is not None and check.say in set(Say) else UNMEASURED


def newest(session: Session, settings: JudgeSettings, sight: str) -> JudgeCheck | None:
    """Find the newest check of the judge of the settings; None where nobody has measured it."""
    of = CheckSubject.of(settings, sight)._asdict()
    query = select(JudgeCheck).filter_by(**of).order_by(JudgeCheck.id.desc()).limit(1)
    return session.scalars(query).first()


def store(
    session: Session, settings: JudgeSettings, sight: str, say: Say, report: Mapping[str, Any], who: str
) -> JudgeCheck:
    """Store a check, which is the newest from now on.

    Args:
        session: of the database.
        settings: with JUDGE_URL and JUDGE_MODEL.
        sight: of the model whose score the judge was compared with.
        say: what it may decide.
        report: what was measured, as JSON.
        who: measured it.
    """
    check = JudgeCheck(**CheckSubject.of(settings, sight)._asdict(), say=say, report=dict(report), who=who)
    session.add(check)
    session.flush()
    session.refresh(check)
    return check


def list_checks(session: Session, limit: int) -> Sequence[JudgeCheck]:
    """List checks, newest first."""
    return session.scalars(select(JudgeCheck).order_by(JudgeCheck.id.desc()).limit(limit)).all()


def bounded(measured: Say, settings: JudgeSettings) -> Say:
    """Bound what was measured by JUDGE_MODE, which may take say away and never gives any."""
    return Say.VETO if settings.judge_mode == "veto" and measured is not Say.NOTHING else measured


class DailyUse(NamedTuple):
    """What judges were asked on one day (UTC), by all workers together."""

    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0


def spent_today(session: Session) -> DailyUse:
    """Read what was asked today, by the clock of the database."""
    day = session.get(JudgeDay, today_of(session))
    return DailyUse() if day is None else DailyUse(day.requests, day.prompt_tokens, day.answer_tokens)


def today_of(session: Session) -> date:
    """Read the day (UTC) by the clock of the database, which a fleet shares."""
    return session.scalars(select(func.timezone("UTC", func.now()).cast(Date))).one()
