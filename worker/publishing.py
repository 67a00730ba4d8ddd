"""What a worker does with one publication: show the chosen thumbnail at the platform.

A platform knows nothing of our leases, so a write may happen twice, after a crash between it and the commit
that notes it. It is the same write then. A thumbnail that somebody else set is left alone.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from worker import metrics, publications
from worker.database import transaction
from worker.errors import AssetFailed, LeaseLost, NotReadyYet, PlatformUnavailable, Stopping, ThumbsError
from worker.logs import about
from worker.models import Publication, PublicationState
from worker.platforms.base import AssetState, Choice, Sink

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.platforms.base import Asset, Platform
    from worker.publications import Claim
    from worker.settings import Settings

log = logging.getLogger(__name__)

# A publication's lease is not renewed: it outlasts the two requests, which end after 20 s each.
LEASES_PER_PUBLICATION = 2


@dataclass(frozen=True)
class Publisher:
    """Everything that a publication needs, made once per process."""

    settings: Settings
    engine: Engine
    platform_of: Callable[[Claim], Platform]
    owner: str  #: who we are, in leases and logs
    stopping: threading.Event  #: set when this process is to end

    def publish(self, publication_id: int) -> None:
        """Do the write, if it is there to be done."""
        ends_s = time.monotonic() + self._lease_s
        with transaction(self.engine) as session:
            claim = publications.claim(session, publication_id, self.owner, self._lease_s)
            is_uncertain = claim is not None and _may_have_written(session, claim)
        if claim is None:
            log.info("publication %d is not there to be taken", publication_id)
            return
        with about(asset=f"{claim.platform}/{claim.external_id}", generation=claim.generation):
            try:
                with metrics.PUBLISH_SECONDS.labels(claim.platform).time():
                    written = self._write(claim, ends_s, is_uncertain=is_uncertain)
            except Exception as error:
                log.warning("not published: %s", error, exc_info=not isinstance(error, ThumbsError))
                self._store(partial(_end_unwritten, claim=claim, error=error))
            else:
                log.info("published the thumbnail at %.3f s", claim.time_s, extra={"action": "published"})
                self._store(partial(publications.confirm, claim=claim, written=written))

    @property
    def _lease_s(self) -> float:
        return LEASES_PER_PUBLICATION * self.settings.lease_s

    def _write(self, claim: Claim, ends_s: float, *, is_uncertain: bool) -> str | None:
        """Show the thumbnail, and return what the platform shows because of us."""
        with closing(self.platform_of(claim)) as platform:
            if platform.sink is Sink.NONE:
                return None
            self._go_on()
            asset = _ready(platform.asset(claim.external_id))
            if asset.shown not in {None, claim.written} and not is_uncertain:
                log.info("left alone: somebody else set a thumbnail", extra={"action": "left_alone"})
                return claim.written
            self._go_on()
            if ends_s - time.monotonic() < self.settings.lease_s:
                raise PlatformUnavailable("the platform's answer took too long to write safely")
            return platform.write(asset, Choice(claim.time_s, claim.jpeg))

    def _go_on(self) -> None:
        if self.stopping.is_set():
            raise Stopping("this worker is stopping")

    def _store(self, change: Callable[[Session], object]) -> None:
        try:
            with transaction(self.engine) as session:
                change(session)
        except LeaseLost as exc:
            log.warning("the publication is not ours any more: %s", exc)
            metrics.FENCED_WRITES.inc()
        except SQLAlchemyError:
            log.exception("the database does not answer; once the lease has ended, the write is made again")


def _ready(asset: Asset) -> Asset:
    """The asset, if it can be written to."""
    if asset.state is AssetState.PREPARING:
        raise NotReadyYet(f"asset {asset.id} is being made again at its platform")
    if asset.state is AssetState.FAILED:
        raise AssetFailed(f"the platform could not process asset {asset.id}; upload it again")
    return asset


def _may_have_written(session: Session, claim: Claim) -> bool:
    """Whether a write of ours may have reached the platform since the last one that is known to have.

    What the platform shows may be ours then, though we never noted it.
    """
    confirmed = select(func.max(Publication.id)).where(
        Publication.asset_id == claim.asset_id, Publication.state == PublicationState.CONFIRMED
    )
    attempts = select(func.sum(Publication.attempt)).where(
        Publication.asset_id == claim.asset_id,
        Publication.id > func.coalesce(confirmed.scalar_subquery(), 0),
    )
    this_one = 1
    return (session.scalar(attempts) or this_one) > this_one


def _end_unwritten(session: Session, claim: Claim, error: Exception) -> None:
    if isinstance(error, Stopping):
        publications.give_back(session, claim)
    else:
        publications.fail(session, claim, error)
