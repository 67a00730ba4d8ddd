"""What holds for everybody who sends us webhooks; a platform that is added must pass all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.platforms.webhook_senders import (
    FOREIGN,
    NEW,
    NOW_S,
    OLD,
    PAYLOADS,
    SENDERS,
    Sender,
    settings,
)
from worker.errors import InvalidSignature, MalformedPayload, UnknownAccount
from worker.platforms import PLATFORMS, configured_accounts, platform_of
from worker.platforms.base import Identity
from worker.platforms.event import EventKind
from worker.settings.types import WITHHELD

BODY = b'{"type": "something.new", "id": "evt_1", "data": {}}'
FILES = sorted(PAYLOADS.glob("*/*.json"))

GARBAGE = [
    "",
    " ",
    ",",
    "=",
    "t=,v1=",
    "t=1,v1",
    "v1=,t=",
    "v1,",
    "v1,%%%",
    "\udcff",
    "\N{SNOWMAN}",
    "a" * 9000,
]

MALFORMED = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"type": "\xff"}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "no type": b'{"id": "e"}',
    "a type that is no text": b'{"type": {}, "id": "e"}',
    "nested too deeply for us": b'{"type": "x", "id": "e", "a": ' + b"[" * 100 + b"]" * 100 + b"}",
    "nested too deeply for Python": b'{"a":' * 100_000,
    "a number beyond all bounds": b'{"type": "x", "id": "e", "n": 1e999}',
    "not a number": b'{"type": "x", "id": "e", "n": NaN}',
    "a number of 5000 digits": b'{"type": "x", "id": "e", "n": ' + b"9" * 5000 + b"}",
}

fuzz = hypothesis_settings(
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=sorted(SENDERS))
def sender(request: pytest.FixtureRequest) -> Sender:
    """Return each of those who send webhooks, one after another."""
    return SENDERS[request.param]


def test_every_platform_has_a_sender_and_payloads() -> None:
    """A platform without them would not be tested here at all."""
    with_webhooks = {name for name, platform in PLATFORMS.items() if platform.capabilities.events}

    assert set(SENDERS) == {*with_webhooks, "own_events"}
    assert {path.parent.name for path in FILES} == set(SENDERS)


class TestEveryPlatform:
    """What the receiver relies on."""

    def test_accepts_its_own_signature(self, sender: Sender) -> None:
        """Whatever the case of the headers' names, as proxies change it."""
        headers = sender.sign(BODY, NEW, NOW_S)

        sender.verify(headers, BODY)
        sender.verify({name.upper(): value for name, value in headers.items()}, BODY)

    def test_refuses_a_changed_body(self, sender: Sender) -> None:
        """Another id is another body, where it is signed."""
        headers = sender.sign(BODY, NEW, NOW_S)
        changed = BODY.replace(b"evt_1", b"evt_2")

        if sender.is_body_signed:
            with pytest.raises(InvalidSignature):
                sender.verify(headers, changed)
        else:
            sender.verify(headers, changed)

    def test_refuses_a_missing_signature(self, sender: Sender) -> None:
        """Without its headers a request is nobody's."""
        headers = sender.sign(BODY, NEW, NOW_S)

        for missing in headers:
            rest = {name: value for name, value in headers.items() if name != missing}
            with pytest.raises(InvalidSignature):
                sender.verify(rest, BODY)

    @pytest.mark.parametrize("garbage", GARBAGE)
    def test_refuses_garbage_in_a_header(self, sender: Sender, garbage: str) -> None:
        """With an InvalidSignature, whatever it is."""
        headers = sender.sign(BODY, NEW, NOW_S)

        for spoilt in headers:
            with pytest.raises(InvalidSignature):
                sender.verify({**headers, spoilt: garbage}, BODY)

    def test_accepts_the_previous_secret_while_it_is_rotated(self, sender: Sender) -> None:
        """Both secrets are live until the previous one is taken away."""
        sender.verify(sender.sign(BODY, OLD, NOW_S), BODY)

    def test_refuses_what_somebody_else_signed(self, sender: Sender) -> None:
        """A signature of the right form, made with another secret; the message names the setting to check."""
        with pytest.raises(InvalidSignature, match=f"check {sender.secret_setting}"):
            sender.verify(sender.sign(BODY, FOREIGN, NOW_S), BODY)

    @pytest.mark.parametrize("off_s", [-3600, -301, 301, 3600])
    def test_refuses_another_time_where_the_time_is_signed(self, sender: Sender, off_s: int) -> None:
        """An old request cannot be sent again, and none from the future either."""
        headers = sender.sign(BODY, NEW, NOW_S + off_s)

        if sender.is_time_signed:
            with pytest.raises(InvalidSignature):
                sender.verify(headers, BODY)
        else:
            sender.verify(headers, BODY)

    def test_takes_in_an_event_that_it_does_not_know(self, sender: Sender) -> None:
        """Platforms add events; a refusal would make them send it for days."""
        (event,) = sender.parse(json.dumps(sender.unknown({})).encode())

        assert event.kind is EventKind.OTHER
        assert event.type
        assert event.asset_id is None

    def test_a_redelivery_is_known_by_its_id_where_there_is_one(self, sender: Sender) -> None:
        """Else every delivery counts as a new one, because an honest one may hold the very same bytes."""
        for path in sorted((PAYLOADS / sender.name).glob("*.json")):
            first, again = (
                [event.delivery_id for event in sender.parse(path.read_bytes())] for _ in range(2)
            )

            assert (first == again) == (sender.capabilities.identity is not Identity.NONE)

    def test_its_payloads_show_every_kind_that_it_tells_of(self, sender: Sender) -> None:
        """What is said of it in the table is what is read."""
        told = {
            event.kind
            for path in (PAYLOADS / sender.name).glob("*.json")
            for event in sender.parse(path.read_bytes())
        }

        assert told - {EventKind.OTHER} == sender.capabilities.events - {EventKind.OTHER}

    @pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
    def test_says_what_is_malformed(self, sender: Sender, malformed: bytes) -> None:
        """A signed body that makes no sense is its own error."""
        with pytest.raises(MalformedPayload):
            sender.parse(malformed)

    def test_replaces_what_the_database_cannot_hold(self, sender: Sender) -> None:
        """JSON can spell NUL and halves of a surrogate pair; PostgreSQL stores neither."""
        said = sender.unknown({"\0": ["\ud800", {"a": "\0"}]})

        (event,) = sender.parse(json.dumps(said).encode())

        odd = "\N{REPLACEMENT CHARACTER}"
        assert [event.payload] == sender.events_of(sender.unknown({odd: [odd, {"a": odd}]}))

    @fuzz
    @given(value=st.text(), body=st.binary())
    @example(value="t=1,v1=\udc80", body=b"")
    def test_never_fails_otherwise_on_any_headers_and_bytes(
        self, sender: Sender, value: str, body: bytes
    ) -> None:
        """The address is open to everybody: a request is refused, never an accident."""
        for name in sender.sign(b"", NEW, NOW_S):
            with pytest.raises(InvalidSignature):
                sender.verify({**sender.sign(b"", FOREIGN, NOW_S), name: value}, body)

    @fuzz
    @given(body=st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
    def test_never_fails_otherwise_on_any_body(self, sender: Sender, body: bytes) -> None:
        """Neither on bytes nor on any JSON."""
        _parse_or_refuse(sender, body)

    @fuzz
    @given(data=st.data())
    def test_never_fails_otherwise_where_one_field_is_odd(self, sender: Sender, data: st.DataObject) -> None:
        """Real payloads with one value replaced by any other: read, or refused as malformed."""
        path = data.draw(st.sampled_from(sorted((PAYLOADS / sender.name).glob("*.json"))))
        said = json.loads(path.read_text())
        holder, key = data.draw(st.sampled_from(list(_places(said))))
        holder[key] = data.draw(json_values)

        _parse_or_refuse(sender, json.dumps(said).encode())


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_every_payload_is_read(path: Any) -> None:
    """Platform, account, id and words arrive as they were sent, and the time is aware."""
    sender = SENDERS[path.parent.name]

    events = sender.parse(path.read_bytes())

    assert [event.payload for event in events] == sender.events_of(json.loads(path.read_text()))
    for event in events:
        assert (event.asset_id is None) == (event.kind is EventKind.OTHER)
        if sender.capabilities.identity is not Identity.NONE:
            assert event.happened_at is not None
            assert event.happened_at.tzinfo is not None


@pytest.mark.parametrize("name", sorted(PLATFORMS))
class TestEveryAccount:
    """How a platform object is come by."""

    def test_it_is_found_by_its_name(self, name: str) -> None:
        """And knows which account it belongs to."""
        platform = platform_of(name, "main", settings())

        assert (platform.name, platform.account) == (name, "main")
        assert platform.write_back in platform.capabilities.write_backs

    def test_an_account_that_is_not_configured_is_unknown(self, name: str) -> None:
        """The message says what to set."""
        with pytest.raises(UnknownAccount, match=f"begin with {name.upper()}__MAIN__"):
            platform_of(name, "other", settings())


@pytest.mark.parametrize(
    "name", sorted(name for name, one in PLATFORMS.items() if not one.capabilities.events)
)
def test_a_platform_without_webhooks_takes_none(name: str) -> None:
    """Whoever sends one there is a stranger, and the message says where to tell instead."""
    platform = platform_of(name, "main", settings())

    with pytest.raises(InvalidSignature, match="/v1/events"):
        platform.verify({}, BODY, NOW_S)
    with pytest.raises(MalformedPayload, match="/v1/events"):
        platform.parse({}, BODY)


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_an_account_without_its_secrets_is_closed_unused(name: str) -> None:
    """As a program makes it that only receives: no client is made just to be closed."""
    withheld = dict.fromkeys(type(getattr(settings(), name)["main"]).api_secrets, WITHHELD)
    account = getattr(settings(), name)["main"].model_copy(update=withheld)
    ours = settings(**{name: {"main": account}})

    platform_of(name, "main", ours).close()


def test_all_accounts_are_listed() -> None:
    """By platform and name."""
    assert configured_accounts(settings()) == [(name, "main") for name in PLATFORMS]


@pytest.mark.parametrize("name", ["youtube", "", "direct", "settings", "__class__", "media_hosts"])
def test_a_platform_that_there_is_not_is_unknown(name: str) -> None:
    """No word of an address reaches anything but the list of platforms."""
    with pytest.raises(UnknownAccount, match=f"there are: {', '.join(PLATFORMS)}"):
        platform_of(name, "main", settings())


def _parse_or_refuse(sender: Sender, body: bytes) -> None:
    try:
        events = sender.parse(body)
    except (MalformedPayload, UnknownAccount):
        return
    json.dumps([dict(event.payload) for event in events], allow_nan=False).encode()


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)
