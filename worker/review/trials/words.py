"""Says in words what a test found; the pages and the JSON interface use the same ones."""

from __future__ import annotations

from worker.database.states import TrialKind, TrialMetric, TrialOutcome

OUTCOMES = {
    TrialOutcome.WINNER: "Winner",
    TrialOutcome.ALIKE: "Alike",
    TrialOutcome.PREFERRED: "Probably better, not proved",
    TrialOutcome.UNDECIDED: "Undecided",
    TrialOutcome.CHOICE: "A person chose",
    TrialOutcome.CONTENT: "The video changed",
    TrialOutcome.DELETED: "Deleted",
    TrialOutcome.FOREIGN: "Set elsewhere",
    TrialOutcome.BROKEN: "Not shown as drawn",
    TrialOutcome.STOPPED: "Stopped",
}

KINDS = {
    TrialKind.VIEWERS: "each viewer always sees the same picture",
    TrialKind.SLOTS: "the platform shows one picture a day",
}

METRICS = {
    TrialMetric.PLAYS: "plays for each time that the picture was seen",
    TrialMetric.WATCH: "seconds watched for each time that the picture was seen",
}

_TENFOLD = 0.1  # from 10 % on, a decimal says nothing


def rate_words(rate: float, metric: str) -> str:
    """Write what is compared: a share as "5.3 %", or seconds as "12.4 s"."""
    if metric == TrialMetric.WATCH:
        return f"{rate:.1f}\N{NO-BREAK SPACE}s"
    return f"{100 * rate:.{0 if rate >= 1 else 1}f}\N{NO-BREAK SPACE}%"


def share_words(share: float) -> str:
    """Write a share of a whole, as "50.4 %"."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def lift_words(lift: float) -> str:
    """Write how much better something is, with its sign: "+18 %", "\N{MINUS SIGN}2.4 %"."""
    sign = "+" if lift > 0 else "\N{MINUS SIGN}" if lift < 0 else "\N{PLUS-MINUS SIGN}"
    return sign + distance_words(lift)


def distance_words(lift: float) -> str:
    """Write how far apart two rates are, without the sign: "18 %"."""
    return f"{100 * abs(lift):,.{1 if abs(lift) < _TENFOLD else 0}f}\N{NO-BREAK SPACE}%"


def count_words(count: int, one: str) -> str:
    """Write a number of things: "1 impression", "4,210 impressions"."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def about_words(count: int) -> str:
    """Write an estimate with two digits that count: "49,000"."""
    return f"{round(count, 2 - len(str(count))):,}"


def printed(text: str) -> str:
    """Write a sentence as it is printed: with minus signs, and each number and its unit on one line."""
    return text.replace(" -", " \N{MINUS SIGN}").replace(" %", "\N{NO-BREAK SPACE}%")


def as_sentence(text: str) -> str:
    """Write what was found as a sentence: with a capital, and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
