"""What a delivery leaves in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.builders import event, record
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job
from worker.errors import MalformedPayload
from worker.inbox.record import DeliveryOutcome
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def outcomes(engine: Engine, *events: object) -> list[DeliveryOutcome]:
    """Record events one by one, and return what became of each."""
    return [record(engine, one)[0].outcome for one in events]  # type: ignore[arg-type]


def test_a_ready_asset_gets_one_job_that_is_due_at_once(engine: Engine) -> None:
    """The first event of an asset does not wait for others."""
    assert outcomes(engine, event(title="Tomatoes")) == [DeliveryOutcome.RECORDED]

    assert builders.asset(engine).generation == 1
    assert builders.asset(engine).title == "Tomatoes"
    assert builders.claimed(engine).external_id == "a1"


def test_a_delivery_that_comes_twice_counts_once(engine: Engine) -> None:
    """The event's id tells a redelivery from a new event."""
    assert outcomes(engine, event(), event()) == [DeliveryOutcome.RECORDED, DeliveryOutcome.DUPLICATE]

    assert builders.asset(engine).generation == 1


def test_deliveries_at_the_same_moment_count_once(engine: Engine) -> None:
    """Eight threads deliver one event; one of them records it."""
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: record(engine, event())[0].outcome, range(8)))

    assert sorted(receipts) == sorted([DeliveryOutcome.RECORDED] + [DeliveryOutcome.DUPLICATE] * 7)
    assert len(builders.every(engine, WebhookEvent)) == len(builders.every(engine, Job)) == 1


def test_events_of_other_kinds_are_kept_and_ask_for_nothing(engine: Engine) -> None:
    """An unknown event is in the inbox, and makes no asset."""
    assert outcomes(engine, event(EventKind.OTHER)) == [DeliveryOutcome.IGNORED]

    assert builders.every(engine, Asset) == []
    assert builders.only(engine, WebhookEvent).payload == {"k": 1}


def test_edits_in_a_burst_become_one_job_for_the_newest(engine: Engine) -> None:
    """A thousand edits within the debounce wait as one job, with the number of the last."""
    settings = builders.make_settings(debounce_s=10.0)
    record(engine, event(), settings=settings)
    builders.completed(engine)

    for minute in range(1, 101):
        record(engine, event(EventKind.EDITED, minute=minute), settings=settings)

    assert builders.job_states(engine) == ["completed", "scheduled"]
    assert builders.every(engine, Job)[-1].generation == builders.asset(engine).generation == 101


def test_edits_without_end_do_not_hold_a_run_back_for_ever(engine: Engine) -> None:
    """After the longest wait the job is due, though another edit has just come."""
    settings = builders.make_settings(debounce_s=3600.0, max_wait_s=0.0)
    record(engine, event(), settings=settings)
    builders.completed(engine)

    record(engine, event(EventKind.EDITED, minute=1), settings=settings)
    assert builders.claim_next(engine) is None
    record(engine, event(EventKind.EDITED, minute=2), settings=settings)

    assert builders.claimed(engine).generation == 3


@pytest.mark.parametrize("minute", [4, 5])
def test_an_event_that_seems_old_is_looked_into_all_the_same(engine: Engine, minute: int) -> None:
    """The editor's clock may be wrong: an edit is never dropped because of its time."""
    record(engine, event(minute=5))

    assert outcomes(engine, event(EventKind.EDITED, minute=minute)) == [DeliveryOutcome.RECORDED]
    assert builders.asset(engine).generation == 2


def test_a_deleted_asset_stays_deleted_whatever_arrives_late(engine: Engine) -> None:
    """Older events, equal ones and ones without a time do not bring it back."""
    record(engine, event(minute=1))
    record(engine, event(EventKind.DELETED, minute=5))

    late = [
        event(minute=4),
        event(EventKind.EDITED, minute=5),
        event(delivery_id="no-time", happened_at=None),
    ]

    assert outcomes(engine, *late) == [DeliveryOutcome.IGNORED] * 3
    assert builders.job_states(engine) == ["cancelled"]


def test_a_delete_that_arrives_first_leaves_a_tombstone(engine: Engine) -> None:
    """`deleted` may overtake `ready`."""
    record(engine, event(EventKind.DELETED, minute=5))

    assert outcomes(engine, event(minute=4)) == [DeliveryOutcome.IGNORED]
    assert builders.every(engine, Job) == []


def test_an_asset_that_is_ready_again_later_comes_back(engine: Engine) -> None:
    """A restored asset is worked on, though its content may be what it was."""
    record(engine, event(minute=1))
    builders.completed(engine)
    record(engine, event(EventKind.DELETED, minute=5))

    assert outcomes(engine, event(minute=6)) == [DeliveryOutcome.RECORDED]
    assert builders.asset(engine).deleted_at is None
    assert builders.claimed(engine).known_fingerprint is None


def test_a_delete_older_than_the_return_is_only_a_look(engine: Engine) -> None:
    """The delete of a former life does not end the new one; the platform knows which it is."""
    record(engine, event(minute=6))
    builders.completed(engine)

    assert outcomes(engine, event(EventKind.DELETED, minute=5)) == [DeliveryOutcome.RECORDED]
    assert builders.asset(engine).deleted_at is None
    assert not builders.claimed(engine).is_forced


@pytest.mark.parametrize("late", ["again", "late"])
def test_an_old_event_does_not_bring_back_an_old_address(engine: Engine, late: str) -> None:
    """A redelivery, or an event that was overtaken, says nothing about where the video lies now."""
    old = event(minute=1, title="Old", media_url="https://media.example.com/old.mp4")
    new = event(EventKind.EDITED, minute=2, title="New", media_url="https://media.example.com/new.mp4")

    for one in (old, new, old) if late == "again" else (new, old):
        record(engine, one)

    assert (builders.asset(engine).title, builders.asset(engine).media_url) == ("New", new.media_url)


def test_an_asset_that_only_an_update_brings_back_gets_thumbnails(engine: Engine) -> None:
    """Those of its former life are not in the way."""
    record(engine, event(minute=1))
    builders.completed(engine)
    record(engine, event(EventKind.DELETED, minute=5))
    record(engine, event(EventKind.UPDATED, minute=6))

    builders.completed(engine, "f2")

    assert builders.asset(engine).fingerprint == "f2"


def test_a_clock_that_is_far_ahead_does_not_hide_deletes(engine: Engine) -> None:
    """What is stamped in the future counts as now."""
    ahead = datetime.now(UTC) + timedelta(days=3650)
    record(engine, event(delivery_id="ahead", happened_at=ahead))

    record(engine, event(EventKind.DELETED, happened_at=datetime.now(UTC) + timedelta(seconds=1)))

    assert builders.asset(engine).deleted_at is not None


def test_an_update_is_a_look_and_no_new_generation(engine: Engine) -> None:
    """Our own write raises updates: they cost a look at the platform, and start no loop."""
    record(engine, event())
    builders.completed(engine)

    record(engine, event(EventKind.UPDATED, minute=1))

    assert builders.asset(engine).generation == 1
    assert not builders.claimed(engine).is_forced


def test_a_rendition_wakes_an_asset_that_has_no_thumbnails(engine: Engine) -> None:
    """The file that a job waited for makes it due at once, with all its attempts."""
    settings = builders.make_settings(debounce_s=3600.0)
    record(engine, event(), settings=settings)

    assert outcomes(engine, event(EventKind.RENDITION_READY, minute=1)) == [DeliveryOutcome.RECORDED]
    builders.completed(engine)
    assert outcomes(engine, event(EventKind.RENDITION_READY, minute=2)) == [DeliveryOutcome.IGNORED]


@pytest.mark.parametrize("asset_id", ["", "x" * 2001, "ü" * 1001, "nul\0", "\ud800"])
def test_an_id_that_no_platform_would_send_is_refused(engine: Engine, asset_id: str) -> None:
    """Such ids would end in an error of the database, and be sent again for ever."""
    with pytest.raises(MalformedPayload, match="an id is empty"):
        record(engine, event(asset_id=asset_id))

    assert builders.every(engine, WebhookEvent) == []


def test_text_that_the_database_cannot_hold_is_cleaned(engine: Engine) -> None:
    """A title with a NUL or half a surrogate pair does not stop an event."""
    record(engine, event(title="a\0b\ud800c"))

    assert builders.asset(engine).title == "abc"


def test_several_events_of_one_delivery_are_recorded_together(engine: Engine) -> None:
    """Each gets its receipt, in the order in which they came."""
    receipts = record(engine, event(asset_id="b"), event(EventKind.OTHER), event(asset_id="a"))

    assert [receipt.outcome for receipt in receipts] == ["recorded", "ignored", "recorded"]


def test_what_is_wanted_of_an_asset_is_kept_until_something_else_is_said(engine: Engine) -> None:
    """The platform's own events say nothing about it."""
    record(engine, event(options={"avoid": ["0-15"]}))
    record(engine, event(minute=1))
    assert builders.asset(engine).options == {"avoid": ["0-15"]}

    record(engine, event(minute=2, options={}))

    assert builders.asset(engine).options == {}
