"""Check tests of pictures: those that count nothing, and those whose pictures were not shown as drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from worker.admin.find import asset_name
from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialOutcome
from worker.database.trials import Trial, TrialCount
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.trials.running import IS_ENDED, IS_RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from worker.settings import Settings

MAX_TOLD = 3  # videos; with more, it is only said that there are more
SILENT_FOR = timedelta(days=1)
TOLD_OF_BROKEN = timedelta(days=7)


def check_trials(settings: Settings) -> Iterator[Finding]:
    """Look for tests that cannot tell anything as things are; nothing is said where there are none."""

    def look(session: Session) -> Iterator[Finding]:
        yield from _silent(session, settings)
        yield from _broken(session)

    yield from ask_database(settings, "tests", look)


def _silent(session: Session, settings: Settings) -> Iterator[Finding]:
    has_counted = exists().where(TrialCount.trial_id == Trial.id)
    is_old = Trial.started_at < STATEMENT_BEGAN - SILENT_FOR
    names = _names(session, IS_RUNNING, Trial.kind == TrialKind.VIEWERS, is_old, ~has_counted)
    if names:
        remedy = (
            "is the snippet on the page (docs/learning.md), `thumbs beacon` running, and BEACON_URL"
            f" ({settings.beacon_url}) what browsers reach it by?"
        )
        says = f"nothing was counted of tests in a day or more: {names}"
        yield Finding("tests", State.WARNING, says, remedy)


def _broken(session: Session) -> Iterator[Finding]:
    is_new = Trial.ended_at >= STATEMENT_BEGAN - TOLD_OF_BROKEN
    names = _names(session, IS_ENDED, is_new, Trial.outcome == TrialOutcome.BROKEN)
    if names:
        says = f"tests whose pictures were not shown as drawn: {names}"
        remedy = (
            "no cache may keep a page or an answer with the picture of one viewer: see docs/learning.md, and"
            " start them again"
        )
        yield Finding("tests", State.WARNING, says, remedy)


def _names(session: Session, *which: ColumnElement[bool]) -> str:
    """Name the first videos whose tests these are; empty where there are none."""
    found = select(Asset).join(Trial, Trial.asset_id == Asset.id).where(*which)
    names = [asset_name(one) for one in session.scalars(found.order_by(Trial.id).limit(MAX_TOLD + 1))]
    return ", ".join([*names[:MAX_TOLD], *(["others"] if len(names) > MAX_TOLD else [])])
