"""Batches that came before are known, and a Valkey that is slow or dead holds nobody up."""

from __future__ import annotations

import socket
import time
import uuid

from webhook.beacon.duplicates import MOST_IDS, PAUSE_S, WITHIN_S, RecentIds, SharedIds


def test_the_oldest_ids_are_forgotten_first() -> None:
    """So that memory ends."""
    recent = RecentIds(most=2)

    assert [recent.is_new(name) for name in ("a", "b", "a", "c", "b", "a")] == [
        *(True, True, False),
        *(True, False, True),
    ]


def test_ids_are_taken_once_by_whoever_comes_first(redis_url: str) -> None:
    """Of all processes."""
    ids = [str(uuid.uuid4()) for _ in range(3)]

    assert SharedIds(redis_url).known(ids[:2]) == set()
    assert SharedIds(redis_url).known(ids) == set(ids[:2])


def test_no_more_ids_are_kept_than_the_broker_has_room_for(redis_url: str) -> None:
    """What is beyond counts as new."""
    ids = [str(number) for number in range(MOST_IDS + 1)]
    SharedIds(redis_url).known(ids)

    assert SharedIds(redis_url).known(ids[-1:]) == set()


def test_a_valkey_that_says_nothing_costs_half_a_second_once() -> None:
    """Then it is left alone for a while."""
    now_s = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        shared = SharedIds(f"redis://127.0.0.1:{mute.getsockname()[1]}/0", now_s=lambda: now_s[0])
        began_s = time.monotonic()
        assert shared.known(["a"]) == set()
        assert WITHIN_S / 2 < time.monotonic() - began_s < WITHIN_S + 5

        began_s = time.monotonic()
        for _ in range(100):
            assert shared.known(["a"]) == set()
        assert time.monotonic() - began_s < WITHIN_S


def test_a_valkey_that_is_back_is_asked_again(redis_url: str) -> None:
    """After the pause."""
    now_s = [0.0]
    shared = SharedIds("redis://127.0.0.1:1/0", now_s=lambda: now_s[0])
    shared.known(["a"])
    there = SharedIds(redis_url)
    shared._client = there._client  # noqa: SLF001 - it is back

    shared.known(["b"])
    now_s[0] += PAUSE_S
    shared.known(["c"])

    assert there.known(["b", "c"]) == {"c"}
