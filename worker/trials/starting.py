"""Starts tests. A stand-in of branch `pages`: the whole comes with branch `trials`."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker import choices
from worker.database import NOW
from worker.database.states import TrialKind, TrialMetric
from worker.database.trials import Trial, Variant
from worker.trials.arms.variants import default_variants, read_shelf
from worker.trials.assignment import bucket_ranges
from worker.trials.refused import TrialRefused
from worker.trials.running import running_trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset, Thumbnail
    from worker.settings import Settings


def start(
    session: Session,
    asset: Asset,
    who: str,
    settings: Settings,
    *,
    kind: TrialKind = TrialKind.VIEWERS,
    metric: TrialMetric = TrialMetric.PLAYS,
    count: int = 2,
    days: int | None = None,
    thumbnail_ids: Sequence[int] | None = None,
    is_challenge: bool = False,
) -> Trial:
    """Start a test; raise TrialRefused where none can be."""
    if running_trial(session, asset.id) is not None:
        raise TrialRefused("a test of this video runs already; stop it first")
    if choices.open_choice(session, asset) is not None:
        raise TrialRefused("a person chose this thumbnail; release the choice first")
    shelf = read_shelf(session, asset)
    named = [pick for pick in shelf.picks if pick.id in (thumbnail_ids or ())]
    taken = named if thumbnail_ids else default_variants(shelf, count)
    if len(taken) < len(thumbnail_ids or ()):
        raise TrialRefused("one of the pictures is not of the newest run: choose again")
    now = session.scalars(select(NOW)).one()
    trial = Trial(
        asset_id=asset.id,
        fingerprint=asset.fingerprint,
        aspect=taken[0].aspect,
        kind=kind,
        metric=metric,
        salt=secrets.token_hex(8),
        timezone=settings.test_timezone if kind == TrialKind.SLOTS else None,
        alpha=0.05,
        tau=0.2,
        is_challenge=is_challenge,
        started_at=now,
        started_by=who,
        ends_at=now + timedelta(days=days or settings.test_days),
    )
    session.add(trial)
    session.flush()
    for number, (pick, ends) in enumerate(zip(taken, bucket_ranges(len(taken)), strict=True)):
        session.add(_variant(trial, number, pick, ends))
    session.flush()
    return trial


def _variant(trial: Trial, number: int, pick: Thumbnail, ends: tuple[int, int]) -> Variant:
    return Variant(
        trial_id=trial.id,
        number=number,
        thumbnail_id=pick.id,
        sha256=pick.sha256,
        time_s=pick.time_s,
        bucket_from=ends[0],
        bucket_to=ends[1],
        model=pick.model,
    )
