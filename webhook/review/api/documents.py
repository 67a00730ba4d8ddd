"""Writes assets, decisions and acts as JSON: times in seconds, dates in ISO 8601, whole addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook.assets import DELETED, describe_job, describe_write, iso_time
from worker.admin.judge.said import judged_document, tied_places

if TYPE_CHECKING:
    from collections.abc import Collection

    from worker.database.choices import Choice
    from worker.database.models import Asset
    from worker.database.people import AuditEntry
    from worker.review.acts import Conflict
    from worker.review.asset import AssetView, PickCrops
    from worker.review.cards import Card
    from worker.review.conflicts import PagePicture
    from worker.review.filmstrip import Frame
    from worker.review.progress import AssetProgress
    from worker.settings import Settings


class Addresses:
    """Where programs find things, as they reach these pages."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.root = f"{settings.review_url}/api/v1"

    def page(self, asset: Asset) -> str:
        """Return where people see an asset."""
        return self._settings.page_of(asset.platform, asset.account, asset.external_id)

    def test(self, trial_id: int) -> str:
        """Return where people see a test."""
        return f"{self._settings.review_url}/t/{trial_id}"

    def thumbnail(self, thumbnail_id: int) -> str:
        """Return where a thumbnail's JPEG is, for the same token."""
        return f"{self.root}/pictures/{thumbnail_id}.jpg"

    def frame(self, candidate_id: int) -> str:
        """Return where a candidate's JPEG is, for the same token."""
        return f"{self.root}/frames/{candidate_id}.jpg"


def card_document(card: Card, addresses: Addresses) -> dict[str, Any]:
    """Describe an asset of the list."""
    shown = card.shown
    return {
        **_identity(card.asset, addresses),
        "can_edit": card.can_edit,
        "reasons": [reason._asdict() for reason in card.reasons],
        "shown": shown
        and {
            "thumbnail": shown.thumbnail_id,
            "time_s": shown.time_s,
            "width_px": shown.width_px,
            "height_px": shown.height_px,
            "image_url": addresses.thumbnail(shown.thumbnail_id),
        },
    }


def asset_document(view: AssetView, platform_page: str | None, addresses: Addresses) -> dict[str, Any]:
    """Describe all that the page of an asset shows; of one that is deleted, no pictures."""
    asset, history, seen = view.asset, view.history, view.progress.seen
    job, is_deleted = history.jobs[0].job if history.jobs else None, asset.deleted_at is not None
    choice, publication = history.choice, history.publication
    tied = tied_places(history.candidates)
    return {
        **_identity(asset, addresses),
        "can_edit": view.can_edit and not is_deleted,
        "platform_page": platform_page,
        "deleted_at": iso_time(asset.deleted_at),
        "accepts": view.taken,
        "generation": seen.generation,
        "choice": seen.choice_id,
        "chosen": choice and _choice(choice),
        "state": DELETED if is_deleted else job and job.state,
        "job": job and describe_job(job),
        "write": publication and describe_write(publication),
        "progress": _progress(view.progress),
        "foreign_thumbnail": asset.foreign_thumbnail,
        "options": asset.options or {},
        "shown": None if is_deleted else _shown(view, addresses),
        "picks": [] if is_deleted else [_pick(pick, tied, addresses) for pick in view.picks],
        "candidates": [] if is_deleted else [_candidate(frame, addresses) for frame in view.frames],
    }


def conflict_document(conflict: Conflict, addresses: Addresses) -> dict[str, Any]:
    """Describe both sides, and what to send in order to insist; None where that is no longer there."""
    wanted, holding, seen = conflict.wanted, conflict.holding, conflict.seen
    again: dict[str, Any] | None = {"generation": seen.generation, "choice": seen.choice_id}
    if wanted is not None:
        wish = wanted.wish
        named = {"candidate": wish.candidate_id, "thumbnail": wish.thumbnail_id, "time_s": wish.time_s}
        again = {name: value for name, value in named.items() if value is not None} | (again or {})
    elif conflict.act == "choose":
        again = None
    return {
        "act": conflict.act,
        "yours": wanted and _picture(wanted.picture, addresses),
        "theirs": {
            "how": holding.how,
            "who": holding.who,
            "at": iso_time(holding.at),
            "picture": _picture(holding.picture, addresses),
        },
        "again": again,
    }


def audit_document(entry: AuditEntry) -> dict[str, Any]:
    """Describe what somebody did."""
    return {
        "id": entry.id,
        "at": iso_time(entry.at),
        "who": entry.who,
        "via": entry.via,
        "act": entry.act,
        "asset": entry.asset_id,
        "detail": entry.detail,
    }


def _identity(asset: Asset, addresses: Addresses) -> dict[str, Any]:
    return {
        "id": asset.id,
        "platform": asset.platform,
        "account": asset.account,
        "asset_id": asset.external_id,
        "title": asset.title,
        "duration_s": asset.duration_s,
        "is_flagged": asset.is_flagged,
        "created_at": iso_time(asset.created_at),
        "reviewed_at": iso_time(asset.reviewed_at),
        "reviewed_by": asset.reviewed_by,
        "page": addresses.page(asset),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "kind": choice.kind,
        "time_s": choice.time_s,
        "who": choice.who,
        "why": choice.why,
        "made_at": iso_time(choice.made_at),
        "lost_at": iso_time(choice.lost_at),
    }


def _progress(progress: AssetProgress) -> dict[str, Any]:
    return {
        "is_settled": progress.is_settled,
        "says": [{"tone": line.tone, "says": line.says, "at": iso_time(line.at)} for line in progress.lines],
    }


def _shown(view: AssetView, addresses: Addresses) -> dict[str, Any] | None:
    shown = view.history.shown
    if shown is None or view.history.is_held:
        return None
    choice = view.history.choice
    is_own = view.is_chosen and choice is not None and choice.time_s is None
    return {
        "thumbnail": shown.id,
        "time_s": None if is_own else shown.time_s,
        "width_px": shown.width_px,
        "height_px": shown.height_px,
        "image_url": addresses.thumbnail(shown.id),
        "is_chosen": view.is_chosen,
    }


def _pick(pick: PickCrops, tied: Collection[int], addresses: Addresses) -> dict[str, Any]:
    return {
        "rank": pick.rank,
        "time_s": pick.first.time_s,
        "score": pick.first.score,
        "reasons": pick.first.reasons,
        "by_judge": judged_document(pick.first, tied),
        "crops": [
            {
                "thumbnail": crop.id,
                "aspect": crop.aspect,
                "width_px": crop.width_px,
                "height_px": crop.height_px,
                "image_url": addresses.thumbnail(crop.id),
            }
            for crop in pick.crops
        ],
    }


def _candidate(frame: Frame, addresses: Addresses) -> dict[str, Any]:
    return {
        "candidate": frame.id,
        "number": frame.number,
        "time_s": frame.time_s,
        "score": frame.score,
        "fate": frame.fate,
        "says": frame.says,
        "by_judge": frame.judged and frame.judged._asdict(),
        "image_url": addresses.frame(frame.id),
    }


def _picture(picture: PagePicture | None, addresses: Addresses) -> dict[str, Any] | None:
    if picture is None:
        return None
    is_stored = picture.thumbnail_id is not None
    return {
        "time_s": picture.time_s,
        "image_url": addresses.thumbnail(picture.thumbnail_id or 0)
        if is_stored
        else addresses.frame(picture.candidate_id or 0),
    }
