"""A test that runs, as it looks after two weeks: made-up viewers of a real clip, judged as all tests are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sqlalchemy import select

from tests.support.review import decided, tested
from tests.support.review.stored_videos import Seed, store
from worker.database import NOW, transaction
from worker.database.trials import Trial, TrialCount, TrialDay
from worker.trials.assignment import BUCKETS, bucket_ranges
from worker.trials.looking import look_at

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray
    from sqlalchemy import Engine

VIDEO = Seed("Brussels by bike: waiting for green", length_s=412, first=120, count=30)
STARTED_BY = "ben@example.com"
RATES = (0.062, 0.072)  #: truly: the second picture is better by 16 %
DAYS = 13.4
VIEWS_A_DAY = 1380
WEEK = (0.98, 1.02, 1.04, 1.0, 0.96, 0.78, 0.84)  #: from Monday on
ACTIVITY = 0.15  #: how unlike viewers are in how often they come
WATCHED_S = 96.0  #: of a play, on average
SEED = 11


class BucketCounts(NamedTuple):
    """What the viewers of each bucket did; (buckets,) each."""

    impressions: NDArray[np.int64]
    plays: NDArray[np.int64]
    quality_plays: NDArray[np.int64]
    watch_s: NDArray[np.float64]
    watch_s2: NDArray[np.float64]

    def of(self, begin: int, end: int) -> dict[str, float]:
        """Add up some buckets, for a row."""
        return {name: column[begin:end].sum().item() for name, column in self._asdict().items()}


def add(engine: Engine) -> int:
    """Store a video and its test, and look at the test; return its id."""
    rng = np.random.default_rng(SEED)
    trial_id = tested.add_test(engine, store(engine, VIDEO), age_days=DAYS, started_by=STARTED_BY)
    activity = rng.gamma(ACTIVITY**-2, ACTIVITY**2, BUCKETS)
    with transaction(engine) as session:
        today = session.scalars(select(NOW)).one().date()
        days = {day: day_of(rng, activity, day) for day in (today - timedelta(back) for back in range(1, 14))}
        for day, counts in days.items():
            for variant, ends in enumerate(bucket_ranges(len(RATES))):
                session.add(TrialDay(trial_id=trial_id, day=day, variant=variant, **counts.of(*ends)))
        all_days = BucketCounts(*(sum(columns) for columns in zip(*days.values(), strict=True)))
        for bucket in range(BUCKETS):
            session.add(TrialCount(trial_id=trial_id, bucket=bucket, **all_days.of(bucket, bucket + 1)))
    with transaction(engine) as session:
        look_at(session, session.get_one(Trial, trial_id), decided.configured())
    return trial_id


def day_of(rng: np.random.Generator, activity: NDArray[np.float64], day: date) -> BucketCounts:
    """Make up a day."""
    views = VIEWS_A_DAY * WEEK[day.weekday()] * activity / BUCKETS
    impressions = rng.poisson(views)
    rates = np.repeat(RATES, BUCKETS // len(RATES))
    quality_plays = rng.binomial(impressions, rates)
    plays = np.minimum(quality_plays + rng.binomial(impressions, rates / 4), impressions)
    watch_s = quality_plays * rng.gamma(4.0, WATCHED_S / 4.0, BUCKETS)
    return BucketCounts(impressions, plays, quality_plays, watch_s, watch_s**2)
