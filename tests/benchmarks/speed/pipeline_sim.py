"""Simulate a machine with a GPU: what bounds its videos, while decoding and scoring were one, and since.

    python -m tests.benchmarks.speed.pipeline_sim [--seconds 300] [--cores 4 8 16 32 64]

Time is virtual (`virtual_time`), so the result is the same on any machine. The costs of a video on the cores
were measured (`Costs`). What the model costs is calculated (`DEVICES`): a stand-in takes the time that a
ViT-L/14 would take, and no core. Before: each job has its decoder, batches of 128 hold one video each and are
started when the last one is done, pictures are resized in Pillow, and the finders of faces and text take one
video at a time. After: see `worker.analysis.decoder_pool` and `worker.pipeline.scoring.inference`.

Not simulated: memory, the database, the network's limits, and that a decoder uses more than one core.
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed.virtual_time import Resource, VirtualTime

if TYPE_CHECKING:
    from tests.benchmarks.speed.virtual_time import Resume, Step, Steps

DEVICES = {"H100": 2440.0, "L4": 300.0}
"""Views of a ViT-L/14 in a second: 162 GFLOP each at 40 % of the 989 and 121 TFLOPS that NVIDIA's data sheets
give for dense half precision. An RTX 4090 with 165 TFLOPS was measured at 785 images of this network in a
second, 77 % (timm, results/benchmark-infer-amp-nchw-pt291-cu128-4090.csv), so 40 % is not too much to ask."""

CORES = (4, 8, 16, 32, 64)
CORES_OF_PROCESS = 16  #: a worker for each so many, where there are several
SEED = 1
TURN_S, LOCK_TURN_S = 0.02, 0.005  #: how long a thread keeps a core, and Python's lock, while others wait


@dataclass(frozen=True, slots=True)
class Costs:
    """What a video costs on average, in seconds of one core; of 100 frames, each in two views."""

    download_s: float = 1.0  #: of waiting; an assumption
    scan_s: float = 1.2  #: of a rendition of 360p
    python_s: float = 0.12  #: in the worker's own code, with Python's lock; its share of 0.2 s is assumed
    pillow_s: float = 0.22  #: to resize 200 views in Pillow
    upload_s: float = 0.01  #: to put 200 views together for a GPU
    faces_s: float = 0.53
    text_s: float = 0.35
    stills_s: float = 1.2  #: from 1080p
    crop_s: float = 0.08
    start_s: float = 0.004  #: of Python's lock, to start the kernels of one batch; an assumption
    views: int = 200


@dataclass(frozen=True, slots=True)
class Design:
    """How a worker uses a machine."""

    name: str
    jobs: float  #: in flight, for each core
    decoders: float  #: that work at once, for each core
    size: int  #: of a batch
    ahead: int  #: batches that the device has at once
    mixes: bool  #: videos share batches
    is_free: bool  #: faces and text are found in several threads at once, and a GPU resizes
    is_split: bool = False  #: a worker for each `CORES_OF_PROCESS` cores


BEFORE = Design("before", 1, 1, 128, 1, mixes=False, is_free=False)
AFTER = Design("after", 2, 1, 64, 2, mixes=True, is_free=True)
DESIGNS = (BEFORE, AFTER, replace(AFTER, name="after, workers of 16 cores", is_split=True))


class Worker:
    """One process: its lock of Python, its decoders and its batches, on the machine's cores and GPU."""

    def __init__(self, machine: Machine, cores: int) -> None:
        clock, design = machine.clock, machine.design
        self._machine, self._costs = machine, machine.costs
        self.lock, self.text = Resource(clock, 1), Resource(clock, 1)
        self.decoders = Resource(clock, max(1, round(design.decoders * cores)))
        self._ahead = Resource(clock, design.ahead)
        self._asked: deque[list[float | Resume]] = deque()
        self._idle: Resume | None = None
        self.forget()
        clock.start(self._batches())
        for _ in range(max(1, round(design.jobs * cores))):
            clock.start(self._jobs())

    def forget(self) -> None:
        """Begin to measure anew."""
        self.waiting_s, self.places, self.filled = 0.0, 0, 0
        self.lock.forget()
        self.decoders.forget()

    def _jobs(self) -> Steps:
        machine, costs = self._machine, self._costs
        while True:
            # Videos differ; equal ones would march in step.
            size = machine.draw.uniform(0.5, 1.5)
            yield machine.clock.sleep(costs.download_s * size)
            yield from self._decode(costs.scan_s * size)
            yield from self._locked(costs.python_s * size / 2)
            yield from self._score(size)
            yield from self._decode(costs.stills_s * size)
            yield from self._locked(costs.python_s * size / 2)
            yield from machine.cores.use(costs.crop_s * size, TURN_S)
            machine.done += 1

    def _decode(self, seconds: float) -> Steps:
        yield self.decoders.take()
        yield from self._machine.cores.use(seconds, TURN_S)
        self.decoders.give()

    def _score(self, size: float) -> Steps:
        costs, design, cores = self._costs, self._machine.design, self._machine.cores
        left = views = round(costs.views * size)
        while left:
            count = min(design.size, left)
            prepare_s = costs.upload_s if design.is_free else costs.pillow_s
            yield from cores.use(prepare_s * size * count / views, TURN_S)
            yield self._ask(count)
            left -= count
        if design.is_free:
            yield from cores.use((costs.faces_s + costs.text_s) * size, TURN_S)
            return
        yield from self._locked(costs.faces_s * size)
        yield self.text.take()
        yield from cores.use(costs.text_s * size, TURN_S)
        self.text.give()

    def _locked(self, seconds: float) -> Steps:
        """Yield the steps of what keeps Python's lock."""
        while seconds > 0:
            yield self.lock.take()
            yield from self._machine.cores.use(min(LOCK_TURN_S, seconds), LOCK_TURN_S)
            self.lock.give()
            seconds -= LOCK_TURN_S

    def _ask(self, views: int) -> Step:
        def ask(resume: Resume) -> None:
            self._asked.append([views, resume, self._machine.clock.now_s])
            if self._idle:
                idle, self._idle = self._idle, None
                idle()

        return ask

    def _batches(self) -> Steps:
        machine = self._machine
        while True:
            if not self._asked:
                yield lambda resume: setattr(self, "_idle", resume)
            yield self._ahead.take()
            done = self._take()
            yield from self._locked(self._costs.start_s)
            machine.clock.start(self._compute(done))

    def _take(self) -> list[Resume]:
        """Take views for one batch; return who has waited for its last ones."""
        room, done = self._machine.design.size, []
        while room and self._asked:
            first = self._asked[0]
            count = min(room, first[0])
            first[0] -= count
            room -= count
            if not first[0]:
                self.waiting_s += self._machine.clock.now_s - first[2]
                done.append(first[1])
                self._asked.popleft()
            if not self._machine.design.mixes:
                break
        self.places += self._machine.design.size
        self.filled += self._machine.design.size - room
        return done

    def _compute(self, done: list[Resume]) -> Steps:
        machine = self._machine
        yield machine.gpu.take()
        yield machine.clock.sleep(machine.design.size / machine.views_per_s)
        machine.gpu.give()
        self._ahead.give()
        for resume in done:
            machine.clock.after(0.0, resume)


class Machine:
    """Cores and a GPU, and the workers that share them."""

    def __init__(self, cores: int, views_per_s: float, design: Design, costs: Costs) -> None:
        self.clock, self.design, self.costs, self.views_per_s = VirtualTime(), design, costs, views_per_s
        self.draw = random.Random(SEED)  # noqa: S311 - no secret
        self.cores, self.gpu, self.done = Resource(self.clock, cores), Resource(self.clock, 1), 0
        count = max(1, cores // CORES_OF_PROCESS) if design.is_split else 1
        self.workers = [Worker(self, cores // count) for _ in range(count)]

    def run(self, seconds: float) -> Use:
        """Let so many seconds pass, and then as many that count."""
        self.clock.run(seconds)
        self.done = 0
        for places in (self.cores, self.gpu):
            places.forget()
        for worker in self.workers:
            worker.forget()
        self.clock.run(2 * seconds)
        lock = max(worker.lock.busy for worker in self.workers)
        busy = {"cores": self.cores.busy, "GPU": self.gpu.busy, "Python's lock": lock}
        return Use(
            self.done / seconds,
            busy,
            sum(worker.filled for worker in self.workers) / sum(worker.places for worker in self.workers),
            sum(worker.decoders.waiting for worker in self.workers),
            sum(worker.waiting_s for worker in self.workers) / seconds,
        )


@dataclass(frozen=True, slots=True)
class Use:
    """What came of it."""

    videos_per_s: float
    busy: dict[str, float]  #: by what; 1: all the time
    full: float  #: of the places in batches, those with a view
    wait_for_decoder: float  #: jobs, on average
    wait_for_model: float

    @property
    def bound(self) -> str:
        """Say what there is too little of."""
        name = max(self.busy, key=lambda one: self.busy[one])
        return name if self.busy[name] > 0.9 else "jobs in flight"


def simulate(cores: int, device: str, design: Design, seconds: float) -> Use:
    """Run a machine twice for so many seconds of virtual time; the second ones count."""
    return Machine(cores, DEVICES[device], design, Costs()).run(seconds)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--cores", type=int, nargs="+", default=CORES)
    given = parser.parse_args()
    console = Console(width=130)
    for device, views_per_s in DEVICES.items():
        columns = ("videos/s", "GPU", "cores busy", "lock", "full", "wait: decoder", "model", "bound by")
        title = f"One {device}, {views_per_s:g} views/s of a ViT-L/14"
        table = Table("cores", "design", *columns, title=title)
        for cores in given.cores:
            for design in DESIGNS:
                if design.is_split and cores <= CORES_OF_PROCESS:
                    continue
                use = simulate(cores, device, design, given.seconds)
                table.add_row(
                    str(cores),
                    design.name,
                    f"{use.videos_per_s:.1f}",
                    *(f"{use.busy[name]:.0%}" for name in ("GPU", "cores", "Python's lock")),
                    f"{use.full:.0%}",
                    f"{use.wait_for_decoder:.1f}",
                    f"{use.wait_for_model:.1f}",
                    use.bound,
                )
        console.print(table)


if __name__ == "__main__":
    main()
