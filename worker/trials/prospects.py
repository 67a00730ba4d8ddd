"""What a test can be expected to tell, in numbers, before it starts. Nothing of it is stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from worker.database.states import TrialKind
from worker.trials.accounts import traffic
from worker.trials.slots import power
from worker.trials.statistics.need import impressions_needed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.database.models import Asset
    from worker.settings import Settings

# Two pictures of one video differ by 18 % on average (docs/learning.md).
USUAL_LIFT = 0.2
LARGE_LIFT = 0.5
USUAL_NOISE = 0.2  #: between days of the same picture, as the deviation of a log
LEAST_POWER = 0.5  #: at which a large effect is worth the days
# A third variant makes a test much longer, since the winner must be better than both others.
MANY_FROM = 3
IMPRESSIONS_FOR_MANY = 20_000  #: a week
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known of a test before it starts."""

    variants: int
    days: int  #: the longest that it goes on
    rate: float  #: plays for each impression, measured or usual
    daily_impressions: float | None  #: None: nothing is known yet
    is_own: bool  #: measured of this video; False: of its account's videos on average
    kind: TrialKind = TrialKind.VIEWERS

    @property
    def impressions_needed(self) -> int:
        """How many impressions tell apart what differs by 20 %."""
        return impressions_needed(self.rate, USUAL_LIFT, self.variants)

    @property
    def days_needed(self) -> int | None:
        """How many days that takes; None where it is not known how often the video is seen."""
        if self.daily_impressions is None:
            return None
        return math.ceil(self.impressions_needed / max(self.daily_impressions, 1.0))

    @property
    def is_promising(self) -> bool:
        """Whether its time is likely to tell apart what differs by 20 %; False where nothing is known."""
        return self.days_needed is not None and self.days_needed <= self.days

    @property
    def said(self) -> str:
        """The need in a sentence or two; of a test by days, what it can find."""
        if self.kind is TrialKind.SLOTS:
            usual, large = power.prospects(self.days, USUAL_NOISE, self.variants)
            return usual.sentence(large)
        need = f"telling 20 % apart needs about {_about(self.impressions_needed)} impressions"
        if self.daily_impressions is None or self.days_needed is None:
            return f"{need}; how often the video is seen is not known yet"
        of = "this video in the last week" if self.is_own else "its account's videos on average"
        return f"{need}; at {_about(self.daily_impressions)} a day ({of}) that is {self.days_needed:,} days"

    @property
    def objection(self) -> str | None:
        """Why it should not be started; None where nothing speaks against it, as far as is known."""
        if self.kind is TrialKind.SLOTS:
            large = power.power(USUAL_NOISE, self.days, LARGE_LIFT, self.variants)
            return None if large.found >= LEAST_POWER else f"{large.sentence()}: let it go on for longer"
        if self.variants >= MANY_FROM and self._weekly < IMPRESSIONS_FOR_MANY:
            known = "not known" if self.daily_impressions is None else f"about {_about(self._weekly)}"
            return (
                f"{self.variants} pictures need about {IMPRESSIONS_FOR_MANY:,} impressions a week, and the"
                f" video's are {known}: compare two"
            )
        needed = impressions_needed(self.rate, LARGE_LIFT, self.variants)
        if self.daily_impressions is not None and self.daily_impressions * self.days < needed:
            return (
                f"in {self.days} days it is seen about {_about(self.daily_impressions * self.days)} times,"
                f" and even telling 50 % apart needs about {_about(needed)}: choose the picture yourself"
            )
        return None

    @property
    def _weekly(self) -> float:
        return (self.daily_impressions or 0.0) * _WEEK_DAYS


def prospect(
    session: Session,
    asset: Asset,
    settings: Settings,
    *,
    count: int = 2,
    days: int | None = None,
    kind: TrialKind = TrialKind.VIEWERS,
) -> Prospect:
    """Tell what a test of an asset can be expected to tell.

    Args:
        session: any.
        asset: the video.
        settings: with the usual longest time.
        count: how many variants.
        days: the longest that it goes on; None: TEST_DAYS.
        kind: who would see which variant.
    """
    own = traffic.of_asset(session, asset)
    known = own or traffic.of_account(session, asset.platform, asset.account)
    told = expected(known, count, days or settings.test_days, is_own=own is not None)
    return replace(told, kind=kind)


def expected(known: traffic.Traffic | None, count: int, days: int, *, is_own: bool = False) -> Prospect:
    """Tell what a test can be expected to tell where a video is seen so often; None: not known."""
    rate = traffic.USUAL_RATE if known is None else known.rate
    return Prospect(count, days, rate, None if known is None else known.daily_impressions, is_own)


def _about(number: float) -> str:
    """Write a number with two digits that count, e.g. 65,000."""
    if number < 1:
        return "0"
    digits = max(0, math.floor(math.log10(number)) - 1)
    return f"{round(number / 10**digits) * 10**digits:,}"
