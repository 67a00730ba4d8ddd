"""Say in a sentence what is known of a test, for people who make pictures and no statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from worker.database.states import TrialMetric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from typing import Any

    from worker.trials.reading import PairReading, TrialReading
    from worker.trials.statistics.imbalance import Imbalance

ORDINALS = ("first", "second", "third", "fourth")
ALIKE = "the pictures are alike: surely less than 5 % apart, so take whichever you like"


def ordinal(number: int) -> str:
    """Name a variant by its number, which begins at 0: "second"."""
    return ORDINALS[number] if 0 <= number < len(ORDINALS) else f"{number + 1}th"


def picture(number: int) -> str:
    """Name a variant for people, who never read its number: "the second picture"."""
    return f"the {ordinal(number)} picture"


def change(log_lift: float) -> str:
    """Write a lift as people do: `+18 %`, and `+0.4 %` where it is under one per cent."""
    percent = 100 * math.expm1(log_lift)
    digits = 0 if abs(percent) >= 0.95 else 1  # noqa: PLR2004 - what one digit rounds up to 1.0
    return f"{percent:+.{digits}f} %".replace("-0.0", "0").replace("+0.0", "0")


def plural(count: int, one: str, many: str) -> str:
    """Write a number with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def plays_words(plays: int, needed: int, number: int) -> str:
    """Say how many plays there are."""
    return f"{plays} of {plural(needed, 'play', 'plays')} for {picture(number)}"


def first_week(days: int, needed: int) -> str:
    """Say how much of the first week has passed."""
    return f"{days} of {needed} days, as what people watch follows the week"


def few_buckets(filled: int, needed: int, number: int) -> str:
    """Say that few groups of viewers were seen, so that nobody knows how much they differ."""
    return f"viewers of {filled} of {needed} groups for {picture(number)}"


def too_many_plays(number: int) -> str:
    """Say that what was counted cannot be."""
    return f"{picture(number)} has more plays than impressions; check that each impression is sent"


def no_variance(number: int, metric: TrialMetric) -> str:
    """Say that nobody can tell how much viewers differ."""
    return f"how far the {_noun(metric)} of {picture(number)} vary between viewers is not known yet"


def broken(imbalance: Imbalance) -> str:
    """Say which variant was shown too often, or too rarely, by most."""
    off = [share / drawn - 1 for share, drawn in zip(imbalance.shares, imbalance.drawn, strict=True)]
    number = max(range(len(off)), key=lambda number: (round(abs(off[number]), 6), off[number]))
    share, drawn = _apart(imbalance.shares[number], imbalance.drawn[number])
    when = f"on {_date(imbalance.day)} " if imbalance.day else ""
    got = f"{when}{picture(number)} got {share} of the impressions instead of {drawn}"
    return f"the pictures were not shown as drawn: a cache? {got}"


def better(read: TrialReading, winner: int) -> str:
    """Say that a variant is better, and by how much."""
    pair = _against_next(read, winner)
    whom, than = ("", "") if len(read.rates) == 2 else (" than all others", " than the next best")  # noqa: PLR2004
    lift = f"{picture(winner)} is better{whom}: {change(pair.log_lift)} {_noun(read.metric)}{than}"
    if pair.low <= 0:
        return f"{lift} by now; the proof was complete at an earlier look"
    return f"{lift}, surely {_between(pair)}"


def probably_better(read: TrialReading, preferred: int) -> str:
    """Say that a variant is ahead, and that this is no proof."""
    pair = _against_next(read, preferred)
    chance = (read.chances or [])[preferred]
    return (
        f"{picture(preferred)} is probably better, which is not proved: {change(pair.log_lift)} "
        f"{_noun(read.metric)}, {_between(pair)}; it is the best with a chance of {_percent(chance)}"
    )


def ahead(read: TrialReading, leader: int) -> str:
    """Say who is ahead while nothing is proved."""
    pair = _against_next(read, leader)
    if change(pair.log_lift) == "0 %":
        return (
            f"not proved yet: no picture is ahead, the {_noun(read.metric)} are surely {_between(pair)} apart"
        )
    return (
        f"not proved yet: {picture(leader)} is ahead, {change(pair.log_lift)} {_noun(read.metric)}, "
        f"surely {_between(pair)}"
    )


def held_back(read: TrialReading, leader: int) -> str:
    """Say why a variant that leads for certain is not taken."""
    lift = f"{picture(leader)} gets {change(_against_next(read, leader).log_lift)} {_noun(read.metric)}"
    for other in read.others(leader):
        if not read.is_watched(leader, other):
            watched = read.watch_pair(leader, other)
            less = f" ({change(watched.log_lift)} watch time)" if watched else ""
            return f"{lift}, but is watched less{less}"
    return f"{lift}, but was not ahead in both halves of the days"


def with_out(said: str, out: Sequence[int]) -> str:
    """Add which variants cannot be the best any more."""
    if not out:
        return said
    names = " and ".join(f"the {ordinal(number)}" for number in out)
    return f"{said}; {names} {'picture is' if len(out) == 1 else 'pictures are'} out"


def never_told(lacking: str) -> str:
    """Say what was lacking to the end."""
    return f"it cannot be told: {lacking}"


def undecided(read: TrialReading, lift: float, need: dict[str, Any] | None) -> str:
    """Say that it cannot be told, and what it would take."""
    seen = sum(total.impressions for total in read.totals)
    said = f"it cannot be told: {plural(seen, 'impression', 'impressions')}"
    if need is None:
        return said
    a_day = max(round(seen / read.elapsed_days), 1)
    return (
        f"{said}; telling {lift:.0%} apart needs about {_about(need['impressions'])}. "
        f"At {a_day:,} a day that is {plural(need['days'], 'day', 'days')}"
    ).replace("%", " %")


def _against_next(read: TrialReading, number: int) -> PairReading:
    """Compare a variant with the best other one; only where all variances are known."""
    pair = read.pair(number, read.others(number)[0])
    if pair is None:
        raise ValueError("nothing is said of variants before their variance is known")
    return pair


def _between(pair: PairReading) -> str:
    return f"between {change(pair.low)} and {change(pair.high)}"


def _apart(share: float, drawn: float) -> tuple[str, str]:
    """Write two shares with as few digits as show that they differ."""
    for digits in range(3):
        texts = f"{100 * share:.{digits}f} %", f"{100 * drawn:.{digits}f} %"
        if texts[0] != texts[1]:
            break
    return texts


def _percent(share: float) -> str:
    return f"{min(100 * share, 99):.0f} %"


def _about(count: int) -> str:
    """Round to two digits, since it is an estimate."""
    digits = max(len(str(count)) - 2, 0)
    return f"{round(count, -digits):,}"


def _date(day: date | None) -> str:
    return f"{day:%-d %B}" if day else ""


def _noun(metric: TrialMetric) -> str:
    return "plays" if metric is TrialMetric.PLAYS else "watch time"
