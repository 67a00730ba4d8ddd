"""Find the test that an operator means: by its number, or as the newest one of an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.admin.find import find
from worker.database.base import MAX_ROW_ID
from worker.database.models import Asset
from worker.database.trials import Trial
from worker.trials import running
from worker.trials.refused import TrialRefused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_test(session: Session, word: str, *, for_update: bool = False) -> tuple[Asset, Trial]:
    """Find a test by its number, as `thumbs test list` prints it, or the newest one of an asset.

    Args:
        session: any.
        word: as the operator wrote it; a number is never that of a job here.
        for_update: lock the asset's row.

    Raises:
        NotFound: there is no such asset.
        TrialRefused: there is no test of that number, or none of the asset.
    """
    trial = _numbered(session, word)
    if trial is not None:
        return _asset(session, trial.asset_id, for_update=for_update), _as_it_is(session, trial)
    match = find(session, word)
    if match.job_id is not None:
        raise TrialRefused(f"there is no test {word}; `thumbs test list` lists them")
    asset = _asset(session, match.asset_id, for_update=for_update)
    trial = running.newest_trial(session, asset.id)
    if trial is None:
        why = f": {asset.untested_because}" if asset.untested_because else ""
        raise TrialRefused(f"there is no test of it{why}; `thumbs test start {word}` starts one")
    return asset, trial


def _asset(session: Session, asset_id: int, *, for_update: bool) -> Asset:
    return session.get_one(Asset, asset_id, with_for_update=for_update, populate_existing=for_update)


def _as_it_is(session: Session, trial: Trial) -> Trial:
    """Read a test again: while we waited for its asset's row, it may have ended."""
    session.refresh(trial)
    return trial


def _numbered(session: Session, word: str) -> Trial | None:
    is_number = word.isdecimal() and int(word) <= MAX_ROW_ID
    return session.get(Trial, int(word)) if is_number else None
