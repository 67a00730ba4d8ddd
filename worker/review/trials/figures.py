"""What a test's newest look found, in figures that a page can show; before the first one, what was counted.

Buckets of viewers are never among them, and neither is a day on which too few were counted to be nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from worker.database.states import TrialMetric
from worker.database.trials import TrialDay
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from worker.database.trials import Trial

LEAST_SHOWN = 5  #: impressions of a day's variant; fewer might be one person's
MOST_DAYS = 200  #: more than a test can last

_SUMS = (
    TrialDay.impressions,
    TrialDay.plays,
    TrialDay.quality_plays,
    TrialDay.watch_s,
    TrialDay.watch_s2,
)


class VariantFigures(NamedTuple):
    """What was counted of one variant."""

    impressions: int | None = None  #: None: a platform that counts views only
    plays: int | None = None  #: watched for a while; of such a platform, views
    rate: float | None = None  #: of what is compared; None: too little was counted
    is_out: bool = False  #: whether another one is proved to be better
    p_best: float | None = None  #: how probable it is that it is the best
    a_day: float | None = None  #: views of a day, where a platform shows one picture a day


class DayFigures(NamedTuple):
    """A day of the test, UTC."""

    day: date
    figures: tuple[VariantFigures, ...]  #: of each variant; without a rate where too little was counted


class ImbalanceFigures(NamedTuple):
    """Whether each variant was shown as often as was drawn."""

    is_alarm: bool
    shares: tuple[float, ...]  #: of the impressions, for each variant


class SampleSize(NamedTuple):
    """What it takes to tell pictures apart."""

    impressions: int | None  #: None: it is a test by days
    days: int | None  #: at the present traffic; None: not known


@dataclass(frozen=True, slots=True)
class LookFigures:
    """All of a look that people see."""

    variants: Mapping[int, VariantFigures] = field(default_factory=dict)  #: by number
    imbalance: ImbalanceFigures | None = None
    need: SampleSize | None = None
    pairs: Sequence[dict[str, Any]] = ()
    left_out: int = 0  #: groups of viewers whose counts are in no figure

    @property
    def impressions(self) -> int:
        """Those of all variants."""
        return sum(one.impressions or 0 for one in self.variants.values())


def read_figures(numbers: Mapping[str, Any]) -> LookFigures:
    """Read the numbers of a look; what is missing is not shown."""
    variants = {one["number"]: _figure(one) for one in numbers.get("variants") or ()}
    is_counted = any(one.impressions for one in variants.values())
    return LookFigures(
        variants,
        _imbalance(numbers.get("imbalance") or {}) if is_counted else None,
        _need(numbers.get("need") or {}),
        numbers.get("pairs") or (),
        numbers.get("left_out") or 0,
    )


def _figure(one: Mapping[str, Any]) -> VariantFigures:
    plays = one.get("quality_plays", one.get("views"))
    impressions = one.get("impressions")
    return VariantFigures(
        impressions,
        plays,
        None if impressions == 0 else one.get("rate"),
        bool(one.get("is_out")),
        one.get("p_best"),
        one.get("a_day"),
    )


def _imbalance(told: Mapping[str, Any]) -> ImbalanceFigures | None:
    shares = told.get("shares")
    return ImbalanceFigures(bool(told.get("is_alarm")), tuple(shares)) if shares else None


def _need(told: Mapping[str, Any]) -> SampleSize | None:
    need = SampleSize(told.get("impressions"), told.get("days"))
    return need if any(need) else None


def read_days(session: Session, trial: Trial, variants: int) -> list[DayFigures]:
    """Read the days on which something was counted, the newest first."""
    rows = session.execute(
        select(TrialDay.day, TrialDay.variant, *_SUMS)
        .where(TrialDay.trial_id == trial.id)
        .order_by(TrialDay.day.desc())
        .limit(MOST_DAYS * variants)
    )
    days: dict[date, dict[int, Sums]] = {}
    for day, number, *sums in rows:
        days.setdefault(day, {})[number] = Sums._make(sums)
    return [
        DayFigures(day, tuple(_of_day(found.get(number, Sums()), trial.metric) for number in range(variants)))
        for day, found in days.items()
    ]


def _of_day(sums: Sums, metric: str) -> VariantFigures:
    if sums.impressions < LEAST_SHOWN:
        return VariantFigures()
    return VariantFigures(sums.impressions, sums.quality_plays, rate_of(sums, metric))


def rate_of(sums: Sums, metric: str) -> float | None:
    """Divide what a test compares by the impressions; None where there are none."""
    counted = sums.watch_s if metric == TrialMetric.WATCH else sums.quality_plays
    return counted / sums.impressions if sums.impressions else None


def count_by_now(session: Session, trial: Trial) -> int:
    """Count the impressions of all variants."""
    of_all = select(func.coalesce(func.sum(TrialDay.impressions), 0)).where(TrialDay.trial_id == trial.id)
    return int(session.scalars(of_all).one())
