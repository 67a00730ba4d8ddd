"""Starts tests: the only place that adds them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker.database import NOW
from worker.database.models import Thumbnail
from worker.database.states import TrialKind, TrialMetric
from worker.database.trials import Trial, Variant
from worker.errors import PermanentError
from worker.trials.assignment import bucket_ranges
from worker.trials.running import running_trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.settings import Settings


class TrialRefused(PermanentError):
    """A test cannot start; the message names the remedy."""


def start(
    session: Session,
    asset: Asset,
    who: str,
    settings: Settings,
    *,
    thumbnail_ids: Sequence[int],
    is_challenge: bool = False,
) -> Trial:
    """Start a test of an asset whose row is locked; raise TrialRefused where one runs already."""
    if running_trial(session, asset.id) is not None:
        raise TrialRefused("a test of it runs already: stop that one first, or wait for its end")
    now = session.scalars(select(NOW)).one()
    pictures = [session.get_one(Thumbnail, number) for number in thumbnail_ids]
    trial = Trial(
        asset_id=asset.id,
        fingerprint=asset.fingerprint,
        aspect=pictures[0].aspect,
        kind=TrialKind.VIEWERS,
        metric=TrialMetric.PLAYS,
        salt=secrets.token_hex(8),
        alpha=0.05,
        tau=0.2,
        is_challenge=is_challenge,
        started_at=now,
        started_by=who,
        ends_at=now + timedelta(days=settings.test_days),
    )
    session.add(trial)
    session.flush()
    ranges = bucket_ranges(len(pictures))
    for number, (picture, (bucket_from, bucket_to)) in enumerate(zip(pictures, ranges, strict=True)):
        variant = Variant(trial_id=trial.id, number=number, thumbnail_id=picture.id, sha256=picture.sha256)
        variant.time_s, variant.model, variant.embedding = picture.time_s, picture.model, picture.embedding
        variant.bucket_from, variant.bucket_to = bucket_from, bucket_to
        variant.cues, variant.hand_score = picture.cues, picture.hand_score
        variant.head_id = picture.head_id
        session.add(variant)
    session.flush()
    return trial
