"""A process uses the cores that it was given, not those of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.confinement.cores import available_cores
from worker.pipeline.sandbox.decoder import Decoder


@pytest.fixture(autouse=True)
def _sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def cores(tmp_path: Path, groups: str, files: dict[str, str]) -> int:
    """Count the cores in a made-up tree of control groups."""
    for name, text in files.items():
        path = tmp_path / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "groups").write_text(groups)
    return available_cores(tmp_path / "groups", tmp_path / "mount")


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {}, 16),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "6400000 100000\n"}, 16),
        ("0::/pods/a/b\n", {"pods/a/b/cpu.max": "max 100000", "pods/a/cpu.max": "300000 100000"}, 3),
        ("0::/pods/a\n", {"pods/a/cpu.max": "800000 100000", "pods/cpu.max": "200000 100000"}, 2),
        # The path on the host, seen from inside a container; and one that leads out of what is mounted.
        ("0::/kubepods/pod1/c1\n", {"cpu.max": "500000 100000"}, 5),
        ("0::/../../c2\n", {"cpu.max": "500000 100000"}, 5),
        (
            "12:memory:/docker/c\n4:cpu,cpuacct:/docker/c\n0::/\n",
            {
                "cpu,cpuacct/docker/c/cpu.cfs_quota_us": "250000\n",
                "cpu,cpuacct/docker/c/cpu.cfs_period_us": "100000\n",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        ("0::/\n", {"cpu.max": "what is this"}, 16),
    ],
)
def test_the_smallest_quota_of_a_group_and_those_above_it_counts(
    tmp_path: Path, groups: str, files: dict[str, str], expected: int
) -> None:
    """In version 2 of control groups and in version 1, on whichever path a container is shown."""
    assert cores(tmp_path, groups, files) == expected


def test_where_nothing_is_told_the_affinity_counts(tmp_path: Path) -> None:
    """A file that is not there sets no limit."""
    assert available_cores(tmp_path / "none", tmp_path) == 16


def test_a_system_without_affinity_has_the_cores_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is on macOS."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)

    assert available_cores(tmp_path / "none", tmp_path) == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
def test_a_process_that_is_bound_to_one_core_counts_one() -> None:
    """As a container with a set of cores does."""
    bound = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    count = "from worker.confinement.cores import available_cores; print(available_cores())"

    said = subprocess.run(
        [sys.executable, "-P", "-c", f"{bound}; {count}"],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    ).stdout

    assert said == "1\n"


def counts_kept() -> int:
    """Tell how many counts of cores are kept; called in a decode process."""
    return available_cores.cache_info().currsize


def test_a_decode_process_has_counted_before_it_is_sealed() -> None:
    """Since it may not read the names of its control groups then."""
    with Decoder() as decoder:
        assert decoder.run(counts_kept, label="cores", wall_s=30) == 1
