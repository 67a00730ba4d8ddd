"""The customer's own systems ask what is known of an asset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tests.support.service import builders, deliveries
from tests.support.service.deliveries import EVENTS_SECRET, Delivery, make_settings
from tests.webhook.test_openapi import CHECKS, OPERATIONS
from webhook.app import create_app
from worker import publications
from worker.database import transaction
from worker.database.models import Asset
from worker.errors import UnreadableVideo
from worker.inbox import erasure
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse

PICK = {
    "time_s": 1.5,
    "score": 2.5,
    "reasons": ["sharp"],
    "aspect": "16:9",
    "width_px": 16,
    "height_px": 9,
    "image_url": f"https://thumbs.example.com/thumbnails/{'ab' * 32}.jpg",
}
FOREIGN_SECRET = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
FIVE_MINUTES_S = 300.0
OPERATION = OPERATIONS["GET /v1/assets/{platform}/{account}/{asset_id}"]


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    """Return a client of a receiver that has a public address."""
    return create_app(make_settings(public_url="https://thumbs.example.com"), engine).test_client()


def ask(client: FlaskClient, asked: Delivery) -> TestResponse:
    """Ask about an asset."""
    return client.get(asked.path, headers=asked.headers)


def told(client: FlaskClient, asset: str = "mux/main/a1") -> dict[str, Any]:
    """What is known of an asset; the answer is one that openapi.json describes."""
    answer = ask(client, deliveries.question(asset))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    names = dict(zip(("platform", "account", "asset_id"), asset.split("/", 2), strict=True))
    OPERATION.Case(path_parameters=names).validate_response(answer, checks=CHECKS)
    document: dict[str, Any] = answer.json
    return document


def published(engine: Engine) -> None:
    """Let the newest pick be written."""
    with transaction(engine) as session:
        hint = publications.announce(session, rehint_s=60.0)[-1]
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, builders.OWNER, builders.LEASE_S)
        assert claim is not None
        publications.confirm(session, claim, written="1.5")


def test_a_video_that_was_announced_waits(client: FlaskClient, engine: Engine) -> None:
    """Nothing is picked and nothing shown."""
    builders.record(engine, builders.event(title="Growing tomatoes"))

    document = told(client)

    assert (document["asset_id"], document["title"]) == ("a1", "Growing tomatoes")
    assert (document["state"], document["job"]["reason"]) == ("scheduled", "ready")
    assert (document["write"], document["shown"], document["picks"]) == (None, None, [])


def test_the_picks_are_told_and_what_is_shown_of_them(client: FlaskClient, engine: Engine) -> None:
    """In the words in which PICKS_URL is told; shown is only what was written."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    before = told(client)

    published(engine)

    assert (before["state"], before["write"]["state"], before["shown"]) == ("completed", "pending", None)
    assert before["picks"] == [{"rank": 1, **PICK}]
    after = told(client)
    assert (after["write"]["state"], after["shown"]) == ("confirmed", PICK)


def test_what_is_shown_stays_while_a_newer_run_waits(client: FlaskClient, engine: Engine) -> None:
    """The picks are those of the newest run that ended."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    published(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=5))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        builders.jobs.complete(session, claim, builders.result("f2", 9.0))

    document = told(client)

    assert [pick["time_s"] for pick in document["picks"]] == [9.0]
    assert document["shown"] == PICK


def test_a_foreign_thumbnail_is_told(client: FlaskClient, engine: Engine) -> None:
    """Then nothing of ours is shown."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    published(engine)
    with transaction(engine) as session:
        session.execute(update(Asset).values(foreign_thumbnail="7.0"))

    document = told(client)

    assert (document["foreign_thumbnail"], document["shown"]) == ("7.0", None)


def test_a_job_that_was_given_up_says_why(client: FlaskClient, engine: Engine) -> None:
    """In one sentence."""
    builders.record(engine, builders.event())
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video stream"))

    document = told(client)

    assert (document["state"], document["job"]["error"]) == ("discarded", "no video stream")


def test_its_page_is_told_where_there_are_pages(client: FlaskClient, engine: Engine) -> None:
    """Where a person sees and chooses."""
    builders.record(engine, builders.event(asset_id="a1"))
    with_pages = create_app(make_settings(review_url="https://review.example.com"), engine).test_client()

    assert told(client)["page"] is None
    assert told(with_pages)["page"] == "https://review.example.com/a/mux/main/a1"


def test_a_deleted_video_shows_nothing(client: FlaskClient, engine: Engine) -> None:
    """Its pictures are served no more."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    builders.record(engine, builders.event(EventKind.DELETED, minute=5))

    document = told(client)

    assert (document["state"], document["picks"], document["shown"]) == ("deleted", [], None)
    assert document["deleted_at"] == "2026-11-01T12:05:00+00:00"


@pytest.mark.parametrize("external_id", ["promo/17", "/videos/a b.mp4", "..", "été?#%"])
def test_an_id_may_hold_anything(client: FlaskClient, engine: Engine, external_id: str) -> None:
    """Videos on no platform are often called by their paths."""
    about = {"platform": "direct", "account": "media", "media_url": "https://media.example.com/a.mp4"}
    builders.record(engine, builders.event(asset_id=external_id, **about))
    asked = deliveries.question(f"direct/media/{external_id}")

    answer = client.get(f"/v1/assets/direct/media/{quote(external_id, safe='')}", headers=asked.headers)

    assert answer.json["asset_id"] == external_id


@pytest.mark.parametrize(
    "asset", ["mux/main/nobody", "nowhere/main/a1", "mux/main/%00", f"mux/main/{'x' * 600}"]
)
def test_an_asset_that_never_came_is_404(client: FlaskClient, engine: Engine, asset: str) -> None:
    """As is one that nothing could be called."""
    builders.record(engine, builders.event())

    answer = ask(client, deliveries.question(asset))

    assert (answer.status_code, answer.json["outcome"]) == (404, "not found")


def test_an_erased_asset_is_404(client: FlaskClient, engine: Engine) -> None:
    """That it was there once is nobody's business any more."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        erasure.erase(session, session.get_one(Asset, 1, with_for_update=True), "me", "")

    assert ask(client, deliveries.question("mux/main/a1")).status_code == 404


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: deliveries.question("mux/main/a1", secret=FOREIGN_SECRET), id="another secret"),
        pytest.param(lambda: deliveries.question("mux/main/a1", sent_s=-2 * FIVE_MINUTES_S), id="too old"),
        pytest.param(lambda: Delivery("/v1/assets/mux/main/a1", {}, b""), id="unsigned"),
        pytest.param(
            lambda: Delivery("/v1/assets/mux/main/a1", deliveries.own().headers, b""), id="of an event"
        ),
        pytest.param(
            lambda: Delivery("/v1/assets/mux/main/a1", deliveries.question("mux/main/a2").headers, b""),
            id="of another question",
        ),
    ],
)
def test_a_stranger_is_told_nothing(client: FlaskClient, engine: Engine, make: Any) -> None:
    """Not even whether the asset is there."""
    builders.record(engine, builders.event())

    assert ask(client, make()).status_code == 401


def test_an_event_with_its_body_opens_no_asset(client: FlaskClient, engine: Engine) -> None:
    """Whoever sees one go by has the signature of these bytes, and of no question."""
    builders.record(engine, builders.event())
    seen = deliveries.own()

    assert client.get("/v1/assets/mux/main/a1", headers=seen.headers, data=seen.body).status_code == 401


def test_both_secrets_may_ask_while_one_replaces_the_other(engine: Engine) -> None:
    """As both may send events."""
    builders.record(engine, builders.event())
    rotated = make_settings(
        events_secret=SecretStr(FOREIGN_SECRET), events_secret_previous=SecretStr(EVENTS_SECRET)
    )
    client = create_app(rotated, engine).test_client()

    for secret in (FOREIGN_SECRET, EVENTS_SECRET):
        assert ask(client, deliveries.question("mux/main/a1", secret=secret)).status_code == 200


def test_addresses_are_signed_where_that_is_set(engine: Engine) -> None:
    """And open the picture."""
    signed = make_settings(
        public_url="https://thumbs.example.com",
        signed_thumbnails="all",
        thumbnails_secret=SecretStr(FOREIGN_SECRET),
    )
    client = create_app(signed, engine).test_client()
    builders.record(engine, builders.event())
    builders.completed(engine)

    (pick,) = told(client)["picks"]

    address = pick["image_url"].removeprefix("https://thumbs.example.com")
    assert "&signature=" in address
    assert client.get(address).data == builders.JPEG
    assert client.get(address.partition("?")[0]).status_code == 404


def test_a_question_changes_nothing(client: FlaskClient, engine: Engine) -> None:
    """It may be asked as often as one likes."""
    builders.record(engine, builders.event())
    before = json.dumps(told(client))

    assert json.dumps(told(client)) == before
