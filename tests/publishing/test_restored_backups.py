"""After an older backup was restored, thumbnails are right again, by themselves or by `thumbs adopt`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import backups
from tests.support.platforms.simulated_account import clip
from tests.support.service import builders
from tests.support.service.publisher_rig import PICKED_S, PublisherRig, ready_publisher_rig
from worker import jobs, publications
from worker.admin.adopt import adopt_all, look_for_ours
from worker.database import make_engine, transaction
from worker.database.identity import DatabaseIdentity
from worker.database.models import Asset, StoredCandidate, Thumbnail
from worker.inbox.reconcile import ReconcileStatus, reconcile
from worker.platforms import platform_of
from worker.platforms.event import EventKind
from worker.queue.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.publications import Adoptable

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher, ready for the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield rig


@pytest.fixture
def restored(rig: PublisherRig) -> PublisherRig:
    """Return it on a database that was another one before."""
    with transaction(rig.engine) as session:
        session.add(DatabaseIdentity(identity="before", first_seen_at=YESTERDAY))
    return rig


def on(rig: PublisherRig, engine: Engine) -> PublisherRig:
    """Return the publisher as it starts again on another database."""
    settings = rig.publisher.settings
    leases = Leases(engine, publications.renew, settings.lease_s, settings.job_timeout_s, rig.stopping)
    return replace(rig, publisher=replace(rig.publisher, engine=engine, leases=leases))


def work(rig: PublisherRig, **picks_s: float) -> None:
    """Do all jobs that are due, whose best picks are at these times, and write what they ask for."""
    found = platform_of("mux", "main", rig.publisher.settings)
    with transaction(rig.engine) as session:
        due = jobs.announce(session, rehint_s=0.0)
    for hint in due:
        with transaction(rig.engine) as session:
            claim = jobs.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
        assert claim is not None
        fingerprint = found.asset(claim.external_id).fingerprint
        with transaction(rig.engine) as session:
            if claim.known_fingerprint is not None and not claim.is_forced:
                claim = jobs.content_changed(session, claim)
            jobs.complete(session, claim, builders.result(fingerprint, picks_s[claim.external_id]))
    found.close()
    rig.publish()


def edit(rig: PublisherRig, minute: int, time_s: float) -> None:
    """Let the first video be edited and looked at."""
    builders.record(rig.engine, builders.event(EventKind.EDITED, asset_id=rig.asset_id, minute=minute))
    work(rig, **{rig.asset_id: time_s})


def sync(rig: PublisherRig) -> dict[ReconcileStatus, int]:
    """Compare the platform's list with the rows, as `thumbs sync` does."""
    platform = platform_of("mux", "main", rig.publisher.settings)
    *_, last = reconcile(rig.engine, platform, rig.publisher.settings)
    platform.close()
    return dict(last.counts)


def look_and_adopt(rig: PublisherRig, since: datetime = YESTERDAY) -> list[Adoptable]:
    """Do what `thumbs adopt` does."""
    (found,) = look_for_ours(rig.engine, since, rig.publisher.settings, lambda _done, _total: None)
    assert found.error is None
    adopt_all(rig.engine, found.assets, lambda _done, _total: None)
    return found.assets


def test_a_restored_backup_is_brought_up_to_date_by_sync_alone(rig: PublisherRig, tmp_path: Path) -> None:
    """Both what was edited after the backup and what came after it; and later edits are shown again."""
    x = rig.asset_id
    edit(rig, 1, time_s=4.04)
    backup = backups.dump(rig.engine, tmp_path / "backup")
    rig.vendor.replace(x, clip(tmp_path, duration_s=20.0))
    edit(rig, 2, time_s=7.72)
    y = rig.vendor.upload(clip(tmp_path))
    builders.record(rig.engine, builders.event(asset_id=y, minute=3))
    work(rig, **{y: 2.04})
    assert (rig.vendor.thumbnail_time(x), rig.vendor.thumbnail_time(y)) == (7.72, 2.04)

    engine = make_engine(backups.restore(backup, rig.engine, f"restored_{tmp_path.name}"))
    rig = on(rig, engine)
    assert sync(rig) == {ReconcileStatus.CHANGED: 1, ReconcileStatus.MISSED: 1}
    work(rig, **{x: 7.72, y: 2.04})
    assert sync(rig) == {ReconcileStatus.KNOWN: 2}
    assert [asset.foreign_thumbnail for asset in builders.every(engine, Asset)] == [None, None]

    edit(rig, 4, time_s=4.04)
    assert rig.vendor.thumbnail_time(x) == 4.04
    with transaction(engine) as session:
        jobs.requeue(session, builders.every(engine, Asset)[0].id, "sam", "", rig.publisher.settings)
    work(rig, **{x: 5.0})
    assert rig.vendor.thumbnail_time(x) == 5.0
    engine.dispose()


def test_what_a_new_run_picks_otherwise_is_left_to_adopt(rig: PublisherRig, tmp_path: Path) -> None:
    """The rows cannot tell whose the thumbnail is; the operator can, and our pick is shown after all."""
    rig.publish()
    backup = backups.dump(rig.engine, tmp_path / "backup")
    edit(rig, 1, time_s=7.72)

    engine = make_engine(backups.restore(backup, rig.engine, f"restored_{tmp_path.name}"))
    rig = on(rig, engine)
    edit(rig, 2, time_s=6.0)
    assert rig.vendor.thumbnail_time(rig.asset_id) == 7.72
    assert builders.asset(engine).foreign_thumbnail == "7.72"
    (adopted,) = look_and_adopt(rig)

    assert (adopted.shown, adopted.written, adopted.is_yielded) == ("7.72", str(PICKED_S), True)
    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == 6.0
    engine.dispose()


class TestWhatIsShown:
    """Is ours where the rows tell so, and nobody else's choice is overwritten."""

    def test_is_ours_where_it_is_what_we_are_about_to_write(self, rig: PublisherRig) -> None:
        """It cannot be lost by that."""
        rig.vendor.choose(rig.asset_id, PICKED_S)

        assert rig.publish().state == "confirmed"
        assert builders.asset(rig.engine).written == str(PICKED_S)

    def test_is_ours_again_once_we_pick_what_was_taken_for_somebody_elses(self, rig: PublisherRig) -> None:
        """It is confirmed, and the mark goes."""
        rig.vendor.choose(rig.asset_id, 7.0)
        assert rig.publish().state == "yielded"
        rig.pick(7.0, minute=1)

        assert rig.publish().state == "confirmed"
        assert builders.asset(rig.engine).foreign_thumbnail is None

    def test_is_ours_again_with_the_next_look_where_a_version_before_left_it_alone(
        self, rig: PublisherRig
    ) -> None:
        """It has yielded to its own moment."""
        rig.vendor.choose(rig.asset_id, 7.0)
        assert rig.publish().state == "yielded"
        with transaction(rig.engine) as session:
            session.query(Thumbnail).one().time_s = 7.0

        builders.record(rig.engine, builders.event(EventKind.UPDATED, asset_id=rig.asset_id, minute=1))
        look = builders.claimed(rig.engine)
        with transaction(rig.engine) as session:
            jobs.complete_unchanged(session, look, shown="7.0")

        assert rig.publish().state == "confirmed"
        assert builders.asset(rig.engine).foreign_thumbnail is None

    def test_is_foreign_where_somebody_went_back_to_an_earlier_pick(self, rig: PublisherRig) -> None:
        """Our notes are complete: we have written something else since."""
        rig.publish()
        rig.pick(2.5, minute=1)
        rig.publish()
        rig.vendor.choose(rig.asset_id, PICKED_S)
        rig.pick(4.0, minute=2)

        assert rig.publish().state == "yielded"

    def test_is_ours_after_a_restore_where_it_is_any_pick(self, restored: PublisherRig) -> None:
        """The backup is from before it was written, or written again."""
        restored.pick(2.5, minute=1)
        restored.vendor.choose(restored.asset_id, PICKED_S)

        assert restored.publish().state == "confirmed"
        assert restored.vendor.thumbnail_time(restored.asset_id) == 2.5

    def test_is_foreign_again_once_we_have_written_after_the_restore(self, restored: PublisherRig) -> None:
        """From then on our notes are complete."""
        restored.publish()
        restored.pick(2.5, minute=1)
        restored.publish()
        restored.vendor.choose(restored.asset_id, PICKED_S)
        restored.pick(4.0, minute=2)

        assert restored.publish().state == "yielded"

    def test_is_not_ours_because_a_candidate_has_the_same_moment(self, restored: PublisherRig) -> None:
        """People write whole seconds, and candidates lie there too."""
        with transaction(restored.engine) as session:
            candidate = session.query(StoredCandidate).one()
            candidate.time_s = 7.0
        restored.vendor.choose(restored.asset_id, 7.0)

        assert restored.publish().state == "yielded"

    def test_is_not_ours_because_a_pick_is_near(self, restored: PublisherRig) -> None:
        """A frame beside it is another one."""
        with transaction(restored.engine) as session:
            assert session.query(Thumbnail).one().time_s == PICKED_S
        restored.vendor.choose(restored.asset_id, PICKED_S + 0.02)

        assert restored.publish().state == "yielded"


class TestAdopt:
    """Takes what is shown for ours, as far as it may be."""

    def test_a_thumbnail_that_differs_from_what_the_backup_knows(self, rig: PublisherRig) -> None:
        """Nothing is written because of that; the next pick replaces it."""
        rig.publish()
        rig.vendor.choose(rig.asset_id, 7.72)
        (adopted,) = look_and_adopt(rig)
        assert (adopted.shown, adopted.is_yielded, adopted.is_dated) == ("7.72", False, False)
        assert builders.publication_states(rig.engine) == ["confirmed"]
        rig.pick(2.5, minute=1)

        assert rig.publish().state == "confirmed"

    @pytest.mark.parametrize("name", ["vimeo", "cloudflare"])
    def test_a_picture_whose_name_only_the_platform_knows(
        self, engine: Engine, tmp_path: Path, name: str
    ) -> None:
        """No rows of a backup can tell that it is ours."""
        with ready_publisher_rig(engine, tmp_path, name) as rig:
            assert rig.publish().state == "confirmed"
            rig.vendor.choose(rig.asset_id, 7.72)
            rig.pick(2.5, minute=1)
            assert rig.publish().state == "yielded"
            (adopted,) = look_and_adopt(rig)

            assert adopted.is_yielded
            assert rig.publish().state == "confirmed"

    def test_not_what_was_foreign_before_the_backup(self, rig: PublisherRig) -> None:
        """A person set it, and the backup knows."""
        rig.vendor.choose(rig.asset_id, 7.0)
        rig.publish()

        assert look_and_adopt(rig, since=datetime.now(UTC) + timedelta(minutes=1)) == []
        assert builders.asset(rig.engine).foreign_thumbnail == "7.0"

    def test_not_what_replaced_a_write_that_was_made_after_the_restore(self, restored: PublisherRig) -> None:
        """Our notes are complete again, so it is somebody else's."""
        restored.publish()
        restored.vendor.choose(restored.asset_id, 7.72)

        assert look_and_adopt(restored) == []

    def test_not_what_nobody_here_has_written_to(self, rig: PublisherRig) -> None:
        """Whoever uploads a video may set its thumbnail with it."""
        rig.vendor.choose(rig.asset_id, 7.0)

        assert look_and_adopt(rig) == []

    def test_does_nothing_the_second_time(self, rig: PublisherRig) -> None:
        """So it can be run again where it was interrupted."""
        rig.publish()
        rig.vendor.choose(rig.asset_id, 7.72)
        assert len(look_and_adopt(rig)) == 1

        assert look_and_adopt(rig) == []

    def test_leaves_alone_what_changed_since_it_was_found(self, rig: PublisherRig) -> None:
        """The operator said yes to something else."""
        rig.publish()
        rig.vendor.choose(rig.asset_id, 7.72)
        (found,) = look_for_ours(rig.engine, YESTERDAY, rig.publisher.settings, lambda _done, _total: None)
        with transaction(rig.engine) as session:
            session.query(Asset).one().written = "9.9"

        assert adopt_all(rig.engine, found.assets, lambda _done, _total: None) == 0
