"""Starts tests: the only place that adds them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from worker import choices
from worker.database import NOW
from worker.database.states import TrialKind, TrialMetric
from worker.database.trials import Trial, Variant
from worker.platforms import configured_accounts
from worker.platforms.media_url import ACCOUNT as DIRECT_ACCOUNT
from worker.platforms.media_url import MediaUrl
from worker.storage.links import ThumbnailLinks
from worker.trials.accounts.wishes import settings_of
from worker.trials.arms.variants import (
    MAX_VARIANTS,
    MIN_VARIANTS,
    default_variants,
    named_variants,
    read_shelf,
)
from worker.trials.assignment import bucket_ranges
from worker.trials.prospects import Prospect, prospect
from worker.trials.refused import TrialRefused
from worker.trials.running import running_trial
from worker.trials.slots.admission import why_refused
from worker.trials.slots.drawing import begin_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from worker.database.models import Asset, Thumbnail
    from worker.settings import Settings

__all__ = ["Prospect", "TrialRefused", "prospect", "start", "variants_for"]

SALT_BYTES = 8
ALPHA = 0.05  #: how often a false winner may be found
# How far apart two pictures of a video are expected to be, as a log of rates (docs/learning.md).
TAU = 0.2


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
    from_choice: bool = False,
) -> Trial:
    """Start a test of an asset whose row is locked.

    Args:
        session: its transaction.
        asset: the video.
        who: starts it.
        settings: what is usual, and which accounts there are.
        kind: who sees which variant.
        metric: what is compared.
        count: how many variants, where nobody names the pictures.
        days: the longest that it goes on; None: TEST_DAYS.
        thumbnail_ids: the pictures, what is shown now among them; None: that and the best that differ.
        is_challenge: whether a learned head is tried.
        from_choice: what a person chose is one of the variants; the choice is released for it.

    Raises:
        TrialRefused: there can be no such test; the message names the remedy.
    """
    taken = variants_for(
        session,
        asset,
        settings,
        kind=kind,
        count=count,
        thumbnail_ids=thumbnail_ids,
        from_choice=from_choice,
    )
    if kind is TrialKind.SLOTS:
        _check_days(asset, settings, days or settings.test_days, metric, len(taken))
    if from_choice:
        # It stays what is shown; were it open, it would end the test.
        choices.release(session, asset, who, "released into a test", is_replaced=True)
    now = session.scalars(select(NOW)).one()
    trial = Trial(
        asset_id=asset.id,
        fingerprint=asset.fingerprint,
        aspect=taken[-1].aspect,
        kind=kind,
        metric=metric,
        salt=secrets.token_hex(SALT_BYTES),
        timezone=settings_of(asset, settings).test_timezone if kind is TrialKind.SLOTS else None,
        alpha=ALPHA,
        tau=TAU,
        is_challenge=is_challenge,
        started_at=now,
        started_by=who,
        ends_at=now + timedelta(days=days or settings.test_days),
    )
    session.add(trial)
    session.flush()
    asset.untested_because = None
    _lay_out(session, trial, taken)
    return trial


def variants_for(
    session: Session,
    asset: Asset,
    settings: Settings,
    *,
    kind: TrialKind = TrialKind.VIEWERS,
    count: int = 2,
    thumbnail_ids: Sequence[int] | None = None,
    from_choice: bool = False,
) -> list[Thumbnail]:
    """Choose what a test would compare, what is shown now first, without their bytes. Nothing is changed.

    For the arguments, and what is raised, see `start`.
    """
    if not MIN_VARIANTS <= count <= MAX_VARIANTS:
        raise TrialRefused(f"a test compares {MIN_VARIANTS} to {MAX_VARIANTS} pictures")
    _check(session, asset, settings)
    choice = choices.open_choice(session, asset)
    if choice is not None and choice.lost_at is not None:
        choice = None  # nothing is shown of it
    if choice is not None and not from_choice:
        raise TrialRefused(
            "a person chose its thumbnail: release the choice first, or start the test from it"
            " (--from-choice)"
        )
    if choice is None and from_choice:
        raise TrialRefused("nothing is chosen for it: start the test without --from-choice")
    shelf = read_shelf(session, asset, choice)
    if kind is TrialKind.VIEWERS:
        _check_openness(asset, settings)
    if thumbnail_ids is not None:
        return named_variants(session, asset, shelf, thumbnail_ids)
    return default_variants(shelf, count)


def _check(session: Session, asset: Asset, settings: Settings) -> None:
    """Refuse a test that could not go on, whatever its pictures are."""
    if asset.deleted_at is not None:
        raise TrialRefused("the video is deleted at its platform; a test needs it there")
    if asset.is_held:
        raise TrialRefused(
            "its picks are flagged as unsafe, and viewers see none of them without a person's choice: set"
            " PUBLISH_FLAGGED and look again with `thumbs requeue`, or leave it untested"
        )
    if running_trial(session, asset.id) is not None:
        raise TrialRefused("a test of it runs already: stop that one first, or wait for its end")
    name = (asset.platform, asset.account)
    if name != (MediaUrl.name, DIRECT_ACCOUNT) and name not in configured_accounts(settings):
        raise TrialRefused(
            f"the account {asset.platform}/{asset.account} is not set here: run this where the service's"
            " variables are set"
        )
    if asset.foreign_thumbnail is not None:
        raise TrialRefused(
            "somebody else set its thumbnail at the platform: choose one here first, and start the test"
            " from that"
        )


def _check_openness(asset: Asset, settings: Settings) -> None:
    """Refuse a test whose pictures no page of viewers is told; see `webhook.variants.manifests`."""
    if ThumbnailLinks.of(settings).must_be_signed(is_private=asset.is_private):
        raise TrialRefused(
            "its pictures open by signed addresses only, which viewers do not have: test videos whose"
            " pictures are open (SIGNED_THUMBNAILS)"
        )
    if asset.is_private is None:
        raise TrialRefused(
            "whether it is private at its platform was never asked: look again with `thumbs requeue`, and"
            " then start the test"
        )
    if asset.is_private:
        raise TrialRefused(
            "it is private at its platform, and what is told to pages of viewers is open to everybody: test"
            " videos that are public, or by days"
        )


def _check_days(asset: Asset, settings: Settings, days: int, metric: TrialMetric, variants: int) -> None:
    """Refuse a test by days that its platform cannot show or count, or that is too short to tell anything."""
    reason = why_refused(asset, settings, days, metric=metric, variants=variants)
    if reason is not None:
        raise TrialRefused(reason)


def _lay_out(session: Session, trial: Trial, pictures: Sequence[Thumbnail]) -> None:
    """Say who sees which picture: the viewers of its buckets, or all of them on its days."""
    session.add_all(
        _variant(trial, number, picture, len(pictures)) for number, picture in enumerate(pictures)
    )
    session.flush()
    if trial.kind == TrialKind.SLOTS:
        begin_slots(session, trial)


def _variant(trial: Trial, number: int, picture: Thumbnail, count: int) -> Variant:
    bucket_from, bucket_to = bucket_ranges(count)[number]
    return Variant(
        trial_id=trial.id,
        number=number,
        thumbnail_id=picture.id,
        sha256=picture.sha256,
        time_s=picture.time_s,
        bucket_from=bucket_from,
        bucket_to=bucket_to,
        model=picture.model,
        embedding=picture.embedding,
        cues=picture.cues,
        hand_score=picture.hand_score,
        head_id=picture.head_id,
    )
