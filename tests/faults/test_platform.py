"""The platform's API fails in every way that it can, and its files are not what they seem."""

from __future__ import annotations

import resource
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import processes
from tests.support.faults.system import System
from tests.support.media import clips, pictures
from tests.support.waiting import until
from worker.demo.clip import media_of
from worker.demo.simulator import InjectedFault, Media, SimulatedMux

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEASE_S = 3.0
LATE_S = 5 * LEASE_S  #: longer than a killed worker's write is waited for: a lease, and a sweep
ONE_EXCHANGE_S = 30.0
TAKEN_OVER_S = 15.0
REFUSED_S = 8.0
ROOM_BYTES = 65_536  #: more than a log line, less than a video


def requests(system: System, asset_id: str, method: str) -> int:
    """Count what the platform was asked about an asset."""
    entries = system.platform.journal.entries("request", asset_id=asset_id)
    return sum(entry.method == method for entry in entries)


@pytest.mark.parametrize("method", [pytest.param("GET", marks=pytest.mark.faults), "PATCH"])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(InjectedFault(status=500), id="500", marks=pytest.mark.faults),
        pytest.param(InjectedFault(status=429, retry_after="1"), id="429"),
        pytest.param(InjectedFault(status=408), id="408", marks=pytest.mark.faults),
        pytest.param(InjectedFault(is_cut=True), id="cut", marks=pytest.mark.faults),
        pytest.param(InjectedFault(is_reply_lost=True), id="the reply is lost"),
    ],
)
def test_a_platform_that_fails_twice_is_asked_again(
    system: System, media: Media, fault: InjectedFault, method: str
) -> None:
    """Case 19: and the attempts at the video do not count, as nothing is wrong with it."""
    system.platform.faults.plan(fault, count=2, method=method, path="/assets/")
    asset_id = system.platform.upload(media)
    until(lambda: hurried(system) and system.is_published(asset_id), 60)

    assert system.settle() == []
    assert system.jobs(asset_id)[0].attempt == 1


def hurried(system: System) -> bool:
    """Let what waits be due now."""
    system.hurry()
    return True


@pytest.mark.faults
@pytest.mark.parametrize(("status", "error"), [(404, "AssetGone"), (410, "AssetGone")])
def test_a_platform_that_says_no_is_asked_once(system: System, media: Media, status: int, error: str) -> None:
    """Case 19: the job is given up with its reason at once, and an operator can start it again."""
    system.platform.faults.plan(InjectedFault(status=status), method="GET", path="/assets/")
    asset_id = system.platform.upload(media)
    until(lambda: [job.error_class for job in system.jobs(asset_id)] == [error], 20)
    assert (system.jobs(asset_id)[0].state, system.runs(asset_id)) == ("discarded", 1)

    system.command("requeue", asset_id, "--why", "mended")

    assert system.settle() == []
    assert system.is_published(asset_id)


@pytest.mark.faults
@pytest.mark.parametrize("status", [401, 403])
def test_a_token_refused_and_back_costs_no_job_its_attempt(system: System, media: Media, status: int) -> None:
    """Case 41: what came in meanwhile waits, few requests are made, and all goes on by itself."""
    faults = partial(system.platform.journal.entries, "fault")
    before = len(faults())
    system.platform.faults.plan(InjectedFault(status=status), count=10_000)
    asset_ids = [system.platform.upload(media) for _ in range(8)]
    until(lambda: all(system.jobs(asset_id) for asset_id in asset_ids), 30)
    until(lambda: len(faults()) > before, 30)
    time.sleep(REFUSED_S)
    refused = len(faults()) - before
    states = {job.state for asset_id in asset_ids for job in system.jobs(asset_id)}

    system.platform.faults.clear()
    until(lambda: all(system.is_published(asset_id) for asset_id in asset_ids), 90)

    assert "discarded" not in states
    assert refused < 2 * len(asset_ids)  # a job's question, and what the list says about it
    assert [system.jobs(asset_id)[0].attempt for asset_id in asset_ids] == [1] * 8


@pytest.mark.faults
def test_a_write_that_arrives_late_is_put_right(folder: Path, media: Media, other_media: Media) -> None:
    """Case 20: the platform carries out an old write after the new one; what it shows is newest again.

    The one write that goes back is the platform's: nobody can call a request back.
    """
    with System(folder, variables={"LEASE_S": str(LEASE_S)}) as system:
        system.platform.faults.plan(InjectedFault(delay_s=LATE_S), method="PATCH")
        asset_id = system.platform.upload(media)
        until(lambda: system.platform.journal.entries("fault"), 30)
        processes.kill_all(system.programs["publish"])
        system.programs["publish"].start()
        system.platform.replace(asset_id, other_media)
        writes = system.platform.journal.entries
        until(lambda: len(writes("write", asset_id=asset_id)) >= 2, 60)

        found = system.settle()

        times_s = [entry.thumbnail_time for entry in writes("write", asset_id=asset_id)]
    assert [violation.invariant for violation in found] == ["I5"]
    assert times_s[0] == times_s[-1] != times_s[1]


@pytest.mark.faults
def test_an_account_whose_answers_never_end_holds_nobody_else(folder: Path, media: Media) -> None:
    """Case 19: every slot is held by a head that trickles, and for one exchange only.

    The account is asked again later, at no attempt's cost, and the worker goes on all the time.
    """
    system = System(folder, variables={"ANALYZE_CONCURRENCY": "2"})
    with SimulatedMux(f"http://127.0.0.1:{system.port}/webhooks/mux/slow") as slow:
        system.variables |= slow.settings("slow")
        slow.faults.plan(InjectedFault(head_pause_s=4.0), count=100, method="GET", path="/assets/")
        with system:
            pid = system.programs["analyze"].process.pid
            held = [slow.upload(media) for _ in range(2)]
            until(lambda: len(slow.journal.entries("fault")) == len(held), 20)

            asset_id = system.platform.upload(media)
            until(lambda: system.is_published(asset_id), ONE_EXCHANGE_S + 30)

            jobs = [job for one in held for job in system.jobs(one)]
            slow.faults.clear()
            until(lambda: hurried(system) and all(slow.thumbnail_time(one) is not None for one in held), 60)
            worker = system.programs["analyze"].process
            assert (worker.pid, worker.poll()) == (pid, None)
    assert {job.error_class for job in jobs} == {"PlatformUnavailable"}
    assert {job.attempt for job in jobs} <= {0, 1}


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def text(path: Path) -> None:
    """Put words where a video should be."""
    path.write_text("<html>not found</html>" * 100)


def truncated(path: Path) -> None:
    """Break it off."""
    clips.cut_short(path)


def silent_pictures(path: Path) -> None:
    """Leave only sound."""
    path.unlink()
    clips.write_audio_only(path)


@pytest.mark.faults
@pytest.mark.parametrize("damage", [empty, text, truncated, silent_pictures])
def test_a_file_that_is_no_video_is_given_up_with_its_reason(
    system: System, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Case 21: after one attempt, as another would find the same."""
    path = clips.write_plain(tmp_path / "clip.mp4", 12)
    good = media_of(path)
    damage(path)
    asset_id = system.platform.upload(good)

    assert system.settle() == []
    assert (system.runs(asset_id), system.jobs(asset_id)[0].error_class) == (1, "UnreadableVideo")


@pytest.mark.faults
def test_a_full_disk_costs_no_attempt(system: System, tmp_path: Path) -> None:
    """Case 24: the job waits, nothing is left behind, and goes on when there is room."""
    path = clips.write(tmp_path / "big.mp4", pictures.footage("bikes", 25, size=None))
    assert path.stat().st_size > ROOM_BYTES
    pid = system.programs["analyze"].process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    asset_id = system.platform.upload(media_of(path))
    until(lambda: [job.error_class for job in system.jobs(asset_id)] == ["DownloadFailed"], 30)
    waiting, left = system.jobs(asset_id)[0], list((system.folder / "work").iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    assert system.settle() == []
    assert (waiting.state, waiting.attempt, left) == ("retryable", 0, [])
    assert system.is_published(asset_id)
