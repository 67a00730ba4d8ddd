"""What is said of a test, and the numbers that it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from worker.database.states import TrialMetric, TrialOutcome
    from worker.trials.sums import Sums


@dataclass(frozen=True, slots=True)
class Counted:
    """All that a verdict on a test with drawn viewers is made from."""

    ranges: tuple[tuple[int, int], ...]  #: of buckets, one for each variant, as `assignment.bucket_ranges`
    buckets: Mapping[int, Sums]  #: of the whole test
    days: Mapping[date, tuple[Sums, ...]]  #: for each variant, UTC
    metric: TrialMetric
    alpha: float  #: how often a false winner may be found
    tau: float  #: how far apart two pictures are expected to be, as a log of rates
    started_at: datetime
    now: datetime
    ends_at: datetime
    evidence: Mapping[str, Any]  #: that of the look before; empty at the first


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """What is known of a test by now."""

    outcome: TrialOutcome | None  #: None: it goes on
    said: str  #: a sentence for people
    numbers: dict[str, Any]  #: of each variant and each pair, for people
    evidence: dict[str, Any]  #: for the next look
    winner: int | None = None  #: the number of the variant that won, or is preferred
