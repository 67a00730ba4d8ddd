"""Every platform's address, with real payloads that were tampered with: refused or recorded, never a 500."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.platforms import webhook_senders
from tests.support.platforms.webhook_senders import NEW, PAYLOADS, SENDERS, Sender
from tests.support.service import builders
from tests.support.service.deliveries import Delivery
from webhook.app import create_app
from worker.database.inbox import WebhookEvent
from worker.database.models import Job
from worker.platforms.base import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from tests.webhook.conftest import Post

TAKEN, REFUSED = {200, 202}, {400, 401, 404, 413, 415}
TOO_OLD_S = 301.0

# Text as others write it, which all say the same thing.
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-16": lambda said: said.encode("utf-16"),
    "utf-32": lambda said: said.encode("utf-32-be"),
    "utf-7": lambda said: said.encode("utf-7"),
    "byte order mark": lambda said: b"\xef\xbb\xbf" + said.encode(),
    "latin-1 in it": lambda said: said.encode().replace(b'":', b'\xe9":', 1),
    "overlong": lambda said: said.encode().replace(b'"', b"\xc0\xa2"),
    "surrogates": lambda said: said.encode().replace(b'":', b'\xed\xa0\x80":', 1),
    "gzip": lambda _: b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "NUL": lambda said: said.encode() + b"\0",
    "twice": lambda said: said.encode() * 2,
}
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["\0", "\ud800", "../../etc", "a" * 5000, "0001-01-01", "9999-12-31T23:59:59+00:00", ""]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
# Others in each run.
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=sorted(SENDERS))
def sender(request: pytest.FixtureRequest) -> Sender:
    """Return each of those who send webhooks, one after another."""
    return SENDERS[request.param]


@pytest.fixture
def post(engine: Engine) -> Post:
    """Return what sends a delivery to a receiver with an account of every platform."""
    client = create_app(webhook_senders.settings(), engine).test_client()
    return lambda delivery: client.post(delivery.path, headers=delivery.headers, data=delivery.body)


def signed(sender: Sender, body: bytes, late_s: float = 0.0) -> Delivery:
    """Return any bytes as this platform would send them."""
    path = "/v1/events" if sender.name == "own_events" else f"/webhooks/{sender.name}/main"
    return Delivery(path, sender.sign(body, NEW, time.time() - late_s), body)


def payloads(sender: Sender) -> list[bytes]:
    """Return what this platform really sends."""
    return [path.read_bytes() for path in sorted((PAYLOADS / sender.name).glob("*.json"))]


def tampered(value: str) -> Iterator[str]:
    """A signature with one thing wrong."""
    yield from (value[:-1], value[1:], value[: len(value) // 2], value[::-1])
    for at in range(0, len(value), 7):
        other = "0" if value[at] != "0" else "1"
        yield value[:at] + other + value[at + 1 :]


def test_a_signature_with_one_thing_wrong_lets_nothing_in(post: Post, engine: Engine, sender: Sender) -> None:
    """Each of its headers, cut short, turned round, or with one letter changed."""
    delivery = signed(sender, payloads(sender)[0])
    wrong = [
        delivery.with_headers(**{name: spoilt})
        for name, value in delivery.headers.items()
        for spoilt in tampered(value)
    ]

    assert {post(one).status_code for one in wrong} == {401}
    assert builders.every(engine, WebhookEvent) == []
    assert post(delivery).status_code in TAKEN


def test_the_signature_of_one_platform_opens_no_other(post: Post, engine: Engine, sender: Sender) -> None:
    """Even where both have the same secret; to FastPix, some of it looks like its own unsigned probe."""
    body = payloads(sender)[0]
    own = signed(sender, body)

    for other in set(SENDERS.values()) - {sender}:
        answer = post(replace(own, path=signed(other, body).path))
        assert answer.status_code == 401 or answer.json["status"] == "probe"

    assert builders.every(engine, WebhookEvent) == []


def test_a_replay_asks_for_nothing_new(post: Post, engine: Engine, sender: Sender) -> None:
    """The same bytes again are a repeat; later, where the time is signed, they are nothing at all."""
    for body in payloads(sender):
        assert post(signed(sender, body)).status_code in TAKEN
    recorded, asked = len(builders.every(engine, WebhookEvent)), len(builders.every(engine, Job))

    for body in payloads(sender):
        assert post(signed(sender, body)).status_code in TAKEN
        late = post(signed(sender, body, late_s=TOO_OLD_S)).status_code
        assert late == 401 if sender.is_time_signed else late in TAKEN

    assert len(builders.every(engine, Job)) == asked
    if sender.capabilities.identity is not Identity.NONE:
        assert len(builders.every(engine, WebhookEvent)) == recorded


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_odd_encodings_are_answered(post: Post, sender: Sender, encode: Callable[[str], bytes]) -> None:
    """Signed by the platform, so only the reading is left to go wrong."""
    for body in payloads(sender):
        assert post(signed(sender, encode(body.decode()))).status_code in TAKEN | unreadable(sender)


def unreadable(sender: Sender) -> set[int]:
    """Answers to what cannot be read; a platform that signs what is said, and no bytes, cannot sign that."""
    return {401} if sender.name == "jwplayer" else {400}


@pytest.mark.parametrize("depth", [500, 100_000])
def test_json_that_is_nested_too_deeply_is_400(post: Post, sender: Sender, depth: int) -> None:
    """Beside what makes it a real event."""
    said = json.dumps(sender.unknown({"x": "here"}))
    nested = said.replace('"here"', "[" * depth + "]" * depth).encode()

    assert {post(signed(sender, nested)).status_code} == unreadable(sender)


@fuzzed
@given(data=st.data())
def test_a_real_payload_with_one_odd_field_is_answered(
    post: Post, sender: Sender, data: st.DataObject
) -> None:
    """It gets as far as the database, where text has rules of its own."""
    said = json.loads(data.draw(st.sampled_from(payloads(sender))))
    holder, key = data.draw(st.sampled_from(list(places(said))))
    holder[key] = data.draw(ODD)

    assert post(signed(sender, json.dumps(said).encode())).status_code in TAKEN | REFUSED


def places(said: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a document, as what holds it and under which key."""
    for key in said if isinstance(said, dict) else range(len(said)):
        yield said, key
        if isinstance(said[key], dict | list):
            yield from places(said[key])
