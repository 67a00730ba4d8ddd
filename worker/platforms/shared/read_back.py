"""Asks what a platform shows once it has taken a write: that confirms it, and not the platform's promise."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected, RateLimited
from worker.platforms.shared.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.platforms.base import Platform, RemoteAsset

CHANGE_LIMIT_S = 20.0  # a platform's caches may be behind by some seconds


@contextmanager
def reading_back() -> Iterator[None]:
    """Turn the refusal of a question into an answer that is not known: the write before it was taken.

    Raises:
        PlatformUnavailable: in place of every error that says that nothing was written.
    """
    try:
        yield
    except (AssetGone, CredentialsRefused, PublishRejected, RateLimited) as exc:
        retry_after_s = exc.retry_after_s if isinstance(exc, RateLimited) else None
        raise PlatformUnavailable(f"written, but what is shown cannot be read: {exc}", retry_after_s) from exc


def shown_instead(platform: Platform, before: RemoteAsset) -> str:
    """Wait until an asset shows another picture than before it was written to; return what that is called.

    Only for platforms that give every picture a name of its own.

    Raises:
        PlatformUnavailable: it still shows the one from before, or none, or cannot be asked.
    """

    def other() -> str | None:
        shown = platform.asset(before.id).shown
        return None if shown == before.shown else shown

    label = platform.capabilities.label
    with reading_back():
        return wait_for(
            other, f"{label} took the picture of {before.id}, and shows the one from before", CHANGE_LIMIT_S
        )
