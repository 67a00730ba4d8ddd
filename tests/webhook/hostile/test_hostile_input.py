"""No input earns a 500: a platform would send it again and again, and an alarm would ring for nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.service import builders, deliveries
from worker.database.inbox import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.support.service.deliveries import Delivery
    from tests.webhook.conftest import Post

SIGN = [deliveries.mux_bytes, deliveries.fastpix_bytes, deliveries.own_bytes]
ANSWERS = {200, 202, 400, 401, 404, 413, 415}

# Everything that JSON can spell, with the names that platforms use, so that parsers are reached.
NAMES = st.sampled_from(
    ["id", "type", "data", "object", "created_at", "createdAt", "asset_id", "meta", "tracks"]
)
TYPES = st.sampled_from(
    ["video.asset.ready", "video.media.ready", "asset.ready", "asset.edited", "video.asset.deleted"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=5),
    max_leaves=12,
)

# The database is cleared by nobody between examples: what is asked is only how it answers.
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("sign", SIGN)
@fuzzed
@given(body=st.binary(max_size=300))
def test_any_signed_bytes_are_answered(post: Post, sign: Callable[[bytes], Delivery], body: bytes) -> None:
    """Signed nonsense is still nonsense."""
    assert post(sign(body)).status_code in ANSWERS


@pytest.mark.parametrize("sign", SIGN)
@fuzzed
@given(said=st.dictionaries(NAMES, VALUES, max_size=6))
@example(said={"id": "x", "type": "video.asset.ready", "data": {"id": "a\0b"}})
@example(said={"id": "x\ud800", "type": "video.asset.ready", "data": {"id": "a1"}})
@example(said={"id": "x", "type": "video.asset.ready\0", "data": {"id": "a1", "n": "\ud800\0"}})
@example(said={"id": "x" * 5000, "type": "video.media.ready", "object": {"id": "a" * 5000}})
@example(said={"id": "y", "type": "video.asset.ready", "created_at": 1e300, "data": {"id": "a1"}})
@example(said={"id": "z", "type": "video.asset.ready", "created_at": "0001-01-01", "data": {"id": "a2"}})
def test_any_signed_json_is_answered(
    post: Post, sign: Callable[[bytes], Delivery], said: dict[str, object]
) -> None:
    """Whatever the fields hold: another type, half a character, a NUL, a date before all dates."""
    assert post(sign(json.dumps(said).encode())).status_code in ANSWERS


@pytest.mark.parametrize("path", ["/webhooks/mux/main", "/webhooks/fastpix/main", "/v1/events"])
@fuzzed
@given(
    body=st.binary(max_size=50),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "mux-signature",
                "FastPix-Signature",
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "Content-Type",
                "Content-Encoding",
                "Content-Length",
            ]
        ),
        st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60),
    ),
)
def test_any_headers_are_answered(post: Post, path: str, body: bytes, headers: dict[str, str]) -> None:
    """The address is open to everybody."""
    assert post(deliveries.Delivery(path, headers, body)).status_code in ANSWERS


@pytest.mark.parametrize("sign", SIGN)
@pytest.mark.parametrize("depth", [500, 100_000])
def test_deeply_nested_json_is_400(post: Post, sign: Callable[[bytes], Delivery], depth: int) -> None:
    """Python gives up on it with an error of its own."""
    nested = (
        b'{"id":"e","type":"video.asset.ready","data":{"id":"a1","x":' + b"[" * depth + b"]" * depth + b"}}"
    )

    assert post(sign(nested)).status_code == 400


@pytest.mark.parametrize(
    ("end_s", "says"),
    [("1" + 400 * "0", "beyond all bounds"), ("1e300", "end_s <= 1000000"), ("1000001", "end_s <= 1000000")],
)
def test_a_range_beyond_all_bounds_is_400(post: Post, engine: Engine, end_s: str, says: str) -> None:
    """And says what is allowed: a 503 would have it sent again for ever."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    edit = f'{{"kind": "trimmed", "kept": [{{"start_s": 0.5, "end_s": {end_s}}}]}}'
    data = f'{{"platform": "mux", "account": "main", "asset_id": "a1", "edit": {edit}}}'
    said = f'{{"type": "asset.edited", "timestamp": "2026-11-02T10:00:00Z", "data": {data}}}'

    answer = post(deliveries.own_bytes(said.encode()))

    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)


def test_what_postgresql_cannot_store_does_not_cost_the_event(post: Post, engine: Engine) -> None:
    """A NUL or half a surrogate pair in a title is no reason to lose a video."""
    answer = post(deliveries.mux(meta={"title": "Holi\0day \ud83d"}))

    assert answer.status_code == 202
    assert builders.only(engine, WebhookEvent).type == "video.asset.ready"
