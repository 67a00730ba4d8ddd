"""What workers tried is counted by platform and account, with what came of it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client import REGISTRY

from tests.support.service.publisher_rig import ready_publisher_rig
from worker import metrics
from worker.demo.simulator.faults import InjectedFault
from worker.settings import environment
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.analyzer_rig import AnalyzerRig

JOBS, WRITES = "thumbs_job_attempts", "thumbs_publish_attempts"


def totals(name: str) -> Counter[tuple[str, ...]]:
    """Return a counter's values by platform, account, result and error."""
    found: Counter[tuple[str, ...]] = Counter()
    for metric in REGISTRY.collect():
        for sample in metric.samples if metric.name == name else ():
            if sample.name.endswith("_total"):
                labels = ("platform", "account", "result", "error_class")
                found[tuple(sample.labels[label] for label in labels)] += int(sample.value)
    return found


@contextmanager
def counting(name: str) -> Iterator[Counter[tuple[str, ...]]]:
    """Yield what is counted inside."""
    before, inside = totals(name), Counter[tuple[str, ...]]()
    yield inside
    inside.update(totals(name) - before)


def test_attempts_at_jobs_are_counted_by_account(rig: AnalyzerRig) -> None:
    """Those that failed by the kind of error, and each once."""
    with counting(JOBS) as counted:
        rig.mux.faults.plan(InjectedFault(status=503), count=1)
        rig.upload()
        rig.work()
        rig.work()

    assert counted == {
        ("mux", "main", "retryable", "PlatformUnavailable"): 1,
        ("mux", "main", "completed", ""): 1,
    }


def test_attempts_at_writes_are_counted_by_account(engine: Engine, tmp_path: Path) -> None:
    """Accepted, tried again, and left to somebody else's thumbnail."""
    with ready_publisher_rig(engine, tmp_path) as rig, counting(WRITES) as counted:
        rig.vendor.faults.plan(InjectedFault(status=503), count=1)
        rig.publish()
        rig.publish()
        rig.vendor.choose(rig.asset_id, 7.72)
        rig.pick(4.0, minute=1)
        rig.publish()

    assert counted == {
        ("mux", "main", "pending", "PlatformUnavailable"): 1,
        ("mux", "main", "confirmed", ""): 1,
        ("mux", "main", "yielded", ""): 1,
    }


def test_free_space_is_shown_where_there_is_a_folder(tmp_path: Path) -> None:
    """And nothing, not 0, where there is none."""
    metrics.note_free_space("here", tmp_path)
    metrics.note_free_space("nowhere", tmp_path / "missing")

    assert (REGISTRY.get_sample_value("thumbs_disk_free_bytes", {"folder": "here"}) or 0) > 0
    assert REGISTRY.get_sample_value("thumbs_disk_free_bytes", {"folder": "nowhere"}) is None


SHOW = """
from worker import metrics
from worker.settings import get_settings
metrics.start_exporter(get_settings())
print("shown", flush=True)
input()
"""


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_program_of_a_fleet_shows_its_numbers_where_it_is_told(tmp_path: Path, *, is_shared: bool) -> None:
    """At METRICS_HOST; and nowhere, where it shares the page of the receiver."""
    port = free_port()
    own = {"METRICS_PORT": str(port), "METRICS_HOST": "127.0.0.1", "HOST": "127.0.0.2"}
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)} if is_shared else {}
    with subprocess.Popen(
        [sys.executable, "-c", SHOW],
        env=environment(**own, **shared),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"shown\n"
        try:
            page = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        except httpx.ConnectError:
            page = ""
        program.communicate(b"\n")

    assert ("thumbs_lease_expired_total" in page) is not is_shared
