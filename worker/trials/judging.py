"""Say what is known of a test with drawn viewers, by rules whose order was fixed beforehand.

Were the variants shown as drawn? Has a week passed, and was enough counted? Is one proved better than all
others, is it watched no less, and does it last? Is one out? Are all alike? And, when the time is over: is one
probably better, or how many impressions would have been needed? docs/learning.md explains each to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.database.states import TrialMetric, TrialOutcome
from worker.trials import reading, saying
from worker.trials.statistics import evidence
from worker.trials.statistics.need import impressions_needed, impressions_needed_of_spread
from worker.trials.verdict import TrialVerdict

if TYPE_CHECKING:
    from worker.trials.reading import TrialReading
    from worker.trials.verdict import Counted

MIN_DAYS = 7  #: whole days, as what people watch follows the week
MIN_BUCKETS = 20  #: of each variant, that somebody was seen of: a variance between fewer is a guess
ALIKE = 0.05  #: variants that surely differ by no more are alike
NEED_LIFT = 0.2  #: the lift whose need is told; two pictures differ by 18 % on average
MIN_CHANCE = 0.9  #: of being the best, for a variant that is preferred without a proof


def judge(counted: Counted) -> TrialVerdict:
    """Judge a test by its numbers; call it as often as you like, with the evidence of the call before.

    Raises:
        ValueError: a number is negative, or absurdly large.
    """
    read = reading.read(counted)
    lacking = _lacking(read)
    if lacking is None:
        read = read.with_maxima(evidence.strengthen(read.maxima, read.rates, read.tau))
        if read.days < MIN_DAYS:
            lacking = saying.first_week(read.days, MIN_DAYS)
    is_judged = lacking is None and not read.imbalance.is_alarm
    out = _out(read) if is_judged else []
    outcome, said, winner = _decide(read, lacking, out)
    return TrialVerdict(outcome, said, _numbers(read, out), {"maxima": reading.written(read.maxima)}, winner)


def _decide(
    read: TrialReading, lacking: str | None, out: list[int]
) -> tuple[TrialOutcome | None, str, int | None]:
    """Go through the rules in their order: the outcome, a sentence, the winner."""
    if read.imbalance.is_alarm:
        return TrialOutcome.BROKEN, saying.broken(read.imbalance), None
    if lacking and read.is_over:
        is_small = min(total.quality_plays for total in read.totals) < evidence.MIN_PLAYS
        need = _need(read)
        told = saying.undecided(read, NEED_LIFT, need) if is_small and need else saying.never_told(lacking)
        return TrialOutcome.UNDECIDED, told, None
    return (None, f"counting: {lacking}", None) if lacking else _compare(read, out)


def _compare(read: TrialReading, out: list[int]) -> tuple[TrialOutcome | None, str, int | None]:
    """Go through the rules for a test of which enough was counted."""
    proved = evidence.proved_winner(read.maxima, read.rates, read.alpha)
    if proved is not None and all(_beats(read, proved, other) for other in read.others(proved)):
        return TrialOutcome.WINNER, saying.better(read, proved), proved
    if all(pair.is_within(ALIKE) for pair in read.pairs()):
        return TrialOutcome.ALIKE, saying.ALIKE, None
    if read.is_over:
        return _at_the_end(read, proved)
    going_on = saying.ahead(read, read.leader) if proved is None else saying.held_back(read, proved)
    return None, saying.with_out(going_on, out), None


def _at_the_end(read: TrialReading, proved: int | None) -> tuple[TrialOutcome, str, int | None]:
    """Say what there is to say when the time is over, and nothing is proved, or a guard objects."""
    if proved is not None:
        return TrialOutcome.UNDECIDED, saying.held_back(read, proved), None
    best = read.leader
    is_sound = all(read.is_watched(best, other) and read.lasts(best, other) for other in read.others(best))
    if is_sound and read.chances and read.chances[best] >= MIN_CHANCE:
        return TrialOutcome.PREFERRED, saying.probably_better(read, best), best
    return TrialOutcome.UNDECIDED, saying.undecided(read, NEED_LIFT, _need(read)), None


def _lacking(read: TrialReading) -> str | None:
    """Say what has to be counted before anything is evidence; None where there is enough."""
    plays = [total.quality_plays for total in read.totals]
    for number, total in enumerate(read.totals):
        if total.quality_plays > total.impressions:
            return saying.too_many_plays(number)
    if min(plays) < evidence.MIN_PLAYS:
        return saying.plays_words(min(plays), evidence.MIN_PLAYS, plays.index(min(plays)))
    for number, filled in enumerate(read.filled):
        if filled < MIN_BUCKETS:
            return saying.few_buckets(filled, MIN_BUCKETS, number)
        if read.rates[number].variance is None:
            return saying.no_variance(number, read.metric)
    return None


def _beats(read: TrialReading, a: int, b: int) -> bool:
    """Tell whether one variant is proved better than another, and neither guard objects."""
    is_proved = evidence.is_proved(read.maxima, (a, b), read.rates, read.alpha)
    return is_proved and read.is_watched(a, b) and read.lasts(a, b)


def _out(read: TrialReading) -> list[int]:
    """Name the variants that another one is better than."""
    return [b for b in read.numbers if any(_beats(read, a, b) for a in read.others(b))]


def _need(read: TrialReading) -> dict[str, Any] | None:
    """Count what it takes to see `NEED_LIFT`; None while the rate is not known."""
    seen = sum(total.impressions for total in read.totals)
    if not seen or read.elapsed_days <= 0:
        return None
    rate = sum(rate.outcomes for rate in read.rates) / seen
    if read.metric is TrialMetric.PLAYS:
        needed = impressions_needed(rate, NEED_LIFT, len(read.rates)) if 0 < rate < 1 else None
    else:
        spreads = [rate.variance * rate.impressions for rate in read.rates if rate.variance]
        mean = sum(spreads) / len(spreads) if spreads else None
        needed = impressions_needed_of_spread(mean, NEED_LIFT, len(read.rates)) if mean else None
    days = round(needed * read.elapsed_days / seen) if needed else None
    return {"impressions": needed, "days": days} if needed else None


def _numbers(read: TrialReading, out: list[int]) -> dict[str, Any]:
    """Write down, for people, all numbers that the verdict was made from."""
    chances = read.chances
    imbalance = read.imbalance
    return {
        "variants": [
            {
                "number": number,
                "impressions": total.impressions,
                "plays": total.plays,
                "quality_plays": total.quality_plays,
                "watch_s": total.watch_s,
                "rate": read.rates[number].rate,
                "is_out": number in out,
                "p_best": chances[number] if chances else None,
            }
            for number, total in enumerate(read.totals)
        ],
        "pairs": [] if _lacking(read) else [pair.in_numbers() for pair in read.pairs()],
        "imbalance": {
            "bayes_factor": reading.factor(imbalance.log_bayes_factor),
            "is_alarm": imbalance.is_alarm,
            "shares": imbalance.shares,
        },
        "days": read.days,
        "need": _need(read),
        "left_out": read.left_out,
        "heavy": read.heavy,
    }
