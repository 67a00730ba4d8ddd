"""Decoders that share places work a few at once, however many there are."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.support.waiting import until
from worker.errors import Stopping
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.sandbox.places import Places

WORK_S = 0.2


def work() -> tuple[float, float]:
    """Return when this began and ended, by the clock that all processes share; called in a decode process."""
    began_s = time.monotonic()
    time.sleep(WORK_S)
    return began_s, time.monotonic()


def test_two_decoders_with_one_place_take_turns() -> None:
    """While the one decodes, the other waits; and what they waited and used is told."""
    noted: list[tuple[float, float]] = []
    places = Places(1, lambda waited_s, used_s: noted.append((waited_s, used_s)))
    with ExitStack() as stack, ThreadPoolExecutor(2) as jobs:
        decoders = [stack.enter_context(Decoder(places=places)) for _ in range(2)]

        asked = [jobs.submit(one.run, work, label="work", wall_s=60) for one in decoders]
        (_, first_end_s), (second_began_s, _) = sorted(one.result() for one in asked)

    assert second_began_s >= first_end_s
    assert max(waited_s for waited_s, _ in noted) >= WORK_S
    assert min(used_s for _, used_s in noted) >= WORK_S


def test_as_many_work_at_once_as_there_are_places() -> None:
    """Two of three here."""
    places, inside, together = Places(2), [], threading.Barrier(2)

    def use() -> None:
        with places.take():
            inside.append(1)
            together.wait(timeout=60)
            assert len(inside) <= 2
            inside.pop()
            together.wait(timeout=60)

    with ThreadPoolExecutor(4) as jobs:
        for one in [jobs.submit(use) for _ in range(4)]:
            one.result()


def test_who_gives_up_waiting_takes_no_place() -> None:
    """A worker that is asked to stop does not wait for other videos."""
    places = Places(1)
    heard: list[float] = []

    def stop(fraction: float) -> None:
        heard.append(fraction)
        raise Stopping("this worker is ending")

    with places.take():
        with ThreadPoolExecutor(1) as jobs, pytest.raises(Stopping):
            jobs.submit(lambda: places.take(stop).__enter__()).result()
        until(lambda: heard)
    with places.take(stop):
        assert heard == [0.0]
