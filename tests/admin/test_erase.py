"""`thumbs erase` removes everything of an asset, for good."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from tests.support.service import builders, measured_run
from tests.support.service.chosen_asset import choose, claimed, pick
from tests.support.service.commands import answer
from worker import jobs, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice, Judgement
from worker.database.inbox import Delivery, WebhookEvent
from worker.database.learning import JudgeVerdict
from worker.database.models import Asset, Base, Job, JobLog, Publication, StoredCandidate, Thumbnail
from worker.database.people import AssetLink, AuditEntry
from worker.errors import LeaseLost
from worker.inbox import erasure
from worker.inbox.record import DeliveryOutcome
from worker.platforms.event import EventKind
from worker.platforms.media_url import ACCOUNT, MediaUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.commands import Run
    from worker.inbox.record import Receipt
    from worker.platforms.event import Event

TITLE = "Mrs. Miller at home"
EDITOR = "anna@example.com"
OF_AN_ASSET = (
    Job,
    JobLog,
    Publication,
    Judgement,
    Choice,
    StoredCandidate,
    Thumbnail,
    JudgeVerdict,
    AssetLink,
    AuditEntry,
)


@pytest.fixture
def erased(engine: Engine, thumbs: Run) -> Engine:
    """Return the database once an asset, which had everything, was erased."""
    builders.record(engine, builders.event(EventKind.OTHER, minute=-1, title=TITLE))
    pick(engine)
    builders.record(engine, builders.event(EventKind.UPDATED, minute=1, title=TITLE))
    with transaction(engine) as session:
        session.execute(text("UPDATE events SET payload = :said"), {"said": json.dumps(said())})
    look_on_the_pages(engine)
    judge(engine)
    assert thumbs("link", "a1").exit_code == 0
    builders.record(engine, builders.event(asset_id="other"))
    assert answer(thumbs("erase", "a1", "--yes", "--why", "asked to", "--json"))["asset"] == "mux/main/a1"
    return engine


def look_on_the_pages(engine: Engine) -> None:
    """Let an editor choose, and give somebody a link; the asset is one that a person should look at."""
    measured_run.look(engine, minute=2)
    choose(engine, ChoiceRequest(time_s=3.0))
    assert builders.every(engine, Judgement)
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1)
        asset.reviewed_at, asset.reviewed_by, asset.pick_gap = builders.NOON, EDITOR, 0.1
        asset.failed_at = builders.NOON
        asset.is_noted = asset.is_flagged = asset.is_held = asset.has_lost_choice = asset.has_failed = True
        session.add(AuditEntry(who=EDITOR, via="page", act="choose", asset_id=1))
        link = AssetLink(token_sha256="0" * 64, asset_id=1, role="editor", expires_at=builders.NOON)
        link.created_by = EDITOR
        session.add(link)


def judge(engine: Engine) -> None:
    """Let a judge have looked: its words are in a verdict, and beside the pictures."""
    said = {"subject": f"{TITLE}, asleep"}
    with transaction(engine) as session:
        session.add(JudgeVerdict(asset_id=1, key="k", model="m", prompt_version="1", verdict=said))
        for table in (Thumbnail, StoredCandidate):
            session.execute(update(table).values(by_judge=said))
        session.get_one(Asset, 1).is_flagged = True


def said() -> dict[str, object]:
    """What a platform tells of a video, in the middle of other things."""
    return {"data": {"id": "a1", "meta": {"title": TITLE}}}


def hear(engine: Engine, event: Event) -> Receipt:
    """Record one event."""
    (receipt,) = builders.record(engine, event)
    return receipt


def everything(engine: Engine) -> Iterator[str]:
    """All that the database holds, as text."""
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            yield from (str(row) for row in connection.execute(select(table)))


def test_nothing_is_left_but_its_id_and_who_did_it(erased: Engine) -> None:
    """Rows of all tables, and events that asked for nothing; other assets keep theirs."""
    assert not [line for line in everything(erased) if TITLE in line or EDITOR in line]
    asset, other = builders.every(erased, Asset)
    left = {table.__name__: builders.every(erased, table) for table in OF_AN_ASSET}
    assert [row.asset_id for row in left.pop("Job")] == [other.id]
    assert not any(left.values())
    assert (asset.external_id, asset.fingerprint, asset.written, asset.duration_s) == ("a1", None, None, None)
    assert (asset.pick_gap, asset.reviewed_at, asset.reviewed_by, asset.failed_at) == (None,) * 4
    assert not any((asset.is_noted, asset.is_flagged, asset.is_held, asset.has_lost_choice, asset.has_failed))
    assert [event.type for event in builders.every(erased, WebhookEvent)] == [
        "video.asset.ready",
        "thumbs.erased",
    ]
    with transaction(erased) as session:
        known = session.scalars(select(Delivery.event_id)).all()
    assert known == [event.id for event in builders.every(erased, WebhookEvent)]


def test_it_is_told_what_was_removed_and_what_stays(engine: Engine, thumbs: Run) -> None:
    """In words."""
    pick(engine)

    result = thumbs("erase", "a1", "--yes")

    assert result.exit_code == 0
    assert "mux/main/a1: erased; removed: lines of history: 2, writes: 1, pictures: 1" in result.stdout
    assert "copies stay at the platform" in result.stdout


def test_the_history_says_who_did_it(erased: Engine, thumbs: Run) -> None:
    """As one event, which is kept as long as all others."""
    shown = thumbs("show", "mux/main/a1").stdout

    assert "asked to; removed: " in shown
    assert "erased" in shown
    assert ": 0" not in shown
    assert "generation" not in shown
    assert "asked to" in thumbs("events", "--type", "thumbs.erased").stdout
    assert erased


def test_nobody_who_can_be_asked_means_no(engine: Engine, thumbs: Run) -> None:
    """A script has to say that it is sure."""
    pick(engine)

    result = thumbs("erase", "a1")

    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert builders.every(engine, Thumbnail)


@pytest.mark.parametrize(
    ("kind", "minute"),
    [(EventKind.READY, 2), (EventKind.READY, 0), (EventKind.UPDATED, 10**7), (EventKind.DELETED, 10**7)],
)
def test_late_webhooks_do_not_bring_it_back(erased: Engine, kind: EventKind, minute: int) -> None:
    """Nor what happens to a video that is still there; what they say is not kept."""
    receipt = hear(erased, builders.event(kind, minute=minute, delivery_id="late", title=TITLE))

    assert receipt.outcome is DeliveryOutcome.IGNORED
    event = builders.every(erased, WebhookEvent)[-1]
    assert (event.detail, event.payload) == ("the asset was erased", {})
    assert not [line for line in everything(erased) if TITLE in line]


@pytest.mark.parametrize(
    "payload",
    [
        {"object": {"type": "asset", "id": "a1"}, "data": {"title": TITLE}},
        {"data": {"id": "track 1", "asset_id": "a1", "name": TITLE}},
        {"data": {"id": "stream 1", "recent_asset_ids": ["a0", "a1"], "name": TITLE}},
    ],
)
def test_late_webhooks_that_ask_for_nothing_leave_no_words_of_it(
    erased: Engine, payload: dict[str, object]
) -> None:
    """Whatever they are about, they name it."""
    late = replace(builders.event(EventKind.OTHER, minute=9, delivery_id="late"), asset_id=None)

    receipt = hear(erased, replace(late, payload=payload))

    assert receipt.outcome is DeliveryOutcome.IGNORED
    event = builders.every(erased, WebhookEvent)[-1]
    assert (event.detail, event.payload) == ("the asset was erased", {})


def test_events_of_others_are_kept_though_the_same_word_stands_in_them(engine: Engine, thumbs: Run) -> None:
    """As a name of a field, as somebody's text, or as the id of another account's asset."""
    builders.record(engine, builders.event(asset_id="data", platform=MediaUrl.name, account=ACCOUNT))
    kept = [
        ("mux", "main", {"data": {"id": "b1"}}),
        ("mux", "main", {"data": {"id": "data"}}),
        (MediaUrl.name, ACCOUNT, {"data": {"asset_id": "b1", "title": "data"}}),
        (MediaUrl.name, ACCOUNT, {"data": {"asset_id": "data", "platform": "mux", "account": "main"}}),
    ]
    removed = (MediaUrl.name, ACCOUNT, {"data": {"asset_id": "data", "title": "b1"}})
    for number, (platform, account, payload) in enumerate([*kept, removed]):
        of = builders.event(EventKind.OTHER, minute=number, platform=platform, account=account)
        builders.record(engine, replace(of, payload=payload))

    answer(thumbs("erase", f"{MediaUrl.name}/{ACCOUNT}/data", "--yes", "--json"))

    left = [event.payload for event in builders.every(engine, WebhookEvent) if event.kind == EventKind.OTHER]
    assert left == [payload for _, _, payload in kept]


def test_own_events_about_an_asset_of_a_platform_go_with_it(engine: Engine, thumbs: Run) -> None:
    """They are kept under the account of one's own events."""
    pick(engine)
    said = {"data": {"platform": "mux", "account": "main", "asset_id": "a1", "title": TITLE}}
    own = builders.event(EventKind.OTHER, platform=MediaUrl.name, account=ACCOUNT)
    builders.record(engine, replace(own, payload=said))

    answer(thumbs("erase", "mux/main/a1", "--yes", "--json"))

    assert not [line for line in everything(engine) if TITLE in line]


def test_a_platform_that_says_it_is_new_brings_it_back(erased: Engine) -> None:
    """As a video that nobody has seen before."""
    with transaction(erased) as session:
        session.query(Asset).filter(Asset.external_id == "a1").update(
            {"deleted_at": builders.NOON, "erased_at": builders.NOON}
        )

    receipt = hear(erased, builders.event(minute=5, delivery_id="new"))

    assert receipt.outcome is DeliveryOutcome.RECORDED
    asset = builders.every(erased, Asset)[0]
    assert (asset.deleted_at, asset.erased_at) == (None, None)


def test_a_worker_that_has_it_stores_nothing_any_more(engine: Engine, thumbs: Run) -> None:
    """It learns so when it renews its lease, and whatever it says is refused."""
    pick(engine)
    choose(engine)
    writing = claimed(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    running = builders.claimed(engine)

    thumbs("erase", "a1", "--yes")

    with transaction(engine) as session:
        assert jobs.renew(session, [running], 30.0) == {}
        assert publications.renew(session, [writing], 30.0) == {}
    with pytest.raises(LeaseLost), transaction(engine) as session:
        jobs.complete(session, running, builders.result("f2"))
    with pytest.raises(LeaseLost), transaction(engine) as session:
        publications.confirm(session, writing, "12.4")
    assert builders.every(engine, Thumbnail) == []
    assert builders.every(engine, Asset)[0].written is None


def test_the_inbox_is_looked_through_in_parts(erased: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of which takes long, and none of which is left out."""
    monkeypatch.setattr(erasure, "BATCH_EVENTS", 2)
    for number in range(5):
        hear(erased, builders.event(EventKind.OTHER, minute=number, delivery_id=f"more {number}"))
    with transaction(erased) as session:
        parts = list(erasure.inbox_ranges(session))
        ids = {event.id for event in session.query(WebhookEvent)}

    assert ids <= {number for part in parts for number in range(part.first, part.last + 1)}
    assert all(part.last - part.first < 2 for part in parts)


def test_erasing_twice_is_harmless(erased: Engine, thumbs: Run) -> None:
    """As where the first one was interrupted. Who did it first, and why, stays known."""
    assert thumbs("erase", "a1", "--yes").exit_code == 0
    assert thumbs("requeue", "a1").stdout == "mux/main/a1: deleted\n"
    records = [
        event.detail for event in builders.every(erased, WebhookEvent) if event.type == "thumbs.erased"
    ]
    assert ["asked to" in detail for detail in records] == [True, False]
