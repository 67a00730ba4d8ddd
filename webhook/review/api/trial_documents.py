"""Writes tests, and what was learned, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook.assets import iso_time

if TYPE_CHECKING:
    from webhook.review.api.documents import Addresses
    from worker.database.models import Asset
    from worker.database.trials import Trial
    from worker.review.trials.heads import HeadView
    from worker.review.trials.listing import ListedTrial
    from worker.review.trials.view import ShownVariant, TrialView


def row_document(row: ListedTrial, addresses: Addresses) -> dict[str, Any]:
    """Describe a test of the list."""
    return _identity(row.trial, row.asset, row.said, addresses)


def trial_document(view: TrialView, addresses: Addresses) -> dict[str, Any]:
    """Describe all that the page of a test shows; of buckets of viewers, nothing."""
    imbalance, need = view.figures.imbalance, view.figures.need
    return {
        **_identity(view.trial, view.asset, view.said, addresses),
        "can_edit": view.can_edit,
        "looked_at": iso_time(view.looked_at),
        "impressions": view.counted,
        "variants": [_variant(one, addresses) for one in view.variants],
        "intervals": [
            {
                "better": one.a,
                "worse": one.b,
                "lift": one.lift,
                "low": one.low,
                "high": one.high,
                "says": one.said,
            }
            for one in view.intervals
        ],
        "imbalance": imbalance and {"is_alarm": imbalance.is_alarm, "shares": list(imbalance.shares)},
        "need": need and {"impressions": need.impressions, "days": need.days},
        "days": [
            {
                "day": day.day.isoformat(),
                "variants": [{"impressions": one.impressions, "rate": one.rate} for one in day.figures],
            }
            for day in view.days
        ],
        "looks": [{"at": iso_time(look.at), "says": look.said} for look in view.looks],
    }


def head_document(view: HeadView) -> dict[str, Any]:
    """Describe a learned head: how it was judged, and what became of it."""
    head = view.head
    return {
        "id": head.id,
        "platform": head.platform,
        "account": head.account,
        "model": head.model,
        "state": head.state,
        "says": view.said,
        "trained_at": iso_time(head.at),
        "trained_by": head.who,
        "shipped_at": iso_time(head.shipped_at),
        "shipped_by": head.shipped_by,
        "retired_at": iso_time(head.retired_at),
        "retired_because": head.retired_because,
        "rules": [
            {"name": rule.name, "says": rule.says, "demand": rule.demand, "is_met": rule.is_met}
            for rule in view.rules
        ],
    }


def _identity(trial: Trial, asset: Asset, said: str, addresses: Addresses) -> dict[str, Any]:
    return {
        "id": trial.id,
        "asset": asset.id,
        "platform": asset.platform,
        "account": asset.account,
        "asset_id": asset.external_id,
        "title": asset.title,
        "page": addresses.test(trial.id),
        "kind": trial.kind,
        "metric": trial.metric,
        "state": trial.state,
        "outcome": trial.outcome,
        "winner": trial.winner,
        "says": said,
        "started_at": iso_time(trial.started_at),
        "started_by": trial.started_by,
        "ends_at": iso_time(trial.ends_at),
        "ended_at": iso_time(trial.ended_at),
        "ended_by": trial.ended_by,
    }


def _variant(one: ShownVariant, addresses: Addresses) -> dict[str, Any]:
    figure = one.figure
    return {
        "number": one.number,
        "time_s": one.time_s,
        "thumbnail": one.thumbnail_id,
        "image_url": one.thumbnail_id and addresses.thumbnail(one.thumbnail_id),
        "share": one.share,
        "impressions": figure.impressions,
        "plays": figure.plays,
        "rate": figure.rate,
        "is_out": figure.is_out,
    }
