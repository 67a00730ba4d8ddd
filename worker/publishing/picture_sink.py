"""Puts the pictures themselves at addresses of the customer's own: `PICTURES_URL`.

For videos on no platform, and on one that takes no thumbnail. The address is a template, and says by its
fields which pictures are wanted: the one to show, that moment in every ratio (`{aspect}`), or all picks
(`{rank}`). The same picture goes to the same address at every attempt, and a newer one replaces it there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from sqlalchemy import select

from worker.database.models import Thumbnail
from worker.errors import PublishRejected
from worker.platforms.shared.signatures import sign_standard
from worker.publications.told import find_thumbnail, picks_of_run
from worker.publishing.delivery import deliver
from worker.settings.types import revealed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.publications import PublicationClaim
    from worker.settings import Settings

SETTING = "PICTURES_URL"
SHOWN = 0  #: in the place of a rank: what is shown, be it the best pick or what a person chose


class AddressedPicture(NamedTuple):
    """A stored picture, and where it is wanted."""

    thumbnail_id: int
    url: str
    message_id: str  #: the same at every attempt


def addressed_pictures(
    session: Session, claim: PublicationClaim, settings: Settings
) -> list[AddressedPicture]:
    """List the pictures that PICTURES_URL asks for, what is shown first; none where it is not set.

    Raises:
        PublishRejected: the asset's id can be no part of an address.
    """
    template = settings.pictures_url
    if template is None:
        return []
    found: dict[str, AddressedPicture] = {}
    for rank, thumbnail in _wanted(session, claim, template):
        url = template.format_map(
            {
                "platform": claim.platform,
                "account": claim.account,
                "asset": _escaped(claim.external_id),
                "rank": rank,
                "aspect": thumbnail.aspect.replace(":", "x"),
            }
        )
        message_id = f"picture_{claim.row_id}_{rank}_{thumbnail.id}"
        found.setdefault(url, AddressedPicture(thumbnail.id, url, message_id))
    return list(found.values())


def send(settings: Settings, picture: AddressedPicture, jpeg: bytes) -> None:
    """Put one picture at its address. Raises as `deliver`."""
    headers = {"Content-Type": "image/jpeg"}
    if token := revealed(settings.pictures_token):
        headers["Authorization"] = f"Bearer {token}"
    if secret := revealed(settings.pictures_secret):
        previous = revealed(settings.pictures_secret_previous)
        headers |= sign_standard(jpeg, secret, picture.message_id, time.time(), previous=previous)
    deliver(SETTING, settings.pictures_method, picture.url, jpeg, headers)


def _wanted(session: Session, claim: PublicationClaim, template: str) -> Iterator[tuple[int, Thumbnail]]:
    """Yield pictures with the rank that they have in addresses."""
    shown = find_thumbnail(session, claim.thumbnail_id)
    yield SHOWN, shown
    has_every_ratio = "{aspect}" in template
    if has_every_ratio:
        for other in _same_moment(session, shown):
            yield SHOWN, other
    if "{rank}" in template:
        picks = picks_of_run(session, claim.asset_id, shown.generation)
        # A pick's first row has the ratio to publish.
        first = {pick.rank: pick.id for pick in sorted(picks, key=lambda pick: -pick.id)}
        for pick in picks:
            if has_every_ratio or first[pick.rank] == pick.id:
                yield pick.rank, pick


def _same_moment(session: Session, shown: Thumbnail) -> list[Thumbnail]:
    """List what was cut from the same frame, to any ratio."""
    same = (
        Thumbnail.asset_id == shown.asset_id,
        Thumbnail.generation == shown.generation,
        Thumbnail.rank == shown.rank,
        Thumbnail.time_s == shown.time_s,
        Thumbnail.id != shown.id,
    )
    ids = session.scalars(select(Thumbnail.id).where(*same).order_by(Thumbnail.id)).all()
    return [find_thumbnail(session, other) for other in ids]


def _escaped(asset_id: str) -> str:
    """Write an id as one part of a path: what it holds leads nowhere else."""
    if asset_id in {".", ".."}:  # which no escape keeps servers from reading as a step up
        raise PublishRejected(f"{SETTING}: {asset_id!r} can be no part of an address; choose another id")
    return quote(asset_id, safe="")
