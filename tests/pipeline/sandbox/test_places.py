"""Decoders that share places work a few at once, however many there are."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support.media.pictures import footage_path
from tests.support.waiting import SOON_S, until
from worker.errors import DecoderCrashed, Stopping
from worker.files.paged_file import HERE, PagedFile
from worker.pipeline.sandbox.child_process import MODULE
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.sandbox.places import Places

if TYPE_CHECKING:
    from pathlib import Path

WORK_S = 0.2


def work() -> tuple[float, float]:
    """Return when this began and ended, by the clock that all processes share; called in a decode process."""
    began_s = time.monotonic()
    time.sleep(WORK_S)
    return began_s, time.monotonic()


class SlowHost:
    """Who has a clip, as one page, and brings it at a word."""

    count = 1

    def __init__(self, folder: Path) -> None:
        self._clip = footage_path("carphone_pristine").read_bytes()
        (folder / "clip.mp4").write_bytes(bytes(len(self._clip)))
        self.file = PagedFile.beside(folder / "clip.mp4", page_bytes=len(self._clip))
        self.file.map_path.write_bytes(bytes(1))
        self.is_asked = False

    def send(self) -> None:
        """Bring it."""
        self.file.path.write_bytes(self._clip)
        self.is_asked = False
        self.file.map_path.write_bytes(bytes([HERE]))

    def bring(self, _first: int, _count: int, *, is_awaited: bool) -> None:
        """Hear what is asked for."""
        self.is_asked = is_awaited

    def check(self) -> None:
        """Let nothing go wrong."""

    def is_awaited(self) -> bool:
        """Tell whether a reader waits for a page."""
        return self.is_asked

    def busy_s(self) -> float:
        """Count no time."""
        return 0.0

    def close(self) -> None:
        """Have nothing to give up."""


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


def test_who_waits_for_a_slow_host_keeps_nobody_from_decoding(tmp_path: Path) -> None:
    """It has no use for a core; once its bytes are there, it goes on, and what it waited is no work."""
    noted: list[tuple[float, float]] = []
    places, host = Places(1, lambda waited_s, used_s: noted.append((waited_s, used_s))), SlowHost(tmp_path)
    with ExitStack() as stack, ThreadPoolExecutor(1) as jobs:
        waiting, working = (stack.enter_context(Decoder(places=places)) for _ in range(2))
        asked_s = time.monotonic()

        def soon(_fraction: float) -> None:
            assert time.monotonic() < asked_s + SOON_S, "no place in time"

        film = jobs.submit(waiting.probe, host.file.path, pages=host)
        until(lambda: host.is_asked)
        try:
            began_s, end_s = working.run(work, label="work", wall_s=60, on_progress=soon)
            assert not film.done()
        finally:
            host.send()

        assert film.result().duration_s > 0
    _, used_s = noted[-1]
    assert used_s <= time.monotonic() - asked_s - (end_s - began_s)


def _children() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if MODULE in child.cmdline()}


def test_who_dies_while_it_waits_for_a_host_has_given_its_place_back_once(tmp_path: Path) -> None:
    """Neither is the place lost, nor is there one more from then on; and the next child may have the page."""
    places, host = Places(1), SlowHost(tmp_path)

    def stop(_fraction: float) -> None:
        raise Stopping("this worker is ending")

    others = _children()
    with Decoder(places=places) as decoder, ThreadPoolExecutor(1) as jobs:
        film = jobs.submit(decoder.probe, host.file.path, pages=host)
        until(lambda: host.is_asked)
        with places.take():  # so it was given away
            pass
        (child,) = _children() - others
        child.kill()
        with pytest.raises(DecoderCrashed):
            film.result()

        with places.take(), pytest.raises(Stopping), places.take(stop):
            pass
        host.send()
        assert decoder.probe(host.file.path, pages=host).duration_s > 0


def test_nobody_begins_while_more_work_than_there_are_places() -> None:
    """Who waited goes on at once, and others make up for it."""
    places = Places(1)

    def stop(_fraction: float) -> None:
        raise Stopping("this worker is ending")

    with places.take() as first:
        first.hold(needed=False)
        with places.take():
            first.hold(needed=True)
            with pytest.raises(Stopping), places.take(stop):
                pass
        with pytest.raises(Stopping), places.take(stop):
            pass
    with places.take(stop):
        pass
