"""Tells the customer's own systems what is known of an asset: what it waits for, what is shown, the picks.

For whoever missed what `PICKS_URL` was told, or cannot be called. The question is signed as an event is, with
its own words, `GET /v1/assets/<platform>/<account>/<id>`, in the place of a body: so no signature of an
event, or of another question, opens it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from worker.database.models import Asset, Job, Publication, Thumbnail
from worker.database.states import JobState, PublicationState
from worker.inbox import own_events
from worker.inbox.storable import is_storable_id
from worker.publications.told import PickWords, find_thumbnail, picks_of_run
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

DELETED = "deleted"  #: in the place of the newest job's state


class AssetId(PathConverter):
    """An id that may hold slashes, also at its beginning: those of videos on no platform are free."""

    regex = ".+"
    part_isolating = False


def asset_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the route of an asset: /v1/assets/<platform>/<account>/<id>."""
    pages = Blueprint("assets", __name__)
    # Before the route, which needs it.
    pages.record_once(lambda setup: setup.app.url_map.converters.update(asset=AssetId))
    ThumbnailLinks.of(settings).check()

    @pages.get("/v1/assets/<platform>/<account>/<asset:asset_id>")
    def asset(platform: str, account: str, asset_id: str) -> Response:
        names = (platform, account, asset_id)
        own_events.verify(dict(request.headers), _question(*names), settings, time.time())
        found = all(map(is_storable_id, names)) and database.in_transaction(
            lambda session: _describe(session, names, settings)
        )
        if not found:
            raise NotFound("nothing is known of this asset; an event, or `thumbs sync`, makes it known")
        response = jsonify(found)
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def _question(platform: str, account: str, asset_id: str) -> bytes:
    """Write what is signed: the id as it is, as proxies may write what is escaped of it in other ways."""
    return f"GET /v1/assets/{platform}/{account}/{asset_id}".encode()


def _describe(session: Session, names: tuple[str, str, str], settings: Settings) -> dict[str, Any] | None:
    """Gather what is known; None of an asset that never came, or that was erased."""
    platform, account, external_id = names
    asset = session.scalar(
        select(Asset).filter_by(platform=platform, account=account, external_id=external_id)
    )
    if asset is None or asset.erased_at:
        return None
    job = session.scalar(select(Job).where(Job.asset_id == asset.id).order_by(Job.id.desc()).limit(1))
    publication, words = _newest(session, asset), PickWords.of(asset, settings)
    known: dict[str, Any] = {
        "platform": platform,
        "account": account,
        "asset_id": external_id,
        "title": asset.title,
        "duration_s": asset.duration_s,
        "page": words.page,
        "deleted_at": iso_time(asset.deleted_at),
        "state": DELETED if asset.deleted_at else job and job.state,
        "job": job and describe_job(job),
        "write": publication and describe_write(publication),
        "foreign_thumbnail": asset.foreign_thumbnail,
        "shown": None,
        "picks": [],
    }
    if asset.deleted_at:  # whose pictures are served no more
        return known
    shown_id = _shown_id(session, asset)
    newest = select(func.max(Thumbnail.generation)).where(Thumbnail.asset_id == asset.id, Thumbnail.rank > 0)
    generation = session.scalar(newest)
    return known | {
        "shown": None if shown_id is None else words.thumbnail(find_thumbnail(session, shown_id)),
        "picks": [] if generation is None else words.picks(picks_of_run(session, asset.id, generation)),
    }


def _newest(session: Session, asset: Asset) -> Publication | None:
    of_asset = select(Publication).where(Publication.asset_id == asset.id)
    return session.scalar(of_asset.order_by(Publication.id.desc()).limit(1))


def _shown_id(session: Session, asset: Asset) -> int | None:
    """Find the thumbnail that is shown because of us; None where nothing is, or somebody else's."""
    if asset.foreign_thumbnail is not None:
        return None
    was_written = (Publication.confirmed_at.is_not(None), Publication.state != PublicationState.YIELDED)
    newest = select(Publication.thumbnail_id).where(Publication.asset_id == asset.id, *was_written)
    return session.scalar(newest.order_by(Publication.id.desc()).limit(1))


def describe_job(job: Job) -> dict[str, Any]:
    """Describe a job; its error counts only where it waits or was given up because of it."""
    is_failed = job.state in {JobState.RETRYABLE, JobState.DISCARDED}
    return {
        "state": job.state,
        "reason": job.reason,
        "requested_at": iso_time(job.requested_at),
        "finished_at": iso_time(job.finished_at),
        "note": job.note,
        "error": job.error if is_failed else None,
    }


def describe_write(publication: Publication) -> dict[str, Any]:
    """Describe a write; its error counts only where it goes on, or was given up because of it."""
    is_failed = publication.state in {PublicationState.PENDING, PublicationState.FAILED}
    return {
        "state": publication.state,
        "confirmed_at": iso_time(publication.confirmed_at),
        "error": publication.error if is_failed else None,
    }


def iso_time(at: datetime | None) -> str | None:
    """Write a time for programs."""
    return at.isoformat() if at else None
