"""How many cores this process really has: a container is often given fewer than the machine's.

`os.cpu_count` counts the machine's. On a node with 64 cores, a pod with a limit of 4 would start 64 threads,
use up its share within the first milliseconds of each period, and stand still for the rest.

Sources: sched_setaffinity(2); "CPU Interface Files" in Linux's Documentation/admin-guide/cgroup-v2.rst
(`cpu.max`), and Documentation/scheduler/sched-bwc.rst (version 1, `cpu.cfs_quota_us`).
"""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS, _MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


@cache
def available_cores(groups: Path = _GROUPS, mount: Path = _MOUNT) -> int:
    """Count the cores that this process may run on, within the quotas of its control groups; at least 1.

    A quota of a core and a half counts as 2, since one thread would leave a third of it unused. What was found
    is kept: a confined process cannot read `groups` any more.

    Args:
        groups: tells the control groups of this process, as /proc/self/cgroup.
        mount: where control groups are mounted.
    """
    quotas = [quota for quota in _quotas(groups, mount) if quota > 0]
    return max(1, math.ceil(min([_allowed_cores(), *quotas])))


def _allowed_cores() -> int:
    # macOS has neither affinity nor control groups.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(groups: Path, mount: Path) -> Iterator[float]:
    """Yield the quotas that hold for this process, in cores: those of its groups, and of all groups above."""
    for line in _read(groups).splitlines():
        number, controllers, group = line.split(":", 2)
        if number == "0":
            yield from (_quota(_read(folder / "cpu.max")) for folder in _upwards(mount, group))
        elif "cpu" in controllers.split(","):
            for folder in _upwards(mount / controllers, group):
                quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
                yield _quota(f"{quota} {period}")


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    """Yield the folder of a group, and of each above it.

    A container may be told its path on the host, and see its own group at the root of the mount.
    """
    names = [name for name in group.split("/") if name not in {"", ".."}]
    for count in range(len(names), -1, -1):
        yield mount.joinpath(*names[:count])


def _quota(text: str) -> float:
    """Read a quota and its period, both in microseconds; infinite where there is none, as "max" or -1."""
    match text.split():
        case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
            return int(quota) / int(period)
    return math.inf


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
