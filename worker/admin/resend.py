"""Find what the customer's own systems were told of picks, and have it sent again.

A message goes out in the place of a write, so its row is that of a publication: to send it again is to let
that row wait anew. The publish worker does the rest, with its retries; a later pick still takes its place.
"""

from __future__ import annotations

import enum
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from worker import publications
from worker.admin.assets import assets_named
from worker.admin.find import asset_name
from worker.database import transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.database.states import Priority, PublicationState
from worker.errors import SettingsInvalid, UnknownAccount
from worker.platforms import platform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.settings import Settings

OPEN = (PublicationState.PENDING, PublicationState.SENDING)
BATCH = 1000  # publications that are looked at in one statement


class ToldFilters(NamedTuple):
    """Which assets an operator means."""

    since: datetime | None = None  #: that were told, or were to be told, from this time on
    platform: str | None = None
    account: str | None = None
    names: Sequence[str] = ()  #: these only; as `worker.admin.assets.find` takes them


class Resent(enum.StrEnum):
    """What became of a message that was told before."""

    QUEUED = "queued"  #: it is sent again
    WAITING = "waiting"  #: it is still to be sent, or is being sent right now
    CANCELLED = "cancelled"  #: an operator called it off; `thumbs requeue` asks for a new one


class NewestMessage(NamedTuple):
    """The newest message about one asset."""

    asset: str  #: mux/main/ASSETID
    asset_id: int
    state: str  #: of the publication
    at: datetime  #: when it was taken, or, where it was not, asked for
    time_s: float  #: the moment of the video that is shown
    outcome: Resent | None = None  #: None: nothing was done, it was only listed

    @property
    def is_open(self) -> bool:
        """Whether it is still to be sent, or is being sent."""
        return self.state in OPEN


def check_addresses(settings: Settings) -> None:
    """Raise SettingsInvalid where there is nobody to be told."""
    if settings.picks_url is None and settings.pictures_url is None:
        raise SettingsInvalid(
            "PICKS_URL: missing, and so is PICTURES_URL: nobody is told of picks; set what the service has"
        )


def find_told(
    engine: Engine,
    wanted: ToldFilters,
    settings: Settings,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[NewestMessage]:
    """Find the newest message about each asset, in the order in which they were asked for.

    Only of assets whose thumbnails no platform takes; those that are deleted are left out.

    Args:
        engine: the database.
        wanted: which assets.
        settings: which accounts there are.
        on_progress: called with how many messages were looked at, and how many there are.

    Raises:
        NotFound: a name means nothing.
    """
    with transaction(engine) as session:
        named = {asset.id for asset in assets_named(session, wanted.names)}
        first, last = session.execute(select(func.min(Publication.id), func.max(Publication.id))).one()
    for start in range(first or 0, (last or -1) + 1, BATCH):
        with transaction(engine) as session:
            found = [
                told
                for told, asset in _of_range(session, wanted, range(start, start + BATCH))
                if (not wanted.names or asset.id in named) and _is_told(asset, settings)
            ]
        yield from found
        on_progress(min(start + BATCH, last + 1) - first, last + 1 - first)


def resend(engine: Engine, told: NewestMessage) -> NewestMessage:
    """Have one message sent again, after all that is newer; its asset's row is locked for a moment."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, told.asset_id, with_for_update=True)
        newest = select(Publication.state).where(Publication.asset_id == asset.id)
        state = session.scalar(newest.order_by(Publication.id.desc()).limit(1))
        if state in OPEN:
            return told._replace(outcome=Resent.WAITING)
        is_queued = publications.ask_again(session, asset, Priority.BACKFILL)
    return told._replace(outcome=Resent.QUEUED if is_queued else Resent.CANCELLED)


def _of_range(session: Session, wanted: ToldFilters, ids: range) -> list[tuple[NewestMessage, Asset]]:
    """Read the newest publications of assets, as far as their ids lie in a range."""
    of_asset = aliased(Publication)
    newest = select(func.max(of_asset.id)).where(of_asset.asset_id == Asset.id).scalar_subquery()
    # What failed was last tried when its time had come.
    at = func.coalesce(
        Publication.confirmed_at, func.greatest(Publication.created_at, Publication.scheduled_at)
    )
    statement = (
        select(Asset, Publication.state, at, Thumbnail.time_s)
        .join(Publication, Publication.asset_id == Asset.id)
        .join(Thumbnail, Thumbnail.id == Publication.thumbnail_id)
        .where(
            Publication.id.between(ids.start, ids.stop - 1),
            Publication.id == newest,
            Asset.deleted_at.is_(None),
        )
        .order_by(Publication.id)
    )
    if wanted.since is not None:
        statement = statement.where(at >= wanted.since)
    if wanted.platform:
        statement = statement.where(Asset.platform == wanted.platform)
    if wanted.account:
        statement = statement.where(Asset.account == wanted.account)
    return [
        (NewestMessage(asset_name(asset), asset.id, state, told_at, time_s), asset)
        for asset, state, told_at, time_s in session.execute(statement)
    ]


def _is_told(asset: Asset, settings: Settings) -> bool:
    """Tell whether a message goes out for an asset."""
    try:
        platform = platform_of(asset.platform, asset.account, settings, asset.media_url)
    except UnknownAccount:
        return False
    with closing(platform):
        return platform.leaves_showing_to_others
