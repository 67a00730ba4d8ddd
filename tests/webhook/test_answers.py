"""What a platform is answered, and what is in the database by then."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders, deliveries
from worker.database.inbox import WebhookEvent
from worker.database.models import Asset, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.support.service.deliveries import Delivery
    from tests.webhook.conftest import Post

FIVE_MINUTES_S = 300.0


@pytest.mark.parametrize("make", [deliveries.mux, deliveries.fastpix], ids=["mux", "fastpix"])
def test_a_video_that_becomes_ready_gets_a_job(
    post: Post, engine: Engine, make: Callable[[], Delivery]
) -> None:
    """202 means: the event and the job for it are in the database."""
    delivery = make()

    answer = post(delivery)

    assert (answer.status_code, answer.json["status"]) == (202, "recorded")
    assert builders.only(engine, WebhookEvent).payload == json.loads(delivery.body)
    assert builders.only(engine, Job).asset_id == builders.only(engine, Asset).id


def test_an_event_from_the_customers_own_system_gets_a_job(post: Post, engine: Engine) -> None:
    """An editor that cut the video tells so itself."""
    assert post(deliveries.own()).status_code == 202
    assert builders.only(engine, Asset).external_id == "a1"


def test_a_redelivery_is_welcome_and_changes_nothing(post: Post, engine: Engine) -> None:
    """Platforms send again what they think was lost."""
    delivery = deliveries.mux()
    post(delivery)

    answer = post(delivery)

    assert (answer.status_code, answer.json["status"]) == (200, "duplicate")
    assert builders.only(engine, Asset).generation == 1


def test_the_same_delivery_many_times_at_once_is_one_event(post: Post, engine: Engine) -> None:
    """Redeliveries may overlap."""
    delivery = deliveries.mux()

    with ThreadPoolExecutor(8) as threads:
        codes = [answer.status_code for answer in threads.map(post, [delivery] * 24)]

    assert sorted(codes) == [200] * 23 + [202]
    assert builders.only(engine, WebhookEvent).delivery_id
    assert builders.only(engine, Asset).generation == 1


def test_an_event_of_an_unknown_kind_is_kept_and_ignored(post: Post, engine: Engine) -> None:
    """Anything but a 2xx would make platforms send it for a day."""
    answer = post(deliveries.mux("video.asset.imagined"))

    assert (answer.status_code, answer.json["status"]) == (200, "ignored")
    assert builders.only(engine, WebhookEvent).type == "video.asset.imagined"
    assert builders.every(engine, Job) == []


def test_a_known_kind_that_cannot_be_used_is_kept_with_the_reason(
    post: Post, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal would bring it back for a day; whoever reads the log or the events learns what is wrong."""
    answer = post(deliveries.mux("video.asset.static_rendition.ready", asset="of the file"))

    assert (answer.status_code, answer.json["status"]) == (200, "ignored")
    assert builders.only(engine, WebhookEvent).detail == "it names no asset"
    assert "a verified event of mux cannot be used: it names no asset" in caplog.text
    assert builders.every(engine, Job) == []


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_the_unsigned_probe_of_fastpix_finds_the_address_good(
    client: FlaskClient, engine: Engine, body: bytes
) -> None:
    """FastPix marks an address as broken that does not answer its probe with 200."""
    answer = client.post("/webhooks/fastpix/main", data=body)

    assert answer.status_code == 200
    assert builders.every(engine, WebhookEvent) == []


@pytest.mark.parametrize(
    "make",  # when the test runs: a signature is good for five minutes
    [
        pytest.param(lambda: deliveries.mux(secret="wrong"), id="another secret"),  # noqa: S106 - made up
        pytest.param(lambda: deliveries.mux().with_body(b"{}"), id="another body"),
        pytest.param(lambda: deliveries.mux().with_headers(mux_signature=""), id="no signature"),
        pytest.param(lambda: deliveries.mux().with_headers(mux_signature="t=,v1=\xff"), id="garbage"),
        pytest.param(lambda: deliveries.mux(sent_s=-2 * FIVE_MINUTES_S), id="too old"),
        pytest.param(lambda: deliveries.mux(sent_s=2 * FIVE_MINUTES_S), id="ahead of its time"),
        pytest.param(
            lambda: deliveries.fastpix().with_body(b'{"id":"x","type":"y"}'), id="FastPix, another body"
        ),
    ],
)
def test_what_the_platform_did_not_sign_is_refused(
    post: Post, engine: Engine, make: Callable[[], Delivery]
) -> None:
    """401, no row, and no word about what was wrong."""
    answer = post(make())

    assert (answer.status_code, answer.json["status"]) == (401, "unauthorized")
    assert "SECRET" not in answer.text
    assert builders.every(engine, WebhookEvent) == []


def test_both_secrets_work_while_one_replaces_the_other(post: Post) -> None:
    """Platforms take up to an hour to change over."""
    assert post(deliveries.mux(secret=deliveries.MUX_OLD_SECRET)).status_code == 202
    assert post(deliveries.mux(secret=deliveries.MUX_SECRET)).status_code in {200, 202}


@pytest.mark.parametrize("path", ["/webhooks/mux/nobody", "/webhooks/nowhere/main", "/webhooks/mux", "/v2"])
def test_an_unknown_address_is_404(client: FlaskClient, path: str) -> None:
    """As is an account that is not configured."""
    answer = client.post(path, data=deliveries.mux().body, headers=deliveries.mux().headers)

    assert answer.status_code == 404
    assert answer.json["reason"]


def test_another_method_is_405(client: FlaskClient) -> None:
    """And it says which method is right."""
    answer = client.get("/webhooks/mux/main")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_body_beyond_the_limit_is_413(post: Post) -> None:
    """Webhooks have a few kilobytes."""
    assert post(deliveries.mux(padding="x" * 300_000)).status_code == 413


def test_a_packed_body_is_415(post: Post) -> None:
    """A few bytes can unpack to gigabytes, so nothing is unpacked."""
    assert post(deliveries.mux().with_headers(Content_Encoding="gzip")).status_code == 415
    assert post(deliveries.mux().with_headers(Content_Encoding="identity")).status_code == 202
