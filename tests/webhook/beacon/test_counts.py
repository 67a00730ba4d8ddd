"""Servers that count themselves are told whether their counts are stored, and what is wrong with them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.support.service import deliveries
from tests.support.trials import day_test
from tests.support.trials.counted_trials import end_test, running_test
from worker.database import transaction
from worker.trials import counting
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from werkzeug.test import TestResponse


def send(client: FlaskClient, *counts: dict[str, Any], delivery: str | None = None) -> TestResponse:
    """Send counts, signed."""
    signed = deliveries.own_bytes(json.dumps({"counts": counts}).encode(), delivery=delivery)
    return client.post("/v1/counts", headers=signed.headers, data=signed.body)


def buckets(engine: Engine, trial_id: int) -> dict[int, Sums]:
    """Read the sums of a test's buckets."""
    with transaction(engine) as session:
        return counting.read_buckets(session, trial_id)


def test_counts_are_stored_when_they_are_answered(engine: Engine, client: FlaskClient) -> None:
    """Without a merge in between; numbers that are not given count nothing."""
    trial = running_test(engine)
    whole = {"impressions": 120, "plays": 11, "quality_plays": 9, "watch_s": 431.5}

    answer = send(client, {"test": trial, "bucket": 93, **whole}, {"test": trial, "bucket": 2, "plays": 3})

    assert (answer.status_code, answer.json["outcome"]) == (202, "recorded")
    assert buckets(engine, trial) == {93: Sums(120, 11, 9, 431.5), 2: Sums(0, 3)}


def test_a_delivery_that_is_sent_again_is_added_once(engine: Engine, client: FlaskClient) -> None:
    """And other counts under its id are refused."""
    trial = running_test(engine)
    count = {"test": trial, "bucket": 1, "impressions": 10}

    answers = [send(client, count, delivery="msg_1") for _ in range(2)]
    other = send(client, count | {"impressions": 11}, delivery="msg_1")

    assert [answer.status_code for answer in answers] == [202, 200]
    assert other.status_code == 409
    assert buckets(engine, trial) == {1: Sums(10)}


def test_counts_that_nobody_signed_are_refused(engine: Engine, client: FlaskClient) -> None:
    """Nothing is read before the signature."""
    trial = running_test(engine)
    body = json.dumps({"counts": [{"test": trial, "bucket": 1, "impressions": 10}]}).encode()
    forged = replace(deliveries.own_bytes(b"{}"), body=body)

    assert client.post("/v1/counts", data=body).status_code == 401
    assert client.post("/v1/counts", headers=forged.headers, data=body).status_code == 401
    assert buckets(engine, trial) == {}


def test_days_and_buckets_come_in_one_delivery(engine: Engine, client: FlaskClient) -> None:
    """Of tests by days, and of those that draw viewers; all of it once."""
    trial, by_days = running_test(engine), day_test.begun(engine, platform="vimeo")
    day_test.show_day(engine, 0)
    day_test.show_day(engine, 1)
    day = {"test": by_days, "day": day_test.first_day(engine).isoformat(), "views": 1204, "watch_s": 60.5}
    counts = ({"test": trial, "bucket": 93, "impressions": 120}, day)

    answers = [send(client, *counts, delivery="msg_1") for _ in range(2)]
    refused = send(client, counts[0], day | {"day": "2020-02-29"})

    assert [answer.status_code for answer in answers] == [202, 200]
    assert (refused.status_code, refused.json["reason"]) == (
        400,
        f"`counts[1].day`: 2020-02-29 is no day of test {by_days}",
    )
    assert buckets(engine, trial) == {93: Sums(120)}
    seen = day_test.slot(engine, 0)
    assert (seen.views, seen.impressions, seen.watch_s) == (1204, None, 60.5)


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        ({"day": "20261129", "views": 1}, "`counts[0].day` must be a day, as 2026-11-29"),
        ({"day": 20261129, "views": 1}, "`counts[0].day` must be a day"),
        ({"day": "2026-11-29"}, "`counts[0].views` is missing"),
        ({"day": "2026-11-29", "views": 1.5}, "`counts[0].views` must be a whole number"),
        ({"day": "2026-11-29", "views": 1, "impressions": None}, "`counts[0].impressions` must be"),
        ({"day": "2026-11-29", "views": 1, "plays": 1}, "a field that we do not know: 'plays'"),
        ({"day": "2026-11-29", "views": 1, "bucket": 1}, "both a `bucket` and a `day`"),
        ({"day": "2026-11-29", "views": 1}, "draws viewers: tell what its buckets did"),
        ({"bucket": 128, "impressions": 1}, "`counts[0].bucket` must be a whole number from 0 to 127"),
        ({"bucket": -1, "impressions": 1}, "`counts[0].bucket` must be"),
        ({"bucket": True, "impressions": 1}, "`counts[0].bucket` must be"),
        ({"impressions": 1}, "`counts[0].bucket` is missing"),
        ({"bucket": 1}, "counts nothing"),
        ({"bucket": 1, "impressions": -1}, "`counts[0].impressions` must be a whole number"),
        ({"bucket": 1, "impressions": 1.5}, "`counts[0].impressions` must be a whole number"),
        ({"bucket": 1, "watch_s": "12"}, "`counts[0].watch_s` must be a number"),
        ({"bucket": 1, "watch_s": -0.5}, "`counts[0].watch_s` must be a number"),
        ({"bucket": 1, "impressions": 2, "plays": 3}, "`counts[0].plays` is more than `impressions`"),
        ({"bucket": 1, "plays": 2, "quality_plays": 3}, "`counts[0].quality_plays` is more than `plays`"),
        ({"bucket": 1, "impresions": 3}, "a field that we do not know: 'impresions'"),
    ],
)
def test_counts_that_cannot_be_are_refused_with_the_reason(
    engine: Engine, client: FlaskClient, count: dict[str, Any], reason: str
) -> None:
    """All of the delivery, as to send it again would not help."""
    trial = running_test(engine)

    answer = send(client, {"test": trial, **count})

    assert answer.status_code == 400
    assert reason in answer.json["reason"]
    assert buckets(engine, trial) == {}


def test_a_test_that_does_not_run_is_named(engine: Engine, client: FlaskClient) -> None:
    """Whether it is unknown, or over."""
    ended = running_test(engine)
    end_test(engine, ended)
    for number, reason in ((999, "there is no test 999"), (ended, f"test {ended} has ended")):
        answer = send(client, {"test": number, "bucket": 1, "impressions": 1})
        assert answer.status_code == 400
        assert reason in answer.json["reason"]


def test_counts_that_could_not_be_stored_are_to_be_sent_again(engine: Engine, client: FlaskClient) -> None:
    """503, as nothing was added: here somebody holds the table."""
    trial = running_test(engine)
    count = {"test": trial, "bucket": 1, "impressions": 10}
    with engine.begin() as other:
        other.execute(text("LOCK TABLE trial_counts"))
        answer = send(client, count, delivery="msg_1")

    assert answer.status_code == 503
    assert send(client, count, delivery="msg_1").status_code == 202
    assert buckets(engine, trial) == {1: Sums(10)}
