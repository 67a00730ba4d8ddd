"""What a worker does with one publication: show the chosen thumbnail at the platform.

A platform knows nothing of our leases, so a write may happen twice, after a crash between it and the commit
that notes it. It is the same write then.

A foreign thumbnail, one that a person or a program set at the platform, is left alone, and noted. The
platform is asked just before the write, and no platform takes a condition with a write: what is set there
between the answer and the write, a fraction of a second, is overwritten, and so is what is set after a write
of ours whose answer was lost.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from worker import metrics, publications
from worker.database import transaction
from worker.errors import (
    LeaseLost,
    PublishRejected,
    Stopping,
    ThumbsError,
)
from worker.platforms.base import ForeignThumbnails, NewThumbnail, WriteBack
from worker.publishing import picks_webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.platforms.base import Platform
    from worker.publications import PublicationClaim
    from worker.queue.leases import Lease, Leases
    from worker.settings import Settings

log = logging.getLogger(__name__)

# What was written comes back rounded, or brought within the video by up to two frames.
ROUNDING_S = 0.1


@dataclass(frozen=True)
class Publisher:
    """Everything that a publication needs, made once per process."""

    settings: Settings
    engine: Engine
    platform_of: Callable[[PublicationClaim], Platform]
    leases: Leases[PublicationClaim]
    owner: str  #: who we are, in leases and logs

    def publish(self, publication_id: int) -> None:
        """Claim a publication and write it to its platform; a hint that came late or twice does nothing."""
        with transaction(self.engine) as session:
            claim = publications.claim(session, publication_id, self.owner, self.settings.lease_s)
            uncertain_s = publications.uncertain_times_s(session, claim) if claim else []
        if claim is None:
            log.info("publication %d is not there to be taken", publication_id)
            return
        with (
            bound_contextvars(asset=f"{claim.platform}/{claim.external_id}", generation=claim.generation),
            self.leases.hold(claim) as lease,
        ):
            try:
                with metrics.PUBLISH_SECONDS.labels(claim.platform).time():
                    change = self._write(claim, lease, uncertain_s)
            except Exception as error:
                log.warning("not published: %s", error, exc_info=not isinstance(error, ThumbsError))
                self._store(partial(_end_unwritten, claim=claim, error=error))
            else:
                self._store(change)

    def _write(
        self, claim: PublicationClaim, lease: Lease[PublicationClaim], uncertain_s: Sequence[float]
    ) -> Callable[[Session], object]:
        """Show the thumbnail at the platform, and return the change of the rows that notes it."""
        with closing(self.platform_of(claim)) as platform:
            if platform.write_back is WriteBack.NONE:
                self._tell(claim, lease)
                return partial(publications.confirm, claim=claim, written=None)
            if platform.write_back is WriteBack.TIME and claim.is_image:
                raise PublishRejected(f"{platform.name} shows a moment of the video, and takes no picture")
            lease.check()
            asset = platform.asset(claim.external_id)
            asset.check_ready()
            is_ours = _may_be_ours(asset.shown, uncertain_s, platform.write_back)
            told_apart = platform.capabilities.foreign_thumbnails
            is_first = claim.written is None and told_apart is not ForeignThumbnails.ALWAYS
            if asset.shown is not None and not (is_ours or is_first or self._may_replace(asset.shown, claim)):
                log.info("left alone: a foreign thumbnail is set", extra={"action": "left_alone"})
                return partial(publications.yield_to, claim=claim, shown=asset.shown)
            lease.check()
            with transaction(self.engine) as session:
                publications.begin_write(session, claim)
            written = platform.write(asset, NewThumbnail(claim.time_s, claim.jpeg))
        log.info("published the thumbnail at %.3f s", claim.time_s, extra={"action": "published"})
        return partial(publications.confirm, claim=claim, written=written)

    def _tell(self, claim: PublicationClaim, lease: Lease[PublicationClaim]) -> None:
        """Send the picks to the customer's own system, if there is one."""
        if self.settings.picks_url is None:
            return
        lease.check()
        with transaction(self.engine) as session:
            publications.begin_write(session, claim)
            body = picks_webhook.message(session, claim, self.settings)
        picks_webhook.send(self.settings, claim, body)
        log.info("told PICKS_URL of the picks", extra={"action": "told"})

    def _may_replace(self, shown: str, claim: PublicationClaim) -> bool:
        """Tell whether what the platform shows is ours, or has to give way."""
        return shown in {claim.written, claim.replaces} or self.settings.foreign_thumbnail == "replace"

    def _store(self, change: Callable[[Session], object]) -> None:
        try:
            with transaction(self.engine) as session:
                change(session)
        except LeaseLost as exc:
            log.warning("the publication is not ours any more: %s", exc)
            metrics.FENCED_WRITES.inc()
        except SQLAlchemyError:
            log.exception("the database does not answer; once the lease has ended, the write is made again")


def _may_be_ours(shown: str | None, times_s: Sequence[float], write_back: WriteBack) -> bool:
    """Tell whether a write of one of these moments, whose answer was lost, may have left what is shown."""
    if write_back is not WriteBack.TIME:  # how one image is told from another is the platform's business
        return bool(times_s)
    try:
        shown_s = float(shown or "nothing")
    except ValueError:  # it is called by another name than its time
        return shown is not None and bool(times_s)
    return any(abs(shown_s - time_s) <= ROUNDING_S for time_s in times_s)


def _end_unwritten(session: Session, claim: PublicationClaim, error: Exception) -> None:
    if isinstance(error, Stopping):
        publications.give_back(session, claim)
    else:
        publications.fail(session, claim, error)
