"""A run's pictures go into the bucket, and a bucket that is away holds up nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.support.platforms.picture_shelf import let_notes_be_due
from tests.support.service import builders
from worker import jobs, publications
from worker.database import transaction
from worker.database.bucket import BucketRemoval
from worker.database.models import StoredCandidate, Thumbnail
from worker.errors import Stopping
from worker.platforms.event import EventKind
from worker.publishing.publisher import Publisher
from worker.queue.leases import Leases
from worker.storage.moving import move_waiting
from worker.storage.pictures import Pictures
from worker.storage.remover import remove_due
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from tests.support.platforms.picture_shelf import Shelf
    from tests.support.service.analyzer_rig import AnalyzerRig

LONG_S = 5.0


@pytest.fixture
def apart(rig: AnalyzerRig, shelf: Shelf) -> AnalyzerRig:
    """Return a worker with the bucket, which is empty."""
    settings = rig.analyzer.settings.model_copy(update=shelf.variables())
    secret = shelf.settings().bucket_secret_access_key
    settings = settings.model_copy(update={"bucket_secret_access_key": secret})
    rig.analyzer = replace(rig.analyzer, settings=settings)
    return rig


def notes(rig: AnalyzerRig) -> list[str]:
    """Keys that are noted to be removed."""
    with transaction(rig.engine) as session:
        return list(session.scalars(select(BucketRemoval.key)))


def rows_of(rig: AnalyzerRig) -> list[Thumbnail | StoredCandidate]:
    """All rows with pictures."""
    return [*builders.every(rig.engine, Thumbnail), *builders.every(rig.engine, StoredCandidate)]


def test_no_row_has_bytes_and_every_picture_is_there(apart: AnalyzerRig, shelf: Shelf) -> None:
    """Thumbnails by their hashes, and all frames in one object."""
    apart.upload()
    job = apart.work()

    assert job.state == "completed", job.error
    assert {row.jpeg for row in rows_of(apart)} == {None}
    assert len(shelf.keys("candidates/")) == 1
    pictures = Pictures(shelf.bucket())
    for row in builders.every(apart.engine, Thumbnail):
        assert pictures.thumbnail(row.sha256, None)
    frames = builders.every(apart.engine, StoredCandidate)
    pictures.fill(frames)
    assert all(frame.jpeg for frame in frames)
    assert notes(apart) == []


def test_while_the_bucket_is_away_pictures_stay_in_rows_until_it_is_back(
    apart: AnalyzerRig, shelf: Shelf
) -> None:
    """The job is done at its first attempt."""
    shelf.cut()
    apart.upload()
    job = apart.work()

    assert (job.state, job.attempt) == ("completed", 1)
    assert None not in {row.jpeg for row in rows_of(apart)}
    shelf.mend()
    assert move_waiting(apart.engine, shelf.bucket(), LONG_S) == len(rows_of(apart))
    assert {row.jpeg for row in rows_of(apart)} == {None}


def test_of_an_upload_that_broke_off_nothing_stays(
    apart: AnalyzerRig, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is stopped between the upload and the commit, and the job is done anew."""

    def stopped(*_: object) -> None:
        raise Stopping("as if it were killed")

    apart.upload()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "complete", stopped)
        apart.work()
    (orphan,) = shelf.keys("candidates/")
    assert orphan in notes(apart)
    apart.work()

    let_notes_be_due(apart.engine)
    remove_due(apart.engine, shelf.bucket(), LONG_S)

    assert orphan not in shelf.keys("candidates/")
    assert len(shelf.keys("candidates/")) == 1
    hashes = {row.sha256 for row in builders.every(apart.engine, Thumbnail)}
    assert set(shelf.keys("thumbnails/")) == {f"thumbnails/{sha256}.jpg" for sha256 in hashes}


def test_a_run_whose_pictures_were_removed_before_its_commit_is_done_again(
    apart: AnalyzerRig, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the database's clock jumps by a day: no row shows what is gone."""
    complete = jobs.complete

    def late(*args: Any) -> Any:
        let_notes_be_due(apart.engine)
        remove_due(apart.engine, shelf.bucket(), LONG_S)
        return complete(*args)

    apart.upload()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "complete", late)
        job = apart.work()

    assert (job.state, job.error_class) == ("retryable", "BucketUnavailable")
    assert rows_of(apart) == []


@pytest.mark.parametrize("is_away", [False, True], ids=["there", "away"])
def test_an_edit_uses_the_frames_from_the_bucket_or_does_without(
    apart: AnalyzerRig, shelf: Shelf, *, is_away: bool
) -> None:
    """Nobody waits for a bucket: the whole video is looked at then."""
    asset_id = apart.upload()
    apart.work()
    timeline = Timeline.of([Range(0.0, 4.0)])
    assert timeline
    kept = {"kind": "trimmed", "kept": [{"start_s": 0.0, "end_s": 4.0}]}
    builders.record(apart.engine, builders.event(EventKind.EDITED, asset_id=asset_id, minute=1, detail=kept))
    if is_away:
        shelf.cut()

    job = apart.work()

    assert job.state == "completed", job.error
    assert ("were used again" in job.note) is not is_away


def test_a_webhook_leads_to_the_picture_at_the_platform(apart: AnalyzerRig) -> None:
    """From the event to the write, with all pictures in the bucket."""
    asset_id = apart.upload()
    apart.work()
    analyzer = apart.analyzer
    leases = Leases(apart.engine, publications.renew, 10.0, 60.0, apart.stopping)
    publisher = Publisher(analyzer.settings, apart.engine, analyzer.platform_of, leases, "host:1:publish")
    with transaction(apart.engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)

    publisher.publish(hint.id)

    assert builders.publication_states(apart.engine) == ["confirmed"]
    assert [entry.asset_id for entry in apart.mux.journal.entries("write")] == [asset_id]
