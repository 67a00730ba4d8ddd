"""Half of the workers die at once, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.fleet import halves
from tests.support.faults.system import HURRY, System

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator import Media

LEASE_S, SWEEP_S = float(HURRY["LEASE_S"]), float(HURRY["SWEEP_S"])


@pytest.mark.faults
def test_half_of_the_workers_may_die_again_and_again(folder: Path, videos: list[Media]) -> None:
    """Nothing is lost, and what the dead held is free again as soon as their leases have run out."""
    programs = ["receiver", "dispatcher", *["analyze"] * 4, *["publish"] * 2]
    with System(folder, programs, halves.PATIENCE) as system:
        halving, found = halves.run(system, videos, seed=1, rounds=3)

    assert found == []
    assert halving.killed == {"analyze": 6, "publish": 3}
    assert halving.orphaned_s
    # A busy machine starts them slowly.
    assert halves.percentile(halving.orphaned_s, 0.95) < LEASE_S + 5 * SWEEP_S
