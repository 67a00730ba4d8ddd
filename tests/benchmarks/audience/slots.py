"""Tests by whole days: false winners among equal pictures, and what the days can find at all.

Days have noise of their own, lose 3 % of their views from each to the next, and count whole views. The order
of each pair, and all evidence, comes from the functions that the service uses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.audience.row import Row
from worker.trials.slots.drawing import block_order
from worker.trials.slots.power import DAYS, LIFTS, NOISES
from worker.trials.statistics import switchback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.audience.row import Each

RUNS = 2000  # of each cell
LONGEST = 84  # pairs
DECAY = -0.03  # of the log of views, from a day to the next
VIEWS = 2000.0  # on the first day
ALPHA = 0.05
MOST_FALSE = 0.05
MOST_WRONG = 0.01
TOLD = 0.20  # the effect of the picture whose interval is looked at


def rows(seed: int, scale: float, _each: Each) -> Iterator[Row]:
    """Measure all cells; a quick look measures fewer runs of each."""
    runs = max(20, int(RUNS * scale))
    rng = np.random.default_rng([seed, 2])
    for variants in (2, 3):
        for noise in NOISES:
            equal = [winners(rng, (0.0,) * variants, noise) for _ in range(runs)]
            share = sum(any(number is not None for number in test) for test in equal) / runs
            what = f"day slots, A/A, {variants} pictures, {LONGEST} blocks, day noise {noise:.0%}"
            yield Row(what, f"false winners at most {MOST_FALSE:.0%}", f"{share:.1%}", share <= MOST_FALSE)
    wrong, tests = 0, 0
    for noise in NOISES:
        found: dict[float, list[list[int | None]]] = {}
        for lift in LIFTS:
            found[lift] = [winners(rng, (0.0, math.log1p(lift)), noise) for _ in range(runs)]
            wrong += sum(0 in test for test in found[lift])
            tests += runs
        for days in DAYS:
            shares = {lift: _share_by(days, of_lift) for lift, of_lift in found.items()}
            said = ", ".join(f"+{lift:.0%} in {share:.0%}" for lift, share in shares.items())
            yield Row(
                f"day slots, power, day noise {noise:.0%}, {days} days", "told before a test", said, True
            )
    share = wrong / tests
    what = f"day slots, the worse picture wins, all {tests} tests"
    yield Row(what, f"at most {MOST_WRONG:.0%}", f"{share:.2%}", share <= MOST_WRONG)
    yield _coverage(rng, max(20, runs // 4))


def _coverage(rng: np.random.Generator, runs: int) -> Row:
    """Measure how often the interval, after 42 looks at 42 pairs, holds the effect that there is."""
    held = 0
    for _ in range(runs):
        pairs = switchback.pairs(levels(rng, (0.0, math.log1p(TOLD)), 0.20)[:42])
        low, high = switchback.interval([-one for one in pairs[0, 1]], switchback.line(ALPHA, 2))
        held += low <= math.log1p(TOLD) <= high
    what = f"day slots, interval holds +{TOLD:.0%}, 42 pairs, day noise 20%"
    return Row(what, f"at least {1 - ALPHA:.0%}", f"{held / runs:.1%}", held >= (1 - ALPHA) * runs)


def _share_by(days: int, tests: Sequence[Sequence[int | None]]) -> float:
    """Tell how many tests of two pictures had a winner by then, as a share."""
    return sum(any(winner is not None for winner in test[: days // 2]) for test in tests) / len(tests)


def winners(rng: np.random.Generator, effects: Sequence[float], noise: float) -> list[int | None]:
    """Run one test to its end, and list after each block who has won by then.

    Args:
        rng: of the days.
        effects: of the pictures, as logs.
        noise: of a day, as the deviation of a log.
    """
    blocks = levels(rng, effects, noise)
    line = switchback.line(ALPHA, len(effects))
    paths = {both: list(switchback.evidence_path(told)) for both, told in switchback.pairs(blocks).items()}
    beaten: set[tuple[int, int]] = set()
    won: list[int | None] = []
    for block in range(len(blocks)):
        if block + 1 >= switchback.LEAST_BLOCKS:
            for (a, b), path in paths.items():
                beaten |= {(a, b)} if path[block].for_first >= line else set()
                beaten |= {(b, a)} if path[block].for_second >= line else set()
        everyone = range(len(effects))
        best = [one for one in everyone if all((one, other) in beaten for other in everyone if other != one)]
        won.append(best[0] if best else won[-1] if won else None)
    return won


def levels(rng: np.random.Generator, effects: Sequence[float], noise: float) -> list[list[float]]:
    """Draw the days of a test, and return the logs of each block in the order of the pictures."""
    count, salt = len(effects), f"{rng.integers(2**63):016x}"
    days = np.arange(LONGEST * count)
    base: NDArray[np.float64] = math.log(VIEWS) + DECAY * days + rng.normal(0, noise, len(days))
    shown = np.array([block_order(salt, block, count) for block in range(LONGEST)])
    views = rng.poisson(np.exp(base + np.take(effects, shown.ravel()))).reshape(LONGEST, count)
    blocks = []
    for order, counts in zip(shown, views, strict=True):
        by_picture = dict(zip(order.tolist(), counts.tolist(), strict=True))
        blocks.append([switchback.log_level(by_picture[number]) for number in range(count)])
    return blocks
