"""The loop of a bucket: upload, event, pick, a picture beside the video, and no more work from that."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from sqlalchemy import update

from tests.support.media import clips, pictures
from tests.support.platforms.storage import TOKEN, Storage, notification, storage
from tests.support.service import builders
from webhook.app import create_app
from worker import jobs, publications
from worker.analysis.analyzer import Analyzer
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job, Publication, Thumbnail
from worker.inbox.reconcile import ReconcileStatus, reconcile
from worker.platforms import platform_of
from worker.publishing.publisher import Publisher
from worker.queue.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from worker.analysis.decoder_pool import Decoders
    from worker.pipeline.scoring.models import Models
    from worker.settings import Settings

VIDEO, PICTURE = "uploads/2026/a day+night.mp4", "uploads/2026/a day+night.jpg"


@dataclass
class BucketRig:
    """A bucket, the receiver, and both workers, in the test's own process."""

    storage: Storage
    receiver: FlaskClient
    settings: Settings
    analyzer: Analyzer
    publisher: Publisher
    engine: Engine

    def tell(self, event: str, key: str, **stored: str) -> int:
        """Post what MinIO would, and return the answer's status."""
        body = notification(event, key, **stored)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return self.receiver.post("/webhooks/s3/main", data=body, headers=headers).status_code

    def upload(self, name: Literal["bikes", "bigbuckbunny"]) -> None:
        """Store a video of a second, and tell of it."""
        clip = clips.write(self.settings.data_dir / "clip.mp4", pictures.footage(name, 25))
        self.storage.upload(VIDEO, clip.read_bytes())
        assert self.tell("s3:ObjectCreated:Put", VIDEO) == 202

    def work(self) -> tuple[Job, Publication | None]:
        """Do what is due, and return the newest job and the newest write."""
        with transaction(self.engine) as session:
            session.execute(update(Job).values(scheduled_at=Job.requested_at))
        with transaction(self.engine) as session:
            due_jobs = jobs.announce(session, rehint_s=60.0)
        for hint in due_jobs:
            self.analyzer.analyze(hint.id)
        with transaction(self.engine) as session:
            due_writes = publications.announce(session, rehint_s=60.0)
        for hint in due_writes:
            self.publisher.publish(hint.id)
        writes = builders.every(self.engine, Publication)
        return builders.every(self.engine, Job)[-1], writes[-1] if writes else None


@pytest.fixture
def bucket(engine: Engine, models: Models, decoders: Decoders, tmp_path: Path) -> Iterator[BucketRig]:
    """Return a service with one bucket."""
    stopping = threading.Event()
    with storage() as found:
        # No ALLOW_LOOPBACK: that the settings name the storage is enough.
        settings = builders.make_settings(
            s3={"main": found.account()}, work_dir=tmp_path, data_dir=tmp_path, count=2
        )

        def platform(claim: jobs.JobClaim | publications.PublicationClaim) -> object:
            return platform_of(claim.platform, claim.account, settings)

        limits = (settings.lease_s, settings.job_timeout_s, stopping)
        with Leases(engine, jobs.renew, *limits) as leases:
            yield BucketRig(
                found,
                create_app(settings, engine).test_client(),
                settings,
                Analyzer(settings, engine, models, decoders, leases, platform, "host:1:analyze"),
                Publisher(
                    settings, engine, platform, Leases(engine, publications.renew, *limits), "host:1:publish"
                ),
                engine,
            )


def test_an_upload_gets_a_picture_beside_it_and_that_is_all(bucket: BucketRig) -> None:
    """The event of our own picture asks for nothing, and neither does a second event of the video."""
    bucket.upload("bikes")

    job, write = bucket.work()

    assert job.state == "completed", job.error
    assert write is not None
    assert write.state == "confirmed", write.error
    best = min(builders.every(bucket.engine, Thumbnail), key=lambda one: one.rank)
    assert bucket.storage.object(PICTURE)["Body"].read() == best.jpeg
    assert builders.only(bucket.engine, Asset).external_id == VIDEO

    assert bucket.tell("s3:ObjectCreated:Put", PICTURE) == 200
    assert bucket.tell("s3:ObjectCreated:Put", VIDEO) == 202
    job, write = bucket.work()
    assert job.state == "completed"
    assert [len(builders.every(bucket.engine, table)) for table in (Job, Publication)] == [2, 1]
    assert builders.every(bucket.engine, WebhookEvent)[1].outcome == "ignored"


def test_a_replaced_video_gets_a_new_picture_and_a_persons_is_left_alone(bucket: BucketRig) -> None:
    """Told by the entity tags of the video and of the picture."""
    bucket.upload("bikes")
    bucket.work()
    first = bucket.storage.object(PICTURE)["ETag"]
    bucket.upload("bigbuckbunny")
    bucket.work()
    second = bucket.storage.object(PICTURE)["ETag"]
    assert second != first

    bucket.storage.upload(PICTURE, b"a person's picture", ContentType="image/jpeg")
    bucket.upload("bikes")
    job, write = bucket.work()

    assert job.state == "completed"
    assert write is not None
    assert bucket.storage.object(PICTURE)["Body"].read() == b"a person's picture"
    assert builders.only(bucket.engine, Asset).foreign_thumbnail


def test_a_deletion_ends_the_work_and_a_later_upload_begins_anew(bucket: BucketRig) -> None:
    """Under the same key."""
    bucket.upload("bikes")
    assert bucket.tell("s3:ObjectRemoved:Delete", VIDEO) == 202

    assert builders.only(bucket.engine, Asset).deleted_at is not None
    assert builders.job_states(bucket.engine) == ["cancelled"]

    bucket.upload("bikes")
    assert bucket.work()[0].state == "completed"


def test_the_list_finds_what_no_event_told_of(bucket: BucketRig) -> None:
    """As where MinIO keeps no events while we are away."""
    bucket.storage.upload(VIDEO, b"old", Metadata={})
    bucket.storage.upload("uploads/z.mp4", b"new")
    platform = platform_of("s3", "main", bucket.settings)

    (step,) = reconcile(bucket.engine, platform, bucket.settings)

    assert step.counts == {ReconcileStatus.MISSED: 2}
    assert {asset.external_id for asset in builders.every(bucket.engine, Asset)} == {VIDEO, "uploads/z.mp4"}
