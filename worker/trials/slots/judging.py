"""Says what the days of a test prove so far."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from worker.database import NOW
from worker.database.states import TrialMetric, TrialOutcome
from worker.database.trials import Slot, Variant
from worker.trials.saying import ordinal
from worker.trials.slots.power import days_needed, power
from worker.trials.statistics import switchback
from worker.trials.statistics.switchback import LEAST_BLOCKS
from worker.trials.verdict import TrialVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from worker.database.trials import Trial

ALIKE = math.log(1.05)  # pictures that differ by less are alike
LIKELY = 0.9  # how probable the best picture must be to be preferred
SEEN_LIFT = 0.20  # the effect that is spoken of


class SlotCount(NamedTuple):
    """One slot, as far as a verdict needs it."""

    variant: int  #: its number
    is_void: bool = False
    why: str = ""
    views: int | None = None  #: None: not counted yet
    impressions: int | None = None
    watch_s: float | None = None


@dataclass(frozen=True, slots=True)
class CountedSlots:
    """All that a verdict on a test by days is made from."""

    days: Sequence[SlotCount]  #: all of them, in order
    variants: int
    metric: TrialMetric
    alpha: float  #: how often a false winner may be found
    tau: float  #: how far apart two pictures are expected to be, as a log
    now: datetime
    ends_at: datetime


class _Blocks(NamedTuple):
    """What is known of the blocks, in order, up to the first whose numbers are still to come."""

    levels: list[list[float]]  #: of those that count, the log of each picture
    days: list[SlotCount]  #: that were used
    voids: list[str]  #: why the others do not count
    are_all_known: bool


def count_slots(session: Session, trial: Trial) -> CountedSlots:
    """Read the days of a test."""
    slots = session.scalars(select(Slot).where(Slot.trial_id == trial.id).order_by(Slot.number)).all()
    of_it = select(func.count()).select_from(Variant).where(Variant.trial_id == trial.id)
    return CountedSlots(
        [_day(slot) for slot in slots],
        session.scalars(of_it).one(),
        TrialMetric(trial.metric),
        trial.alpha,
        trial.tau,
        session.scalars(select(NOW)).one(),
        trial.ends_at,
    )


def _day(slot: Slot) -> SlotCount:
    is_counted = slot.counted_at is not None
    numbers = (slot.views, slot.impressions, slot.watch_s) if is_counted else (None, None, None)
    return SlotCount(slot.variant, slot.is_void, slot.why, *numbers)


def judge_slots(counted: CountedSlots) -> TrialVerdict:
    """Judge a test by days: a winner, pictures that are alike, or nothing yet; and the numbers, for people.

    Blocks are taken in order, up to the first that is not known yet: which numbers are late must not decide.
    """
    blocks = _blocks(counted)
    pairs = _pairs(counted, blocks.levels)
    numbers = {
        "variants": _variants(counted, blocks, pairs),
        "pairs": pairs,
        "imbalance": None,
        "days": len(blocks.days),
        "need": None,
        "left_out": [],
        "noise": switchback.noise(blocks.levels) if len(blocks.levels) > 1 else None,
        "blocks": {
            "used": len(blocks.levels),
            "void": len(blocks.voids),
            "why_void": sorted(set(blocks.voids)),
        },
    }
    outcome, winner, said = _outcome(counted, blocks, numbers)
    evidence = {
        "blocks": len(blocks.levels),
        "pairs": {f"{one['a']}>{one['b']}": one["evidence"] for one in pairs},
    }
    return TrialVerdict(outcome, said, numbers, evidence, winner)


def _blocks(counted: CountedSlots) -> _Blocks:
    size, is_over = counted.variants, counted.now >= counted.ends_at
    levels: list[list[float]] = []
    used: list[SlotCount] = []
    voids: list[str] = []
    told = [day for day in counted.days if day.views is not None and not day.is_void]
    for first in range(0, len(counted.days), size):
        block = counted.days[first : first + size]
        if any(day.is_void for day in block):
            voids.append(next(day.why for day in block if day.is_void))
        elif any(day.views is None for day in block):
            if not is_over:
                return _Blocks(levels, used, voids, are_all_known=False)
            voids.append("its numbers were not there in time")
        else:
            by_variant = {day.variant: day for day in block}
            levels.append([_level(by_variant[number], counted.metric, told) for number in range(size)])
            used += block
    return _Blocks(levels, used, voids, are_all_known=True)


def _level(day: SlotCount, metric: TrialMetric, told: Sequence[SlotCount]) -> float:
    """Return what is compared of a day, as a log: by impression where all days tell them."""
    is_watch = metric is TrialMetric.WATCH and all(one.watch_s is not None for one in told)
    is_rate = all(one.impressions is not None for one in told)
    amount = day.watch_s if is_watch else day.views
    return switchback.log_level(amount or 0.0, (day.impressions or 0) if is_rate else None)


def _pairs(counted: CountedSlots, levels: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Describe each ordered pair of pictures: a is better than b by `lift`, surely from `low` to `high`."""
    line = switchback.line(counted.alpha, counted.variants)
    described = []
    for (a, b), told in switchback.pairs(levels).items():
        found, (low, high) = switchback.strongest(told), switchback.interval(told, line)
        lift = statistics.fmean(told)
        described.append(_pair(a, b, (lift, low, high), found.for_first, line))
        described.append(_pair(b, a, (-lift, -high, -low), found.for_second, line))
    return described


def _pair(
    a: int, b: int, logs: tuple[float, float, float], log_evidence: float, line: float
) -> dict[str, Any]:
    lift, low, high = (math.expm1(one) for one in logs)
    needed = math.exp(line)
    return {
        "a": a,
        "b": b,
        "lift": lift,
        "low": low,
        "high": high,
        "evidence": math.exp(min(log_evidence, 700.0)),
        "needed": needed,
        # The strongest evidence may be of an earlier pair of days; who is behind by now has not won.
        "is_proved": log_evidence >= line and lift > 0,
    }


def _variants(
    counted: CountedSlots, blocks: _Blocks, pairs: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    chances = switchback.chances(blocks.levels, counted.tau) if len(blocks.levels) > 1 else None
    out = {one["b"] for one in pairs if one["is_proved"]}
    described = []
    for number in range(counted.variants):
        days = [day for day in blocks.days if day.variant == number]
        views, loads = sum(day.views or 0 for day in days), [day.impressions for day in days]
        impressions = sum(one or 0 for one in loads)
        described.append(
            {
                "number": number,
                "impressions": impressions,
                "plays": views,
                "quality_plays": views,
                "watch_s": math.fsum(day.watch_s or 0.0 for day in days),
                "rate": views / impressions if impressions else None,
                "a_day": views / len(days) if days else None,
                "is_out": number in out,
                "p_best": chances[number] if chances else None,
            }
        )
    return described


def _outcome(
    counted: CountedSlots, blocks: _Blocks, numbers: dict[str, Any]
) -> tuple[TrialOutcome | None, int | None, str]:
    """Decide what is said, and whether the test is over."""
    used, pairs = len(blocks.levels), numbers["pairs"]
    of_what = "pairs of days" if counted.variants == 2 else f"blocks of {counted.variants} days"  # noqa: PLR2004
    is_over = blocks.are_all_known or counted.now >= counted.ends_at
    if used >= LEAST_BLOCKS:
        for number in range(counted.variants):
            mine = [one for one in pairs if one["a"] == number]
            if all(one["is_proved"] for one in mine):
                closest = min(mine, key=lambda one: float(one["lift"]))
                return TrialOutcome.WINNER, number, _said_of_winner(number, closest, used, of_what)
        if all(abs(math.log1p(one[end])) <= ALIKE for one in pairs for end in ("low", "high")):
            return TrialOutcome.ALIKE, None, f"The pictures differ by less than 5 %, in {used} {of_what}."
    if not is_over:
        return None, None, _said_of_waiting(used, of_what)
    noise = numbers["noise"]
    if used < LEAST_BLOCKS or noise is None:
        return TrialOutcome.UNDECIDED, None, _said_of_too_few(blocks, of_what)
    days = used * counted.variants
    usual = power(noise, days, SEEN_LIFT, counted.variants)
    if (needed := days_needed(noise, SEEN_LIFT, counted.variants)) is not None:
        numbers["need"] = {"impressions": None, "days": needed}
    best = max(numbers["variants"], key=lambda one: float(one["p_best"]))
    why = (
        f"Days of the same picture differed by {noise:.0%}; then {days} days find +{usual.lift:.0%}"
        f" in {usual.found:.0%} of tests."
    ).replace("%", " %")
    if best["p_best"] >= LIKELY:
        who = _name(best["number"])
        said = f"{who} is probably better, not proved, in {used} {of_what}. {why}"
        return TrialOutcome.PREFERRED, int(best["number"]), said
    return TrialOutcome.UNDECIDED, None, f"It cannot be told which is better, in {used} {of_what}. {why}"


def _said_of_winner(number: int, closest: dict[str, Any], used: int, of_what: str) -> str:
    low, high, lift = (f"{closest[name]:+.0%}".replace("%", " %") for name in ("low", "high", "lift"))
    return f"{_name(number)} is better: {lift}, surely between {low} and {high}, in {used} {of_what}."


def _name(number: int) -> str:
    return f"The {ordinal(number)} picture"


def _said_of_waiting(used: int, of_what: str) -> str:
    if used < LEAST_BLOCKS:
        return f"Counting: {used} of {LEAST_BLOCKS} {of_what} are known; before that nothing can be said."
    return f"Counting: {used} {of_what} are known, and do not tell yet which picture is better."


def _said_of_too_few(blocks: _Blocks, of_what: str) -> str:
    known = f"Only {len(blocks.levels)} {of_what} count, and {LEAST_BLOCKS} are needed"
    if not blocks.voids:
        return f"{known}."
    commonest = statistics.mode(blocks.voids).partition(": ")
    return f"{known}. {len(blocks.voids)} do not count, mostly because {commonest[2] or commonest[0]}."
