"""What a worker does with one publication: show the chosen thumbnail at the platform.

A platform knows nothing of our leases, so a write may happen twice, after a crash between it and the commit
that notes it. It is the same write then.

A foreign thumbnail, one that a person or a program set at the platform, is left alone, and noted; what is
ours, `worker.publications.ownership` tells. The platform is asked just before the write. Only a bucket takes
a condition with it: at all others, what is set between the answer and the write, a fraction of a second, is
overwritten. So is, everywhere, what is set after a write of ours whose answer was lost. A write that was
refused left nothing there, so what is shown afterwards is somebody else's.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from worker import accounts, metrics, publications, tracing
from worker.database import transaction
from worker.database.models import Publication, Thumbnail
from worker.errors import (
    AssetGone,
    CredentialsRefused,
    LeaseLost,
    Overtaken,
    PicksNotTaken,
    PlatformUnavailable,
    PublishRejected,
    RateLimited,
    ShownMeanwhile,
    Stopping,
    ThumbsError,
)
from worker.http.deadline import Deadline
from worker.platforms.base import ForeignThumbnails, NewThumbnail, WriteBack
from worker.publishing import picks_webhook, picture_sink
from worker.queue import open_accounts
from worker.storage.links import ThumbnailLinks
from worker.storage.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from worker.database.states import PublicationState
    from worker.platforms.base import Platform
    from worker.publications import Marks, PublicationClaim
    from worker.queue.leases import Lease, Leases
    from worker.settings import Settings

log = logging.getLogger(__name__)

# What `Platform.write` raises only where nothing is shown because of it.
NOT_SHOWN = (AssetGone, CredentialsRefused, PublishRejected, RateLimited, ShownMeanwhile)


@dataclass(frozen=True)
class Publisher:
    """Everything that a publication needs, made once per process."""

    settings: Settings
    engine: Engine
    platform_of: Callable[[PublicationClaim], Platform]
    leases: Leases[PublicationClaim]
    owner: str  #: who we are, in leases and logs

    @cached_property
    def pictures(self) -> Pictures:
        """Where the pictures are."""
        return Pictures.of(self.settings)

    def publish(self, publication_id: int) -> None:
        """Claim a publication and write it to its platform; a hint that came late or twice does nothing."""
        with transaction(self.engine) as session:
            claim = publications.claim(
                session, publication_id, self.owner, self.settings.lease_s, self.settings.writes_per_account
            )
            marks = publications.Marks.read(session, claim) if claim else None
            account = open_accounts.waits_for(session, Publication, publication_id) if claim is None else None
        if claim is None or marks is None:
            # One row at a time asks for an account that ails, so others are sent back again and again.
            if account:
                log.debug("publication %d waits: %s", publication_id, account)
            else:
                log.info("publication %d is not there to be taken", publication_id)
            return
        with (
            bound_contextvars(
                asset=f"{claim.platform}/{claim.account}/{claim.external_id}", generation=claim.generation
            ),
            tracing.follow("write", claim.traceparent, "consumer", **_attributes(claim)),
            self.leases.hold(claim) as lease,
        ):
            try:
                with metrics.PUBLISH_SECONDS.labels(claim.platform).time():
                    change = self._write(claim, lease, marks)
            except Exception as error:
                log.warning("not published: %s", error, exc_info=not isinstance(error, ThumbsError))
                is_refused = isinstance(error, NOT_SHOWN)
                error = accounts.examine_refusal(error, lambda: self.platform_of(claim))
                end = partial(_end_unwritten, claim=claim, error=error, is_refused=is_refused)
                self._store(end, claim, error)
            else:
                self._store(change, claim)

    def _write(
        self, claim: PublicationClaim, lease: Lease[PublicationClaim], marks: Marks
    ) -> Callable[[Session], PublicationState]:
        """Show the thumbnail at the platform, and return the change of the rows that notes it."""
        with Deadline(should_stop=lease.check_ours), closing(self.platform_of(claim)) as platform:
            if platform.write_back is WriteBack.NONE:
                self._note(accounts.forgo_probe, claim)
                self._tell(claim, lease)
                return partial(publications.confirm, claim=claim, written=None)
            if platform.write_back is WriteBack.TIME and claim.is_image:
                raise PublishRejected(f"{platform.name} shows a moment of the video, and takes no picture")
            lease.check()
            asset = platform.asset(claim.external_id)
            self._note(accounts.note_answer, claim)
            asset.check_ready()
            if asset.shown is not None and not self._may_replace(asset.shown, claim, marks, platform):
                self._note(accounts.forgo_probe, claim)  # where only writes fail: nothing was written
                log.info("left alone: a foreign thumbnail is set", extra={"action": "left_alone"})
                return partial(publications.yield_to, claim=claim, shown=asset.shown)
            thumbnail = self._new_thumbnail(claim, platform)
            lease.check()
            with transaction(self.engine) as session:
                publications.begin_write(session, claim)
            written = platform.write(asset, thumbnail)
            self._note(partial(accounts.note_answer, to_write=True), claim)
            if platform.leaves_showing_to_others:  # and only keeps what we wrote
                self._tell(claim, lease)
        log.info("published the thumbnail at %.3f s", claim.time_s, extra={"action": "published"})
        return partial(publications.confirm, claim=claim, written=written)

    def _new_thumbnail(self, claim: PublicationClaim, platform: Platform) -> NewThumbnail:
        """Say what is to be shown, and where the picture is fetched by a platform that does so."""
        if platform.write_back is WriteBack.TIME and claim.jpeg is None:
            return NewThumbnail(claim.time_s, b"")  # the platform cuts it itself
        jpeg = self.pictures.thumbnail(claim.sha256, claim.jpeg)
        if platform.write_back is not WriteBack.URL:
            return NewThumbnail(claim.time_s, jpeg)
        sha256 = hashlib.sha256(jpeg).hexdigest()
        # Signed wherever some addresses have to be: whether this video is private may just have changed.
        url = ThumbnailLinks.of(self.settings).url(sha256, is_private=None)
        return NewThumbnail(claim.time_s, jpeg, url)

    def _note(self, what: Callable[[Session, str, str], None], claim: PublicationClaim) -> None:
        """Note what became of the platform, in the account's row; it is not worth a failed write."""
        with suppress(SQLAlchemyError), transaction(self.engine) as session:
            what(session, claim.platform, claim.account)

    def _tell(self, claim: PublicationClaim, lease: Lease[PublicationClaim]) -> None:
        """Send the pictures and the picks to the customer's own systems, if there are any.

        One that is down keeps nothing from the other, which may hear the same again with the next attempt.
        """
        if self.settings.picks_url is None and self.settings.pictures_url is None:
            return
        lease.check()
        with transaction(self.engine) as session:
            publications.begin_write(session, claim)
        failures: list[PlatformUnavailable | PublishRejected] = []
        # Pictures first, so that they are there when the picks are told.
        for send in (self._put_pictures, self._tell_picks):
            try:
                send(claim, lease)
            except (PlatformUnavailable, PublishRejected) as exc:
                failures.append(exc)
        for failure in failures:
            if isinstance(failure, PlatformUnavailable):
                raise PicksNotTaken(str(failure), failure.retry_after_s) from failure
        if failures:
            raise failures[0]

    def _put_pictures(self, claim: PublicationClaim, lease: Lease[PublicationClaim]) -> None:
        """Put every picture that PICTURES_URL asks for at its address."""
        with transaction(self.engine) as session:
            pictures = picture_sink.addressed_pictures(session, claim, self.settings)
        for picture in pictures:
            self._put(picture, lease)

    def _tell_picks(self, claim: PublicationClaim, lease: Lease[PublicationClaim]) -> None:
        """Tell PICKS_URL of the picks, if it is set."""
        if self.settings.picks_url is None:
            return
        lease.check()
        with transaction(self.engine) as session:
            body = picks_webhook.message(session, claim, self.settings)
        picks_webhook.send(self.settings, claim, body)
        log.info("told PICKS_URL of the picks", extra={"action": "told"})

    def _put(self, picture: picture_sink.AddressedPicture, lease: Lease[PublicationClaim]) -> None:
        """Put one picture at the customer's address for it."""
        lease.check()
        with transaction(self.engine) as session:
            stored = select(Thumbnail.sha256, Thumbnail.jpeg).where(Thumbnail.id == picture.thumbnail_id)
            row = session.execute(stored).one_or_none()
        if row is None:
            raise Overtaken("the picture was removed meanwhile")
        picture_sink.send(self.settings, picture, self.pictures.thumbnail(row.sha256, row.jpeg))
        log.info("put a picture at PICTURES_URL", extra={"action": "put"})

    def _may_replace(self, shown: str, claim: PublicationClaim, marks: Marks, platform: Platform) -> bool:
        """Tell whether what the platform shows is ours, or has to give way."""
        told_apart = platform.capabilities.foreign_thumbnails
        is_first = claim.written is None and told_apart is not ForeignThumbnails.ALWAYS
        has_to_yield = shown == claim.replaces or self.settings.foreign_thumbnail == "replace"
        return (
            is_first
            or has_to_yield
            or marks.hold(shown, platform.write_back, platform.capabilities.into_frame_s)
        )

    def _store(
        self,
        change: Callable[[Session], PublicationState],
        claim: PublicationClaim,
        error: Exception | None = None,
    ) -> None:
        try:
            with transaction(self.engine) as session:
                state = change(session)
        except LeaseLost as exc:
            log.warning("the publication is not ours any more: %s", exc)
            metrics.FENCED_WRITES.inc()
        except SQLAlchemyError:
            log.exception("the database does not answer; once the lease has ended, the write is made again")
        else:
            error_class = type(error).__name__ if error else ""
            metrics.PUBLISH_ATTEMPTS.labels(claim.platform, claim.account, state, error_class).inc()
            tracing.note(result=state, error_class=error_class)


def _attributes(claim: PublicationClaim) -> dict[str, str | int]:
    return {
        "platform": claim.platform,
        "account": claim.account,
        "asset": claim.external_id,
        "publication_id": claim.row_id,
        "attempt": claim.attempt,
    }


def _end_unwritten(
    session: Session, claim: PublicationClaim, error: Exception, *, is_refused: bool
) -> PublicationState:
    if isinstance(error, Stopping):
        return publications.give_back(session, claim)
    return publications.fail(session, claim, error, is_refused=is_refused)
