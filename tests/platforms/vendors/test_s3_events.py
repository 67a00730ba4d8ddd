"""What buckets tell of their objects: MinIO's webhooks and EventBridge's events."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.storage import Storage, notification
from tests.support.platforms.webhook_senders import S3 as SENDER
from tests.support.service import builders
from worker.database import transaction
from worker.errors import InvalidSignature
from worker.inbox.record import record
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

WORDY_TOKEN = "ServiceXYZ 1a2b"  # noqa: S105 - made up


@pytest.fixture
def server() -> Storage:
    """Return a bucket that nobody asks."""
    return Storage("http://127.0.0.1:9", None)


class TestAnEvent:
    """What storage tells of its objects."""

    @pytest.mark.parametrize(
        ("payload", "kind", "key"),
        [
            ("created.put", EventKind.READY, "uploads/a day at sea.mp4"),
            ("created.multipart", EventKind.READY, "uploads/a day at sea.mp4"),
            ("removed.delete", EventKind.DELETED, "uploads/a day at sea.mp4"),
            ("removed.version", EventKind.UPDATED, "uploads/a day at sea.mp4"),
            ("accessed", EventKind.OTHER, None),
            ("eventbridge.created", EventKind.READY, "uploads/a day+night.mp4"),
            ("eventbridge.deleted", EventKind.DELETED, "uploads/a day+night.mp4"),
        ],
    )
    def test_is_read_in_either_form(self, payload: str, kind: EventKind, key: str | None) -> None:
        """Keys are encoded in one, and not in the other."""
        event = SENDER.event(payload)

        assert (event.kind, event.asset_id) == (kind, key)

    def test_of_another_kind_of_object_asks_for_nothing(self) -> None:
        """Ours above all: a picture in the bucket must not ask for the next."""
        told = SENDER.parse(json_of("several"))

        assert [(event.asset_id, event.kind) for event in told] == [
            ("uploads/one.mp4", EventKind.READY),
            (None, EventKind.OTHER),
            ("uploads/two.MOV", EventKind.DELETED),
        ]

    @pytest.mark.parametrize(
        "changes", [{"bucket": "others"}, {"prefix": "elsewhere/"}, {"video_suffixes": ".mov"}]
    )
    def test_of_what_the_account_does_not_mean_asks_for_nothing(
        self, server: Storage, changes: dict[str, Any]
    ) -> None:
        """Another bucket may send to the same address."""
        body = notification("s3:ObjectCreated:Put", "uploads/a.mp4")

        assert server.ours().parse({}, body)[0].kind is EventKind.READY
        assert server.ours(**changes).parse({}, body)[0].kind is EventKind.OTHER

    def test_events_of_one_object_sort_as_they_happened(self, server: Storage) -> None:
        """By their sequencers, of whatever length: in that order a delivery is recorded."""
        ids = [
            server.ours()
            .parse({}, notification("s3:ObjectCreated:Put", "a.mp4", sequencer=digits))[0]
            .delivery_id
            for digits in ("FF", "100", "0A1B")
        ]

        assert ids == sorted(ids)

    def test_a_deletion_within_the_same_moment_is_looked_into(self, server: Storage) -> None:
        """Times are cut off, so the object counts as the later one, and the look finds out."""
        then = datetime(2026, 11, 29, 12, tzinfo=UTC)
        made, gone = (
            server.ours().parse({}, notification(name, "a.mp4", at=then))[0].happened_at
            for name in ("s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete")
        )

        assert made is not None
        assert gone is not None
        assert timedelta(0) < made - gone < timedelta(milliseconds=1)

    @pytest.mark.parametrize("odd", [{"key": "a%00b.mp4"}, {"key": "a.mp4", "sequencer": "F" * 3000}])
    def test_that_no_row_can_hold_costs_no_other(
        self, server: Storage, engine: Engine, odd: dict[str, str]
    ) -> None:
        """MinIO would repeat the whole delivery for ever; it is kept with the reason."""
        records = [
            json.loads(notification("s3:ObjectCreated:Put", key))["Records"][0] for key in ("a.mp4", "b.mp4")
        ]
        records[0]["s3"]["object"] |= odd
        events = server.ours().parse({}, json.dumps({"Records": records}).encode())
        with transaction(engine) as session:
            receipts = record(session, events, builders.make_settings())

        assert [event.asset_id for event in events] == [None, "b.mp4"]
        assert [receipt.outcome for receipt in receipts] == ["ignored", "recorded"]
        assert "no text" in receipts[0].reason

    @pytest.mark.parametrize(
        "said",
        [
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "films", "RequestId": "1"},
            {"Records": []},
        ],
    )
    def test_that_only_tries_the_address_asks_for_nothing(
        self, server: Storage, said: dict[str, object]
    ) -> None:
        """Refused, it would say that the address does not work."""
        (event,) = server.ours().parse({}, json.dumps(said).encode())

        assert (event.kind, event.asset_id) == (EventKind.OTHER, None)

    def test_of_another_bucket_at_the_same_moment_is_another_delivery(self, server: Storage) -> None:
        """Some storage has no sequencers, and one address may be for several buckets."""
        told = json.loads(notification("s3:ObjectCreated:Put", "a.mp4", sequencer=""))
        other = json.loads(json.dumps(told).replace('"films"', '"others"'))
        ids = {server.ours().parse({}, json.dumps(one).encode())[0].delivery_id for one in (told, other)}

        assert len(ids) == 2

    @pytest.mark.parametrize("sent", ["the-token", "Bearer the-token"])
    def test_is_known_by_its_token_alone(self, server: Storage, sent: str) -> None:
        """As AIStor and MinIO send it; nothing else, longer or shorter, is taken."""
        ours = server.ours()
        ours.verify({"authorization": sent}, b"", time.time())

        for wrong in (f"{sent} ", f"{sent}x", sent[:-1], f"Basic {sent}", sent.upper(), ""):
            with pytest.raises(InvalidSignature):
                ours.verify({"Authorization": wrong}, b"", time.time())

    def test_a_token_with_a_word_of_its_own_is_compared_whole(self, server: Storage) -> None:
        """Where somebody set `ServiceXYZ token` there."""
        ours = server.ours(webhook_token=WORDY_TOKEN)
        ours.verify({"Authorization": WORDY_TOKEN}, b"", time.time())

        with pytest.raises(InvalidSignature, match="S3__MAIN__WEBHOOK_TOKEN"):
            ours.verify({"Authorization": "1a2b"}, b"", time.time())


def json_of(payload: str) -> bytes:
    """A payload as it is sent."""
    return json.dumps(SENDER.payload(payload)).encode()
