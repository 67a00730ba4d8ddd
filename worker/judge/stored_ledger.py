"""The ledger of a fleet: verdicts of one asset, and a budget of requests a day that all workers share.

Each act is a transaction of its own, so that none is open while a judge works. A database that does not
answer fails no job here: the pictures stay unjudged where it cannot be asked, and where it cannot be told,
the work goes on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Date, cast, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from worker.database import transaction
from worker.database.base import STATEMENT_BEGAN
from worker.database.learning import JudgeDay, JudgeVerdict
from worker.database.models import Asset
from worker.errors import Unjudged, first_line
from worker.judge.documents import as_document, verdict_of
from worker.judge.ledger import budget_spent

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, Engine

    from worker.pipeline.judging.verdict import Verdict

log = logging.getLogger(__name__)

#: By the database's clock, so that workers whose clocks differ share a day.
TODAY: ColumnElement[Any] = cast(func.timezone("UTC", STATEMENT_BEGAN), Date)


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """What is known of one asset's verdicts, and what was spent today; see `worker.judge.ledger.Ledger`."""

    engine: Engine
    asset_id: int
    budget: int  #: requests a day, of all workers; 0: any number

    def recall(self, key: str) -> Verdict | None:
        """Find what was said of the same pictures, asked in the same way; it is kept for longer then.

        Raises:
            Unjudged: the database did not answer.
        """
        of_these = (JudgeVerdict.asset_id == self.asset_id, JudgeVerdict.key == key)
        used = update(JudgeVerdict).where(*of_these).values(used_at=STATEMENT_BEGAN)
        try:
            with transaction(self.engine) as session:
                document = session.scalar(used.returning(JudgeVerdict.verdict))
        except SQLAlchemyError as exc:
            raise _unanswered(exc) from exc
        try:
            return None if document is None else verdict_of(document)
        except ValueError:
            log.info("a verdict of another version is not used: asset %d", self.asset_id)
            return None

    def spend(self) -> None:
        """Take one request out of today's budget.

        Raises:
            Unjudged: nothing is left of it, or the database did not answer.
        """
        first = insert(JudgeDay).values(day=TODAY, requests=1)
        another = first.on_conflict_do_update(
            index_elements=[JudgeDay.day],
            set_={"requests": JudgeDay.requests + 1},
            # It sees what others have just committed, so a fleet never spends more than the budget.
            where=JudgeDay.requests < self.budget if self.budget else true(),
        )
        try:
            with transaction(self.engine) as session:
                spent = session.scalar(another.returning(JudgeDay.requests))
        except SQLAlchemyError as exc:
            raise _unanswered(exc) from exc
        if spent is None:
            raise budget_spent(self.budget)

    def count(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Add up what the day's requests cost, as the judge's server counted."""
        first = insert(JudgeDay).values(day=TODAY, prompt_tokens=prompt_tokens, answer_tokens=answer_tokens)
        added = {
            "prompt_tokens": JudgeDay.prompt_tokens + first.excluded.prompt_tokens,
            "answer_tokens": JudgeDay.answer_tokens + first.excluded.answer_tokens,
        }
        try:
            with transaction(self.engine) as session:
                session.execute(first.on_conflict_do_update(index_elements=[JudgeDay.day], set_=added))
        except SQLAlchemyError as exc:
            log.warning("the judge's tokens were not counted: %s", first_line(exc))

    def keep(self, key: str, verdict: Verdict) -> None:
        """Store a verdict, unless the asset was deleted meanwhile: then nothing of it is to be kept."""
        is_there = select(Asset.id).where(Asset.id == self.asset_id, Asset.deleted_at.is_(None))
        said = {
            "model": verdict.model,
            "prompt_version": verdict.prompt_version,
            "verdict": as_document(verdict),
            "used_at": STATEMENT_BEGAN,
        }
        stored = insert(JudgeVerdict).values(asset_id=self.asset_id, key=key, **said)
        of_these = [JudgeVerdict.asset_id, JudgeVerdict.key]
        try:
            with transaction(self.engine) as session:
                # It waits for whoever erases the asset right now, and then finds it deleted.
                if session.scalar(is_there.with_for_update(read=True, key_share=True)) is not None:
                    session.execute(stored.on_conflict_do_update(index_elements=of_these, set_=said))
        except SQLAlchemyError as exc:
            log.warning("the judge's verdict was not kept: %s", first_line(exc))


def _unanswered(error: SQLAlchemyError) -> Unjudged:
    return Unjudged("failed", f"the database did not answer: {first_line(error)}")
