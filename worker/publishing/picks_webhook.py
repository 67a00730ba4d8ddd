"""Tells the customer's own system what was picked: a POST to `PICKS_URL`, signed by Standard Webhooks.

It goes out in the place of a write, for videos on no platform, and on one that takes no thumbnail. It tells
what is shown from now on, and all picks of the run that it came from. It may come twice, under one id.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from worker import tracing
from worker.database.models import Asset, Thumbnail
from worker.database.thumbnail_links import ThumbnailLinks
from worker.errors import PlatformUnavailable, PublishRejected, SettingsInvalid
from worker.http.client import BoundedClient
from worker.http.failure import reason_of
from worker.http.retry_after import retry_after_s
from worker.platforms.shared.signatures import sign_standard
from worker.settings.types import revealed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.publications import PublicationClaim
    from worker.settings import Settings

EVENT = "thumbnails.picked"
TIMEOUT_S = 15.0  # of silence; a whole exchange may last 30 s; the standard suggests 15 to 30


def message(session: Session, claim: PublicationClaim, settings: Settings) -> bytes:
    """Write the body of the request.

    It has the same bytes at every attempt, but for the signed addresses of pictures: an attempt may come when
    those of the one before are over.

    Args:
        session: of any transaction.
        claim: the right to the publication.
        settings: where the pictures are served, and whether their addresses are signed.
    """
    is_private = session.get_one(Asset, claim.asset_id).is_private
    links = ThumbnailLinks.of(settings)

    def described(thumbnail: Thumbnail) -> dict[str, Any]:
        return {**_described(thumbnail), "image_url": links.url(thumbnail.sha256, is_private=is_private)}

    shown = session.get_one(Thumbnail, claim.thumbnail_id)
    of_run = (
        Thumbnail.asset_id == claim.asset_id,
        Thumbnail.generation == shown.generation,
        Thumbnail.rank > 0,
    )
    picks = session.scalars(select(Thumbnail).where(*of_run).order_by(Thumbnail.rank, Thumbnail.aspect))
    data = {
        "platform": claim.platform,
        "account": claim.account,
        "asset_id": claim.external_id,
        "shown": described(shown),
        "picks": [{"rank": pick.rank, **described(pick)} for pick in picks],
    }
    return json.dumps({"type": EVENT, "timestamp": shown.created_at.isoformat(), "data": data}).encode()


def check_secrets(settings: Settings) -> None:
    """Raise SettingsInvalid where PICKS_URL is set, and a secret is missing that it needs."""
    if settings.picks_url is None:
        return
    if settings.picks_secret is None:
        raise SettingsInvalid("PICKS_SECRET: missing, and PICKS_URL needs it")
    ThumbnailLinks.of(settings).check()


def send(settings: Settings, claim: PublicationClaim, body: bytes) -> None:
    """Send it to the customer's system.

    Raises:
        PlatformUnavailable: it did not answer with 2xx; try later.
        PublishRejected: it answered with 410, which says that it wants nothing more.
    """
    if settings.picks_url is None or settings.picks_secret is None:
        return
    signed = sign_standard(
        body,
        settings.picks_secret.get_secret_value(),
        f"picks_{claim.row_id}",
        time.time(),
        previous=revealed(settings.picks_secret_previous),
    )
    headers = {"Content-Type": "application/json", "traceparent": tracing.traceparent(), **signed}
    try:
        # The body of the answer says nothing that we need, and could be endless.
        with (
            BoundedClient(timeout_s=TIMEOUT_S) as client,
            client.stream("POST", settings.picks_url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except httpx.RequestError as exc:
        raise PlatformUnavailable(f"PICKS_URL: no whole answer ({reason_of(exc)})") from exc
    if status == HTTPStatus.GONE:
        raise PublishRejected("PICKS_URL answers 410: it wants no more picks; set another, or none")
    if not httpx.codes.is_success(status):
        raise PlatformUnavailable(f"PICKS_URL answers {status}; see that system's log", retry_after_s(answer))


def _described(thumbnail: Thumbnail) -> dict[str, Any]:
    return {
        "time_s": thumbnail.time_s,
        "score": thumbnail.score,
        "reasons": thumbnail.reasons,
        "aspect": thumbnail.aspect,
        "width_px": thumbnail.width_px,
        "height_px": thumbnail.height_px,
    }
