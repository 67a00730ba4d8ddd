"""Stop what there is to do for assets, because an operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker import jobs
from worker.admin.assets import asset_name, find, operator_name
from worker.database import transaction
from worker.database.models import Asset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from worker.admin.assets import Match


class Cancellation(NamedTuple):
    """What an operator's word means, and what came of it."""

    asset: str  #: mux/main/ASSETID
    found: Match
    work: jobs.OpenWork  #: that there is, or that was cancelled


def find_open_work(engine: Engine, words: Sequence[str]) -> list[Cancellation]:
    """List what there is to do for these assets and jobs. Raises NotFound."""
    with transaction(engine) as session:
        matches = dict.fromkeys(find(session, word) for word in words)
        return [
            Cancellation(
                asset_name(session.get_one(Asset, found.asset_id)),
                found,
                jobs.open_work(session, found.asset_id, found.job_id),
            )
            for found in matches
        ]


def cancel_work(engine: Engine, wanted: Sequence[Cancellation], why: str) -> list[Cancellation]:
    """Cancel what was listed, and what came in between; one transaction for each asset."""
    actor, done = operator_name(), []
    for one in wanted:
        with transaction(engine) as session:
            asset_id, job_id = one.found
            cancelled = jobs.cancel_for_operator(session, asset_id, actor, why, job_id)
        done.append(one._replace(work=cancelled))
    return done
