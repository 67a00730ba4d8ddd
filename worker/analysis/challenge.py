"""Champion against challenger: some new videos test what a learned head picks against the pick by hand.

A head passed its gate on tests of the past. Whether it goes on being right shows only where viewers see both
pictures, so in one of ten new videos an ordinary test compares the two, for as long as the head is in use.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Date, cast, exists, select

from worker.database.base import STATEMENT_BEGAN
from worker.database.models import Asset
from worker.database.trials import Trial, TrialDay
from worker.trials import starting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.jobs import JobClaim, Result
    from worker.pipeline.scoring.learned_head import LearnedHead
    from worker.settings import Settings

log = logging.getLogger(__name__)

ONE_OF = 10  #: new videos, one is tested
WHO = "learned head"  #: starts these tests, as histories name it
# Where no test has counted a viewer for so long, there is nobody who could tell the two pictures apart.
COUNTED_WITHIN = timedelta(days=90)


def is_challenged(claim: JobClaim, head: LearnedHead | None) -> bool:
    """Tell whether a job's video is to test a head: it is new, and drawn."""
    return head is not None and claim.known_fingerprint is None and is_drawn(claim.asset_id, head.id)


def is_drawn(asset_id: int, head_id: int) -> bool:
    """Draw one of ten assets for a head: the same ones, however often it is asked."""
    digest = hashlib.sha256(f"{head_id}:{asset_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % ONE_OF == 0


def start_challenge(
    session: Session, claim: JobClaim, result: Result, hand_rank: int | None, settings: Settings
) -> Trial | None:
    """Start the test of a drawn video whose result is stored; None where there is nothing to compare.

    That it is refused is no failure of the job: the video has its thumbnail all the same.

    Args:
        session: of the transaction that stored the result, with the asset's row locked.
        claim: the right to the job.
        result: whose thumbnails are stored.
        hand_rank: of the pick by hand among them; None where it is none of them.
        settings: of the service.
    """
    shown = result.publish
    by_hand = next(
        (one for one in result.thumbnails if (one.rank, one.aspect) == (hand_rank, shown.aspect)), shown
    )
    asset = session.get_one(Asset, claim.asset_id)
    if by_hand is shown or not _are_viewers_counted(session, asset):
        return None
    try:
        with session.begin_nested():
            return starting.start(
                session, asset, WHO, settings, is_challenge=True, thumbnail_ids=[shown.id, by_hand.id]
            )
    except starting.TrialRefused as exc:
        log.info("no test of what was learned: %s", exc)
        return None


def _are_viewers_counted(session: Session, asset: Asset) -> bool:
    """Tell whether tests of the account have counted anybody lately."""
    is_recent = TrialDay.day > cast(STATEMENT_BEGAN - COUNTED_WITHIN, Date)
    of_account = (Asset.platform == asset.platform, Asset.account == asset.account)
    counted = exists().where(
        is_recent, TrialDay.trial_id == Trial.id, Trial.asset_id == Asset.id, *of_account
    )
    return bool(session.scalar(select(counted)))
