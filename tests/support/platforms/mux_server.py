"""Mux's side of a conversation: its API, and what it says about an asset."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.platforms.scripted_server import Answer, Scripted, serving
from tests.support.platforms.webhook_senders import MUX, NEW
from worker.platforms.vendors.mux import Mux
from worker.settings.accounts import MuxAccount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.platforms.base import RemoteAsset


def account(**changes: Any) -> MuxAccount:
    """An account's settings."""
    plain = {"webhook_secret": NEW, "token_id": "i", "token_secret": "s"}
    return MuxAccount.model_validate({**plain, **changes})


@contextmanager
def mux(*answers: Answer, **changes: Any) -> Iterator[tuple[Mux, Scripted]]:
    """Mux, with an API that gives these answers."""
    with serving(*answers) as server:
        platform = Mux("main", account(api_url=server.url, **changes))
        yield platform, server
        platform.close()


def asset(**changes: Any) -> RemoteAsset:
    """An asset, as Mux tells about it."""
    with mux(Answer(json={"data": asset_json(**changes)})) as (platform, _):
        return platform.asset("assetNEW0001")


def asset_json(**changes: Any) -> dict[str, Any]:
    """Mux's words about an asset; None takes a field away."""
    data = MUX.payload("video.asset.ready")["data"] | {"created_at": "1790000000"} | changes
    return {name: value for name, value in data.items() if value is not None}
