"""Those who send webhooks: each platform, and a customer with an event of our own.

A platform that is added gets an entry in `SENDERS` and a folder of payloads; a test misses them otherwise.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from worker.inbox import own_events
from worker.platforms import PLATFORMS, platform_of
from worker.platforms.base import Capabilities, WriteBack
from worker.platforms.shared.jwt_signature import JwtOfBody
from worker.platforms.shared.signatures import (
    QUERY_TOKEN,
    Base64,
    Hex,
    SharedToken,
    Timestamped,
    sign_standard,
)
from worker.settings import Settings
from worker.settings.accounts import (
    ApiVideoAccount,
    BrightcoveAccount,
    BunnyAccount,
    CloudflareAccount,
    FastPixAccount,
    JwPlayerAccount,
    MuxAccount,
    PeerTubeAccount,
    S3Account,
    VimeoAccount,
    WistiaAccount,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.platforms.event import Event

NOW_S = 1_790_000_000.0
PAYLOADS = Path(__file__).parents[2] / "platforms" / "payloads"


def _key(word: str) -> str:
    return base64.b64encode(word.encode().ljust(32, b"-")).decode()


NEW, OLD, FOREIGN = _key("new"), _key("old"), _key("foreign")


BUCKET = {
    "endpoint_url": "https://storage.example.com",
    "bucket": "films",
    "access_key_id": "the-id",
    "secret_access_key": "the-secret",
}
PEERTUBE_USER = {
    "api_url": "https://tube.example.com",
    "username": "the-user",
    "password": "the-password",
}
BRIGHTCOVE_ACCOUNT = {"account_id": "6415716881001", "client_id": "the-id", "client_secret": "the-secret"}
BUNNY_LIBRARY = {"library_id": "133", "api_key": "the-api-key", "cdn_url": "https://vz-1.b-cdn.net"}


def settings(**changes: Any) -> Settings:
    """One account of every platform, called `main`, in the middle of a rotation of its secret."""
    secrets = {"webhook_secret": NEW, "webhook_secret_previous": OLD}
    account = {**secrets, "token_id": "the-token-id", "token_secret": "the-token-secret"}
    values: dict[str, Any] = {
        "mux": {"main": MuxAccount.model_validate(account)},
        "fastpix": {"main": FastPixAccount.model_validate(account)},
        "api_video": {"main": ApiVideoAccount.model_validate({**secrets, "api_key": "the-api-key"})},
        "bunny": {"main": BunnyAccount.model_validate({**secrets, **BUNNY_LIBRARY})},
        "vimeo": {"main": VimeoAccount(access_token=SecretStr("the-token"))},
        "peertube": {"main": PeerTubeAccount.model_validate(PEERTUBE_USER)},
        "wistia": {"main": WistiaAccount.model_validate({**secrets, "api_token": "the-token"})},
        "cloudflare": {
            "main": CloudflareAccount.model_validate(
                {**secrets, "account_id": "a1", "api_token": "the-api-token"}
            )
        },
        "s3": {
            "main": S3Account.model_validate({**BUCKET, "webhook_token": NEW, "webhook_token_previous": OLD})
        },
        "brightcove": {"main": BrightcoveAccount.model_validate({**secrets, **BRIGHTCOVE_ACCOUNT})},
        "jwplayer": {
            "main": JwPlayerAccount.model_validate(
                {**secrets, "site_id": "9KboGBFu", "api_secret": "the-key"}
            )
        },
        "events_secret": SecretStr(f"whsec_{NEW}"),
        "events_secret_previous": SecretStr(f"whsec_{OLD}"),
        "media_hosts": ("media.example.com",),
    }
    return Settings(**{**values, **changes})


@dataclass(frozen=True)
class Sender:
    """How one of them signs, and how we take what it sends."""

    name: str
    sign: Callable[[bytes, str, float], dict[str, str]]
    secret_setting: str  #: which a person has to check when a signature does not match
    #: A delivery of an event of no known kind, about no asset, which holds these fields too.
    unknown: Callable[[dict[str, Any]], dict[str, Any]] = lambda more: {
        "type": "something.new",
        "id": "evt_1",
        "data": {},
        **more,
    }
    #: What a delivery says of each of its events.
    events_of: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda said: [said]

    @property
    def capabilities(self) -> Capabilities:
        """What it is known to send."""
        platform = PLATFORMS.get(self.name)
        return platform.capabilities if platform else OWN

    @property
    def is_time_signed(self) -> bool:
        """Whether an old request is refused."""
        platform = PLATFORMS.get(self.name)
        return platform is None or (platform.signature is not None and platform.signature.is_time_signed)

    @property
    def is_body_signed(self) -> bool:
        """Whether a changed body is refused."""
        platform = PLATFORMS.get(self.name)
        return platform is None or platform.signature is None or platform.signature.is_body_signed

    def verify(self, headers: dict[str, str], body: bytes, now_s: float = NOW_S) -> None:
        """As the receiver does."""
        if self.name == "own_events":
            own_events.verify(headers, body, settings(), now_s)
        else:
            platform_of(self.name, "main", settings()).verify(headers, body, now_s)

    def parse(self, body: bytes) -> list[Event]:
        """As the receiver does, after `verify`."""
        if self.name == "own_events":
            return own_events.parse({"Webhook-Id": "evt_1"}, body, settings())
        return platform_of(self.name, "main", settings()).parse({}, body)

    def payload(self, name: str) -> dict[str, Any]:
        """One of its payloads."""
        read: dict[str, Any] = json.loads((PAYLOADS / self.name / f"{name}.json").read_text())
        return read

    def event(self, name: str) -> Event:
        """What we read from one of its payloads."""
        (event,) = self.parse(json.dumps(self.payload(name)).encode())
        return event


OWN = Capabilities("your own systems", frozenset(own_events.KINDS.values()), frozenset({WriteBack.NONE}))

MUX = Sender(
    "mux",
    Timestamped("Mux-Signature").sign,
    "MUX__MAIN__WEBHOOK_SECRET",
)
FASTPIX = Sender(
    "fastpix",
    lambda body, secret, _: Base64("FastPix-Signature").sign(body, secret),
    "FASTPIX__MAIN__WEBHOOK_SECRET",
)
API_VIDEO = Sender(
    "api_video",
    lambda body, secret, _: Hex("X-Api-Video-Signature").sign(body, secret),
    "API_VIDEO__MAIN__WEBHOOK_SECRET",
)
BUNNY = Sender(
    "bunny",
    lambda body, secret, _: Hex("X-BunnyStream-Signature").sign(body, secret),
    "BUNNY__MAIN__WEBHOOK_SECRET",
    unknown=lambda more: {"VideoLibraryId": 133, "VideoGuid": "g1", "Status": 99, **more},
)
CLOUDFLARE = Sender(
    "cloudflare",
    Timestamped("Webhook-Signature", time_field="time", signature_field="sig1").sign,
    "CLOUDFLARE__MAIN__WEBHOOK_SECRET",
    unknown=lambda more: {"uid": "u1", "status": {"state": "something.new"}, **more},
)
WISTIA = Sender(
    "wistia",
    lambda body, secret, _: Hex("X-Wistia-Signature").sign(body, secret),
    "WISTIA__MAIN__WEBHOOK_SECRET",
    unknown=lambda more: {"hook": {}, "events": [{"type": "something.new", "uuid": "evt_1", **more}]},
    events_of=lambda said: said["events"],
)
S3 = Sender(
    "s3",
    lambda _, secret, __: SharedToken("Authorization").sign(secret),
    "S3__MAIN__WEBHOOK_TOKEN",
    unknown=lambda more: {"Records": [{"eventName": "s3:Something:New", **more}]},
    events_of=lambda said: said.get("Records", [said]),
)
BRIGHTCOVE = Sender(
    "brightcove",
    # As the receiver hands over what stands in the address.
    lambda _, secret, __: {QUERY_TOKEN: secret},
    "BRIGHTCOVE__MAIN__WEBHOOK_SECRET",
    unknown=lambda more: {"event": "something.new", "timestamp": 1, **more},
)
JW_PLAYER = Sender(
    "jwplayer",
    lambda body, secret, _: JwtOfBody("Authorization").sign(body, secret),
    "JWPLAYER__MAIN__WEBHOOK_SECRET",
    unknown=lambda more: {"event": "something_new", "site_id": "9KboGBFu", **more},
)
OWN_EVENTS = Sender(
    "own_events",
    # A sender gives each event an id, and repeats it with the same bytes only.
    lambda body, secret, now_s: sign_standard(
        body, f"whsec_{secret}", f"evt_{hashlib.sha256(body).hexdigest()}", now_s
    ),
    "EVENTS_SECRET",
)

SENDERS = {
    sender.name: sender
    for sender in (
        API_VIDEO,
        BRIGHTCOVE,
        BUNNY,
        CLOUDFLARE,
        FASTPIX,
        JW_PLAYER,
        MUX,
        OWN_EVENTS,
        S3,
        WISTIA,
    )
}
