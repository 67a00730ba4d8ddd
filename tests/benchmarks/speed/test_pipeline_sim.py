"""The simulated machine does what a real one must: it wastes nothing, and makes nothing up."""

from __future__ import annotations

import pytest

from tests.benchmarks.speed.pipeline_sim import AFTER, BEFORE, DEVICES, Costs, simulate
from tests.benchmarks.speed.virtual_time import Resource, VirtualTime

SECONDS = 60.0


def test_those_who_share_a_place_take_turns() -> None:
    """Two times three seconds on one core are six, and each waits half of them."""
    clock, ended_s = VirtualTime(), []
    core = Resource(clock, 1)

    def work() -> object:
        yield from core.use(3.0, slice_s=1.0)
        ended_s.append(clock.now_s)

    clock.start(work())
    clock.start(work())
    clock.run(10.0)

    assert ended_s == [5.0, 6.0]
    assert core.busy == pytest.approx(0.6)
    assert core.waiting == pytest.approx(0.5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cores", [2, 16])
def test_no_machine_does_more_than_its_parts_can(cores: int, device: str) -> None:
    """Neither than its cores, nor than its GPU; and what it does not reach, something else bounds."""
    costs = Costs()
    of_cores = costs.scan_s + costs.python_s + costs.faces_s + costs.text_s + costs.stills_s + costs.crop_s

    use = simulate(cores, device, AFTER, SECONDS)

    most = min(cores / of_cores, DEVICES[device] / costs.views)
    assert 0.6 * most < use.videos_per_s < 1.2 * most  # videos differ, and few are counted
    assert max(use.busy.values()) <= 1.001


def test_a_gpu_is_fuller_since_videos_share_its_batches() -> None:
    """On the machine that has more cores than one GPU needs."""
    before, after = (simulate(8, "L4", design, SECONDS) for design in (BEFORE, AFTER))

    assert after.full > before.full + 0.1
    assert after.videos_per_s > before.videos_per_s * 1.1
    assert after.bound == "GPU"
