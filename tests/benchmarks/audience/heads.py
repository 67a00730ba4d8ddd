"""Learned heads and an audience whose taste is known: what ships, and was it worth it?

The training and the gate are those of the product; only the rows are arrays.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.benchmarks.audience.planted_taste import PlantedTaste
from tests.benchmarks.audience.row import Row
from worker.learning.gate.judge import judge
from worker.learning.gate.judged_tests import HeldOutTests
from worker.learning.gate.report import alpha_of
from worker.learning.readiness import enough_videos
from worker.learning.training import policy
from worker.learning.training.learn import learn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.audience.row import Each
    from worker.learning.training.learn import Learned

SIZES = {2: (400, 800, 1_200, 1_600, 3_200), 4: (200, 400, 800, 1_600)}  # videos, by the variants of each
_FIRST = (("no effect", {"rho": 0.0, "worth_sd": 0.0}), ("labels shuffled", {"is_shuffled": True}))
_PLANTED = ((0.7, 0.015), (0.7, 0.05), (0.5, 0.05), (0.3, 0.05))
# So much of a strong taste has to be recovered, and shipped, once there is enough to learn from.
_STRONG, _LIKENESS, _SHIPS = 0.7, 0.5, 0.8
_FRESH = 2_000  # videos on which the true gain is measured
EVALUATIONS = 20
_FIRST_VIDEOS, _MORE_VIDEOS = 240, 40  # at the first evaluation, and at each that follows


class Tried(NamedTuple):
    """What came of one training."""

    has_shipped: bool
    gain: float  #: in truth, over the order by hand, on videos that nobody has seen
    likeness: float  #: the correlation of what the head gives with what pictures are worth


def rows(seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Try heads without an effect, then with one. Each run draws from the seed and its own number."""
    yield from _by_chance(seed, scale, each)
    yield from _without_effect(seed, scale, each)
    yield _again_and_again(seed, scale, each)
    yield from _people(seed, scale, each)
    yield from _planted(seed, scale, each)


def _seeds(seed: int, runs: int) -> list[tuple[int, int]]:
    return [(seed, run) for run in range(runs)]


def _by_chance(seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Judge heads that were drawn, not learned: what is learned from nothing is too weak to be judged at all.

    They change many pictures, and have no effect; so how often the first rule lets one through is what its
    bound promises, and nothing else holds it back.
    """
    seeds = _seeds(seed, max(50, int(1_000 * scale)))
    for variants in (2, 4):
        found = list(each(partial(_meets_bound, variants), seeds))
        met, gained = map(sum, zip(*found, strict=True))
        runs = len(seeds)
        what = f"head: drawn by chance, {variants} arms, 120 newer videos"
        yield Row(f"{what}: the bound", "met in at most 1 %", f"{met} of {runs}", met <= max(1, 0.01 * runs))
        control = f"{what}: that the mean gain is above 0"
        yield Row(control, "must fail: over 15 %", f"{gained / runs:.0%}", gained > 0.15 * runs)


@cache
def _learned_from_nothing(seed: int, variants: int) -> Learned:
    """Learn a head whose directions are used, and whose coefficients are not; once in each process."""
    rng = np.random.default_rng(seed)
    return learn(PlantedTaste(rng, videos=400, variants=variants, rho=0.0, worth_sd=0.0))


def _meets_bound(variants: int, seed: tuple[int, int]) -> tuple[bool, bool]:
    """Tell whether a drawn head meets the bound on its gain, and whether its mean gain is above 0."""
    rng, learned = np.random.default_rng(seed), _learned_from_nothing(seed[0], variants)
    (tests,) = PlantedTaste(rng, videos=120, variants=variants, rho=0.0, worth_sd=0.0).tests()
    drawn = replace(learned, coefficients=rng.normal(0, 0.1, len(learned.coefficients)))
    held_out = HeldOutTests(drawn, None)
    held_out.add(tests)
    value = next(rule for rule in held_out.rules(alpha_of(1)) if rule.name == "more plays")
    return value.is_met, value.numbers["gain"] > 0


def _without_effect(seed: int, scale: float, each: Each) -> Iterator[Row]:
    seeds = _seeds(seed, max(2, int(500 * scale)))
    for name, effect in _FIRST:
        for variants in (2, 4):
            known = {"videos": 400, "variants": variants} | effect
            shipped = sum(each(partial(_ships, known), seeds))
            what = f"head: {name}, {variants} arms, 400 videos, first evaluation"
            is_met = shipped <= max(1, 0.01 * len(seeds))
            yield Row(what, "ships in at most 1 %", f"{shipped} of {len(seeds)}", is_met)


def _ships(known: dict[str, Any], seed: tuple[int, int]) -> bool:
    return judge(PlantedTaste(np.random.default_rng(seed), **known), 1).is_passed


def _again_and_again(seed: int, scale: float, each: Each) -> Row:
    """Evaluate 20 times in a row while tests come in, with alpha spending: does one ever ship?"""
    series = max(1, int(200 * scale))
    shipped = sum(each(_ever_ships, _seeds(seed, series)))
    what = f"head: no effect, {EVALUATIONS} retrainings as tests come in, alpha spending"
    return Row(what, "0 of 200", f"{shipped} of {series}", shipped == 0)


def _ever_ships(seed: tuple[int, int]) -> bool:
    videos = [_FIRST_VIDEOS + _MORE_VIDEOS * more for more in range(EVALUATIONS)]
    audience = PlantedTaste(np.random.default_rng(seed), videos[-1], rho=0.0, worth_sd=0.0)
    return any(judge(Newest(audience, known), k).is_passed for k, known in enumerate(videos, 1))


class Newest:
    """What was known of an audience when fewer videos were tested."""

    def __init__(self, audience: PlantedTaste, videos: int) -> None:
        self._audience, self._videos = audience, videos
        self.frames, self.choices = audience.frames, audience.choices

    def tests(self) -> Iterator[Any]:
        """Read the tests of the first videos."""
        for tests in self._audience.tests():
            yield tests.where(np.arange(len(tests.videos)) < self._videos)


def _people(seed: int, scale: float, each: Each) -> Iterator[Row]:
    """Let people choose: at random, with regard to what the hand score sees only, and by a taste."""
    seeds = _seeds(seed, max(2, int(200 * scale)))
    for name, known, from_vectors in (
        ("their taste is in no vector", 0.0, 0.0),
        ("their taste is in no vector, the hand score is", 0.0, 0.7),
        ("their taste is half in vectors", 0.5, 0.7),
    ):
        found = list(each(partial(_ships_by_choices, known, from_vectors), seeds))
        shipped, naive = map(sum, zip(*found, strict=True))
        demand = "ships in at least 80 %" if known else "ships in at most 1 %"
        what = f"head from about 800 choices: {name}"
        measured = f"{shipped} of {len(seeds)} (by order alone {naive})"
        is_met = shipped >= 0.8 * len(seeds) if known else shipped <= max(1, 0.01 * len(seeds))
        yield Row(what, demand, measured, is_met)


def _ships_by_choices(known: float, from_vectors: float, seed: tuple[int, int]) -> tuple[bool, bool]:
    """Tell whether a head ships, and whether it would if it only had to order pairs as people do."""
    rng = np.random.default_rng(seed)
    report = judge(PlantedTaste(rng, 0, judged=1_000, people_rho=known, hand_from_vectors=from_vectors), 1)
    return report.is_passed, next(rule.is_met for rule in report.rules if rule.name == "orders as people do")


def _planted(seed: int, scale: float, each: Each) -> Iterator[Row]:
    seeds = _seeds(seed, max(1, int(40 * scale)))
    for variants, sizes in SIZES.items():
        for rho, rate in _PLANTED:
            for videos in sizes:
                tried = list(each(partial(_try, videos, variants, rho, rate), seeds))
                shipped = [one for one in tried if one.has_shipped]
                worst = f"{min(one.gain for one in shipped):+.1%}" if shipped else "-"
                gain = np.mean([one.gain for one in tried])
                measured = (
                    f"ships {len(shipped) / len(tried):.0%}; true gain {gain:+.1%}, "
                    f"worst shipped {worst}; likeness {np.mean([one.likeness for one in tried]):.2f}"
                )
                what = f"head: taste .{rho * 10:.0f}, rate {rate:.1%}, {variants} arms, {videos} videos"
                demand, is_met = "each that ships is better in truth", all(one.gain > 0 for one in shipped)
                if rho == _STRONG and videos >= enough_videos(videos, variants * videos):
                    demand = f"ships in {_SHIPS:.0%}, {demand}, likeness {_LIKENESS}"
                    is_met &= len(shipped) >= _SHIPS * len(tried)
                    is_met &= float(np.mean([one.likeness for one in tried])) >= _LIKENESS
                yield Row(what, demand, measured, is_met)


def _try(videos: int, variants: int, rho: float, rate: float, seed: tuple[int, int]) -> Tried:
    audience = PlantedTaste(np.random.default_rng(seed), videos, variants, rho, rate)
    report = judge(audience, 1)
    direction = learn(audience).direction
    fresh, worth = audience.fresh(_FRESH)
    given = policy.points(direction, fresh.centred(fresh.embeddings))
    ours, theirs = policy.pick(fresh, given), policy.pick(fresh, np.zeros(len(given)))
    gain = float(np.exp(worth[ours] - worth[theirs]).mean()) - 1
    likeness = np.corrcoef(given, fresh.centred(worth))[0, 1] if given.any() else 0.0
    return Tried(report.is_passed, gain, float(likeness))
