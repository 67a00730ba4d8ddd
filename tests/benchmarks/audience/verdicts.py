"""Prove how tests with drawn viewers are decided: how often falsely, how often at all, and how sure.

Each cell has random numbers of its own, from the seed and its name: it is the same without the others.
"""

from __future__ import annotations

import collections
import itertools
import zlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.audience.row import Row
from tests.benchmarks.audience.rules import cover, decide
from tests.benchmarks.audience.shown import Showing, alarms
from tests.benchmarks.audience.viewers import DAYS, ViewerModel
from tests.benchmarks.audience.whole_tests import judged
from worker.database.states import TrialMetric
from worker.trials.statistics.need import impressions_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.benchmarks.audience.row import Each
    from tests.benchmarks.audience.viewers import Spoil

    Cell = Callable[[], Iterable[Row]]

TESTS = 1000
LOOKS = 300
IMPRESSIONS = {0.015: 120_000, 0.05: 40_000, 0.3: 8_000}  # of two variants, by the play rate
SHOWN = {
    "2 variants shown as drawn, each impression by itself": Showing((1, 1)),
    "2 variants shown as drawn, viewers with 1.3 impressions a visit": Showing((1, 1), returning=0.23),
    "2 variants shown as drawn, viewers with 2 impressions a visit": Showing((1, 1), returning=0.5),
    "2 variants shown as drawn, active and idle viewers": Showing((1, 1), activity=0.3),
    "3 variants shown as drawn, each impression by itself": Showing((1, 1, 1)),
    "shown 35.3 : 32.3 : 32.3": Showing((1.06, 0.97, 0.97)),
    "3 variants, a cache gives 3% of the viewers one": Showing((1, 1, 1), pinned=0.03),
    "3 variants, a cache gives 10% of the viewers one": Showing((1, 1, 1), pinned=0.1),
}
SPOILS: dict[Spoil, str] = {
    "duplicates": "5% counted twice",
    "lost": "5% of flushes lost",
    "late": "plays come later",
}


def rows(seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Measure all cells, with `scale` of the tests."""
    tests = max(int(TESTS * scale), 1)
    for measured in each(_measure, list(_cells(seed, tests))):
        yield from measured


def _measure(cell: Cell) -> list[Row]:
    return list(cell())


def _cells(seed: int, tests: int) -> Iterator[Cell]:
    """List what is measured, each by itself."""
    for variants, rate in itertools.product((2, 3, 4), IMPRESSIONS):
        yield partial(_equal_pictures, seed, tests, variants, rate)
    for rate in IMPRESSIONS:
        yield partial(_other_viewers, seed, tests, rate)
    for lift, metric, most in (
        (0.0, TrialMetric.PLAYS, 0.05),
        (0.0, TrialMetric.WATCH, 0.05),
        (0.2, TrialMetric.PLAYS, 0.01),
    ):
        yield partial(_whole, seed, tests, lift, metric, most)
    for rate, viewers in itertools.product(IMPRESSIONS, (256, 128, 1024)):
        yield partial(_better_pictures, seed, tests, rate, viewers)
    for lift in (0.0, 0.2, 0.5):
        yield partial(_interval, seed, tests, lift)
    for what, shown in SHOWN.items():
        yield partial(_imbalance, seed, tests, what, shown)
    for spoil, what in SPOILS.items():
        yield partial(_spoilt, seed, tests, spoil, what)
    yield partial(_bots, seed, tests)


def _rng(seed: int, cell: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(cell.encode())])


def _at_most(what: str, most: float, share: float) -> Row:
    return Row(what, f"at most {most:.0%}", f"{share:.1%}", share <= most)


def _at_least(what: str, least: float, share: float) -> Row:
    return Row(what, f"at least {least:.0%}", f"{share:.1%}", share >= least)


def _reported(what: str, measured: str) -> Row:
    return Row(what, "reported", measured, is_met=True)


def _equal_pictures(seed: int, tests: int, variants: int, rate: float) -> Iterator[Row]:
    """Look at tests of equal pictures, where each winner is a false one."""
    cell = f"A/A, {variants} variants, play rate {rate:.1%}, {tests:,} tests, {LOOKS} looks"
    audience = ViewerModel(rate, (1.0,) * variants, IMPRESSIONS[rate] * variants / 2, LOOKS)
    decided = decide(audience, tests, _rng(seed, cell), is_controlled=variants == 2)
    yield _at_most(f"{cell}: false winners", 0.05, decided.share(decided.winners))
    if variants > 2:
        yield _reported(f"{cell}: a variant falsely out", f"{decided.share(decided.outs):.1%}")
        return
    for rule, by in (("z test at 5 %", decided.by_z), ("chance over 95 %", decided.by_chance)):
        share = decided.share(by)
        yield Row(f"{cell}: by the rule {rule}", "must fail: over 15%", f"{share:.1%}", share > 0.15)


def _other_viewers(seed: int, tests: int, rate: float) -> Iterator[Row]:
    """Look at equal pictures before fewer viewers, and before such as are all alike."""
    cell = f"A/A, 2 variants, play rate {rate:.1%}, 128 viewers, one in each bucket: false winners"
    audience = ViewerModel(rate, (1.0, 1.0), IMPRESSIONS[rate], LOOKS, viewers=128)
    yield _false_winners(seed, cell, audience, tests)
    cell = f"A/A, 2 variants, play rate {rate:.1%}, all viewers alike: false winners"
    audience = ViewerModel(rate, (1.0, 1.0), IMPRESSIONS[rate], LOOKS, taste=0, activity=0, is_rhythmic=False)
    yield _false_winners(seed, cell, audience, tests)


def _false_winners(seed: int, cell: str, audience: ViewerModel, tests: int) -> Row:
    decided = decide(audience, tests, _rng(seed, cell))
    return _at_most(cell, 0.05, decided.share(decided.winners))


def _whole(seed: int, tests: int, lift: float, metric: TrialMetric, most: float) -> Iterator[Row]:
    """Judge tests by all rules: the first week, the guards, the alarm."""
    what = f"lift {lift:.0%}, by {metric}"
    cell = f"{what}, judged by all rules, 2 variants, play rate 5.0%, four looks a day"
    audience = ViewerModel(0.05, (1.0, 1.0 + lift), impressions_needed(0.05, 0.2, 2), 4 * DAYS)
    outcomes = judged(audience, tests, _rng(seed, cell), metric)
    shares: collections.Counter[str] = collections.Counter()
    for (outcome, _), count in outcomes.items():
        shares[outcome] += count
    told = ", ".join(f"{outcome} {count / tests:.1%}" for outcome, count in shares.most_common())
    best = 1 if lift else None
    false = sum(count for (end, won), count in outcomes.items() if end == "winner" and won != best) / tests
    demand = f"false winners at most {most:.0%}, broken at most 1%"
    is_met = false <= most and shares["broken"] <= 0.01 * tests
    yield Row(cell, demand, f"{told}; falsely {false:.1%}", is_met)


def _better_pictures(seed: int, tests: int, rate: float, viewers: int) -> Iterator[Row]:
    """Look at tests in which the second picture gets 20 % more plays."""
    cell = f"+20%, 2 variants, play rate {rate:.1%}, {viewers} viewers, four times the fixed sample"
    audience = ViewerModel(rate, (1.0, 1.2), impressions_needed(rate, 0.2, 2), 120, viewers=viewers)
    decided = decide(audience, tests, _rng(seed, cell))
    share = decided.share(decided.winners)
    wrong = decided.share([test for test, winner in decided.winners.items() if winner == 0])
    if viewers == 256:
        yield _at_least(f"{cell}: decided", 0.8, share)
    else:
        yield _reported(f"{cell}: decided", f"{share:.1%}")
    yield _at_most(f"{cell}: wrong winners", 0.01, wrong)


def _interval(seed: int, tests: int, lift: float) -> Iterator[Row]:
    """Find how often an interval holds the truth at all looks."""
    cell = f"interval, lift {lift:.0%}, play rate 5.0%: holds the truth at all 200 looks"
    audience = ViewerModel(0.05, (1.0, 1.0 + lift), 40_000, 200, viewers=128)
    yield _at_least(cell, 0.95, cover(audience, tests, _rng(seed, cell)))


def _imbalance(seed: int, tests: int, what: str, shown: Showing) -> Iterator[Row]:
    """Set the alarm off, or not."""
    asked = f"alarms in {LOOKS} looks" if shown.is_as_drawn else "found, median"
    cell = f"imbalance, {what}: {asked}"
    found = alarms(tests, _rng(seed, cell), shown)
    if shown.is_as_drawn:
        yield _at_most(cell, 0.01, found.share)
    else:
        measured = f"{found.median:,.0f} impressions"
        yield Row(cell, "within 8,000 impressions", measured, found.median <= 8000)


def _spoilt(seed: int, tests: int, spoil: Spoil, what: str) -> Iterator[Row]:
    """Count wrongly, alike in all variants, which does no harm."""
    cell = f"A/A, 2 variants, play rate 5.0%, {what}: false winners"
    yield _false_winners(seed, cell, ViewerModel(0.05, (1.0, 1.0), 40_000, LOOKS, spoil=spoil), tests)


def _bots(seed: int, tests: int) -> Iterator[Row]:
    """Count wrongly in one variant."""
    cell = "A/A, 2 variants, play rate 5.0%, before they are dropped, bots look at one variant (5%)"
    audience = ViewerModel(0.05, (1.0, 1.0), 40_000, LOOKS, spoil="bots")
    decided = decide(audience, tests, _rng(seed, cell), is_watched=True)
    false, first = decided.share(decided.winners), decided.share(decided.winners.keys() - decided.alarms)
    yield _reported(f"{cell}: false winners; without an alarm before", f"{false:.1%}; {first:.1%}")
