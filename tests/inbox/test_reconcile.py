"""What no webhook told of is found in the platform's list, and only that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.simulated_account import clip, simulated
from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job
from worker.database.states import Priority
from worker.demo.simulator import InjectedFault
from worker.errors import PlatformUnavailable, UnreadableVideo
from worker.inbox import reconcile as reconcile_module
from worker.inbox.reconcile import FIRST_PAUSE_S, MAX_TRIES, ReconcileStatus, Step, reconcile
from worker.platforms.event import EventKind
from worker.platforms.shared.pagination import PAGE_SIZE
from worker.queue import shares

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.demo.simulator import Media, Simulated
    from worker.platforms.base import Platform


@pytest.fixture
def bunny() -> Iterator[tuple[Simulated, Platform]]:
    """Serve a platform whose webhooks are lost, and where another file may take a video's place."""
    with simulated("bunny") as both:
        yield both


@pytest.fixture
def media(tmp_path: Path) -> Media:
    """Return a file."""
    return clip(tmp_path)


def look(engine: Engine, platform: Platform, **wanted: Any) -> dict[ReconcileStatus, int]:
    """Go through the whole list."""
    *_, last = reconcile(engine, platform, builders.make_settings(), **wanted)
    return dict(last.counts)


def test_a_video_that_no_webhook_told_of_is_found(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """It gets a job, and the history says where it came from."""
    vendor, ours = bunny
    asset_id = vendor.upload(media)

    found = look(engine, ours)

    assert found == {ReconcileStatus.MISSED: 1}
    assert builders.asset(engine).external_id == asset_id
    assert builders.only(engine, WebhookEvent).type == "sync.missed"
    assert builders.job_states(engine) == ["scheduled"]


def test_a_second_look_asks_for_nothing(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """While the job waits, and when it is done."""
    vendor, ours = bunny
    asset_id = vendor.upload(media)
    look(engine, ours)

    assert look(engine, ours) == {ReconcileStatus.WAITING: 1}
    builders.completed(engine, ours.asset(asset_id).fingerprint)
    assert look(engine, ours) == {ReconcileStatus.KNOWN: 1}

    assert len(builders.every(engine, WebhookEvent)) == 1
    assert builders.job_states(engine) == ["completed"]


def test_content_that_was_replaced_is_looked_at_again(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media, tmp_path: Path
) -> None:
    """Once: until the job has looked, the list says the same."""
    vendor, ours = bunny
    asset_id = vendor.upload(media)
    look(engine, ours)
    builders.completed(engine, ours.asset(asset_id).fingerprint)
    vendor.replace(asset_id, clip(tmp_path, duration_s=20.0))

    assert look(engine, ours) == {ReconcileStatus.CHANGED: 1}
    assert look(engine, ours) == {ReconcileStatus.WAITING: 1}

    assert [job.reason for job in builders.every(engine, Job)] == ["ready", "update"]


def test_a_second_change_is_found_after_the_first_was_taken_back(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media, tmp_path: Path
) -> None:
    """Another one, or the same again: each time somebody looks."""
    vendor, ours = bunny
    asset_id = vendor.upload(media)
    look(engine, ours)
    builders.completed(engine, ours.asset(asset_id).fingerprint)
    for duration_s in (20.0, 30.0, 20.0, 20.0):
        vendor.replace(asset_id, clip(tmp_path, duration_s=duration_s))
        assert look(engine, ours) == {ReconcileStatus.CHANGED: 1}
        vendor.replace(asset_id, media)
        claim = builders.claimed(engine)
        with transaction(engine) as session:
            jobs.complete_unchanged(session, claim, None)
        assert look(engine, ours) == {ReconcileStatus.KNOWN: 1}


def test_two_looks_at_the_same_time_tell_the_same_once(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has read the rows before the first one has written."""
    vendor, ours = bunny
    vendor.upload(media)
    monkeypatch.setattr(reconcile_module, "_read_known", lambda *_: {})

    for _ in range(2):
        look(engine, ours)

    assert len(builders.every(engine, WebhookEvent)) == 1


def test_what_was_given_up_is_left_to_the_operator(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """Else every look would try it again, for ever."""
    vendor, ours = bunny
    vendor.upload(media)
    look(engine, ours)
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.fail(session, claim, UnreadableVideo("damaged"))

    assert look(engine, ours) == {ReconcileStatus.FAILED: 1}
    assert builders.job_states(engine) == ["discarded"]


def test_a_video_that_is_not_made_yet_is_left_alone(engine: Engine, media: Media) -> None:
    """Its webhook comes, or a later look finds it."""
    with simulated("mux") as (vendor, ours):
        vendor.library.change(vendor.upload(media), status="preparing")

        assert look(engine, ours) == {ReconcileStatus.UNREADY: 1}

    assert builders.every(engine, Asset) == []


def test_what_is_deleted_stays_deleted_until_it_changes(engine: Engine, media: Media) -> None:
    """A list may lag behind a delete; a video that was restored is newer than that."""
    with simulated("api_video") as (vendor, ours):
        asset_id = vendor.upload(media)
        (listed,) = ours.assets().assets
        assert listed.changed_at is not None
        deleted_at = listed.changed_at + timedelta(seconds=1)
        gone = {"platform": "api_video", "asset_id": asset_id, "happened_at": deleted_at}
        builders.record(engine, builders.event(EventKind.DELETED, **gone))

        assert look(engine, ours) == {ReconcileStatus.DELETED: 1}
        assert builders.every(engine, Job) == []

        video = vendor.known(asset_id)
        vendor.library.add(replace(video, changed_at=video.changed_at + 5))
        assert look(engine, ours) == {ReconcileStatus.MISSED: 1}

    assert builders.asset(engine).deleted_at is None


def test_a_look_back_ends_where_the_list_is_older(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """A large library costs no more than what is new in it."""
    vendor, ours = bunny
    for number in range(PAGE_SIZE + 5):
        vendor.library.change(vendor.upload(media), created_at=1_790_000_000 + number)
    newest = ours.assets().assets[2].changed_at
    before = len(vendor.journal.entries("request"))

    found = look(engine, ours, since=newest)

    assert found == {ReconcileStatus.MISSED: 3}
    assert len(vendor.journal.entries("request")) == before + 1


def test_a_look_that_was_stopped_goes_on_where_it_was(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """Nothing is read twice."""
    vendor, ours = bunny
    for _ in range(PAGE_SIZE + 5):
        vendor.upload(media)

    first: Step = next(iter(reconcile(engine, ours, builders.make_settings())))
    rest = look(engine, ours, page=first.following)

    assert first.total == PAGE_SIZE + 5
    assert (dict(first.counts), rest) == ({ReconcileStatus.MISSED: PAGE_SIZE}, {ReconcileStatus.MISSED: 5})


def test_a_platform_that_asks_for_patience_gets_it(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """As long as it says; where it does not say, longer with every try."""
    vendor, ours = bunny
    vendor.upload(media)
    vendor.faults.plan(InjectedFault(status=429, retry_after="7"))
    vendor.faults.plan(InjectedFault(status=503))
    pauses: list[float] = []

    assert look(engine, ours, pause=pauses.append) == {ReconcileStatus.MISSED: 1}

    assert pauses == [7.0, 2 * FIRST_PAUSE_S]


def test_a_platform_that_stays_away_ends_the_look(engine: Engine, bunny: tuple[Simulated, Platform]) -> None:
    """With its own words."""
    vendor, ours = bunny
    vendor.faults.plan(InjectedFault(status=503), count=100)
    pauses: list[float] = []

    with pytest.raises(PlatformUnavailable, match="503"):
        look(engine, ours, pause=pauses.append)

    assert len(pauses) == MAX_TRIES - 1


def test_a_backfill_waits_for_live_events(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media
) -> None:
    """Whoever does something now goes first; an event about a video of the backfill moves it up."""
    vendor, ours = bunny
    old = [vendor.upload(media) for _ in range(3)]
    look(engine, ours, priority=Priority.BACKFILL)
    builders.record(engine, builders.event(platform="bunny", asset_id=old[0]))
    builders.record(engine, builders.event(asset_id="live"))

    with transaction(engine) as session:
        announced = jobs.announce(session, rehint_s=60.0)

    names = {asset.id: asset.external_id for asset in builders.every(engine, Asset)}
    assets = {job.id: names[job.asset_id] for job in builders.every(engine, Job)}
    live, later = {old[0], "live"}, {old[1], old[2]}
    assert [assets[hint.id] in live for hint in announced] == [True, True, False, False]
    assert {assets[hint.id] for hint in announced if hint.priority is Priority.LIVE} == live
    assert {assets[hint.id] for hint in announced if hint.priority is Priority.BACKFILL} == later


def test_a_backfill_does_not_fill_the_broker_for_live_events(
    engine: Engine, bunny: tuple[Simulated, Platform], media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of its jobs wait there to be taken, a live one is announced at once."""
    vendor, ours = bunny
    monkeypatch.setattr(shares, "MAX_ANNOUNCED", 2)
    for _ in range(4):
        vendor.upload(media)
    look(engine, ours, priority=Priority.BACKFILL)
    with transaction(engine) as session:
        assert len(jobs.announce(session, rehint_s=60.0)) == 2
    builders.record(engine, builders.event(asset_id="live"))

    with transaction(engine) as session:
        (hint,) = jobs.announce(session, rehint_s=60.0)

    assert hint.priority is Priority.LIVE
