"""Tells the customer's own system what was picked: a POST to `PICKS_URL`, signed by Standard Webhooks.

It goes out in the place of a write, for videos on no platform, and on one that takes no thumbnail. It tells
what is shown from now on, and all picks of the run that it came from. It may come twice, under one id.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from worker.database.models import Asset
from worker.errors import SettingsInvalid
from worker.platforms.shared.signatures import sign_standard
from worker.publications.told import PickWords, find_thumbnail, picks_of_run
from worker.publishing.delivery import deliver
from worker.settings.types import revealed
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.publications import PublicationClaim
    from worker.settings import Settings

EVENT = "thumbnails.picked"


def message(session: Session, claim: PublicationClaim, settings: Settings) -> bytes:
    """Write the body of the request.

    It has the same bytes at every attempt, but for the signed addresses of pictures: an attempt may come when
    those of the one before are over.

    Args:
        session: of any transaction.
        claim: the right to the publication.
        settings: where the pictures are served, and whether their addresses are signed.
    """
    words = PickWords.of(session.get_one(Asset, claim.asset_id), settings)
    shown = find_thumbnail(session, claim.thumbnail_id)
    data = {
        "platform": claim.platform,
        "account": claim.account,
        "asset_id": claim.external_id,
        "page": words.page,
        "shown": words.thumbnail(shown),
        "picks": words.picks(picks_of_run(session, claim.asset_id, shown.generation)),
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
    """Send it to the customer's system, under the id of the write. Raises as `deliver`.

    The id is the same at every attempt, and where an operator has it sent again: it is the same message.
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
    deliver("PICKS_URL", "POST", settings.picks_url, body, {"Content-Type": "application/json", **signed})
