"""All that is fetched for one video has one time, in which nothing counts but waiting for hosts."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from tests.support.waiting import until
from worker.download.fetch import DownloadLimits, TransferClock, fetch_moments, fetch_video
from worker.errors import DownloadFailed
from worker.http.deadline import Deadline, TooSlow
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = DownloadLimits(max_bytes=1_000_000, timeout_s=1.0, allow_loopback=True)
FIRST_S = 0.7


def test_what_the_first_file_took_is_not_there_for_the_second(tmp_path: Path) -> None:
    """A host that is just quick enough for each file would keep a worker once for each."""

    def late(handler: media.Handler, content: bytes) -> None:
        handler.media.closing.wait(FIRST_S)
        media.whole(handler, content)

    clock = TransferClock()
    with MediaServer({"/scan.mp4": b"film", "/stills.mp4": b"film"}) as server:
        server.answers |= {"/scan.mp4": late, "/stills.mp4": media.silent}
        fetch_video(Rendition(f"{server.url}/scan.mp4"), tmp_path, LIMITS, clock=clock)
        assert clock.elapsed_s() >= FIRST_S
        began_s = time.monotonic()

        with pytest.raises(DownloadFailed, match=r"waited for 1 s in all; for a slow line .*TIMEOUT_S"):
            fetch_moments(Rendition(f"{server.url}/stills.mp4"), [0.0], tmp_path, LIMITS, clock=clock)

        assert time.monotonic() - began_s < LIMITS.timeout_s


def test_a_clock_runs_while_something_is_on_its_way() -> None:
    """Once for several transfers, and not in between, while a video is decoded and judged."""
    clock, is_over = TransferClock(), threading.Event()

    def transfer() -> None:
        with clock.running():
            is_over.wait()

    began_s = time.monotonic()
    others = [threading.Thread(target=transfer) for _ in range(3)]
    for other in others:
        other.start()
    until(lambda: clock.elapsed_s() > 0.1)
    is_over.set()
    for other in others:
        other.join()

    stands_at_s = clock.elapsed_s()
    assert 0.1 < stands_at_s <= time.monotonic() - began_s
    until(lambda: time.monotonic() > began_s + 0.3)
    assert clock.elapsed_s() == stands_at_s


def test_a_deadline_waits_for_its_clock() -> None:
    """What is left is the same after any time in which the clock stood still."""
    told_s = 100.0

    with Deadline(5.0, now_s=lambda: told_s) as deadline:
        assert deadline.left_s() == 5.0
        told_s += 4.0
        assert deadline.left_s() == 1.0
        told_s += 1.0
        with pytest.raises(TooSlow):
            deadline.left_s()
