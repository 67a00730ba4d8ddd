"""Waits until a platform has done what it was asked for: what it shows confirms a write, and no promise."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from worker.errors import AssetGone, CredentialsRefused, PlatformUnavailable, PublishRejected, RateLimited
from worker.http.deadline import next_wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.platforms.base import Platform, RemoteAsset

Answer = TypeVar("Answer")

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
CHANGE_LIMIT_S = 20.0  # a platform's caches may be behind by some seconds


def wait_for(ask: Callable[[], Answer | None], what: str, limit_s: float) -> Answer:
    """Ask again and again, with growing pauses, until there is an answer.

    Args:
        ask: returns None as long as the platform is at work.
        what: it is at work on, for the sentence.
        limit_s: to wait in all.

    Raises:
        PlatformUnavailable: it took longer.
        Exception: what `ask` raises, or a deadline around us that has passed, see `next_wait_s`.
    """
    ends_s, pause_s = time.monotonic() + limit_s, FIRST_PAUSE_S
    while (answer := ask()) is None:
        if time.monotonic() + pause_s > ends_s:
            raise PlatformUnavailable(f"{what}: not done after {limit_s:.0f} s; it is asked again later")
        _sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return answer


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

    Only for platforms that give every picture a name of its own. Where several pictures are named, with
    spaces between them, all of them have to be others.

    Raises:
        PlatformUnavailable: it still shows the one from before, or none, or cannot be asked.
    """

    def other() -> str | None:
        shown = platform.asset(before.id).shown
        is_left = {*(shown or "").split()} & {*(before.shown or "").split()}
        return None if is_left else shown

    label = platform.capabilities.label
    with reading_back():
        return wait_for(
            other, f"{label} took the picture of {before.id}, and shows the one from before", CHANGE_LIMIT_S
        )


def _sleep(pause_s: float) -> None:
    """Sleep in short steps, so that a program that is to stop does."""
    ends_s = time.monotonic() + pause_s
    while (left_s := ends_s - time.monotonic()) > 0:
        time.sleep(min(left_s, next_wait_s()))
