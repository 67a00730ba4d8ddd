"""Tests of pictures as they stand in the database, and heads that were learned, for pages to show."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tests.support.review import decided
from worker.database import NOW, transaction
from worker.database.learning import Head
from worker.database.models import Asset, Thumbnail
from worker.database.states import HeadState, TrialKind, TrialMetric, TrialOutcome, TrialState
from worker.database.trials import Slot, Trial, TrialCount, TrialDay, TrialLook, Variant
from worker.trials.assignment import bucket_ranges

if TYPE_CHECKING:
    from sqlalchemy import Engine

SAID = "the second picture is better: +18 % plays, surely between +6 % and +31 %"
COUNTING = "counting: 61 of 100 plays for the first picture"


def with_two_pictures(engine: Engine, platform: str = "mux") -> int:
    """Let an asset be picked at 1.5 s and 8 s, with pictures that do not look alike; return its id."""
    asset_id = decided.looked_at(engine, platform)
    with transaction(engine) as session:
        for picture in session.scalars(select(Thumbnail).where(Thumbnail.asset_id == asset_id)):
            picture.embedding, picture.sha256 = None, f"{picture.rank:064}"
    return asset_id


def add_test(engine: Engine, asset_id: int, *, variants: int = 2, age_days: float = 9, **values: Any) -> int:
    """Store a test of an asset's first pictures, which runs unless an outcome is given; return its id."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, asset_id)
        now = session.scalars(select(NOW)).one()
        ended = (
            {"state": TrialState.ENDED, "ended_at": now - timedelta(hours=2)} if "outcome" in values else {}
        )
        given = {
            "fingerprint": asset.fingerprint,
            "aspect": "16:9",
            "kind": TrialKind.VIEWERS,
            "metric": TrialMetric.PLAYS,
            "salt": "0123456789abcdef",
            "alpha": 0.05,
            "tau": 0.2,
            "started_by": "anna@example.com",
            "started_at": now - timedelta(days=age_days),
            "ends_at": now + timedelta(days=28 - age_days),
            **ended,
            **values,
        }
        trial = Trial(asset_id=asset_id, **given)
        session.add(trial)
        session.flush()
        of_asset = select(Thumbnail).where(Thumbnail.asset_id == asset_id).order_by(Thumbnail.rank)
        pictures: list[Thumbnail | None] = list(session.scalars(of_asset.limit(variants)))
        pictures += [None] * (variants - len(pictures))
        for number, (picture, ends) in enumerate(zip(pictures, bucket_ranges(variants), strict=True)):
            session.add(
                Variant(
                    trial_id=trial.id,
                    number=number,
                    thumbnail_id=picture and picture.id,
                    sha256=picture.sha256 if picture else "",
                    time_s=picture.time_s if picture else 0.0,
                    bucket_from=ends[0],
                    bucket_to=ends[1],
                    model="lite",
                )
            )
        if given.get("outcome") in {TrialOutcome.WINNER, TrialOutcome.PREFERRED, TrialOutcome.UNDECIDED}:
            asset.test_decided_at = given["ended_at"]
        return trial.id


def numbers(**values: Any) -> dict[str, Any]:
    """Return what a look found: B is better than A."""
    return {
        "variants": [
            {"number": 0, "impressions": 21050, "plays": 1180, "quality_plays": 1116, "rate": 0.053},
            {"number": 1, "impressions": 20890, "plays": 1355, "quality_plays": 1307, "rate": 0.0626},
        ],
        "pairs": [
            {"a": 0, "b": 1, "lift": -0.153, "low": -0.237, "high": -0.057, "evidence": 0.1, "needed": 20},
            {"a": 1, "b": 0, "lift": 0.18, "low": 0.06, "high": 0.31, "evidence": 31.2, "needed": 20},
        ],
        "imbalance": {"bayes_factor": 0.02, "is_alarm": False, "shares": [0.502, 0.498]},
        "days": 9,
        "need": None,
        "left_out": 0,
        **values,
    }


def add_look(engine: Engine, trial_id: int, said: str = SAID, **values: Any) -> None:
    """Store what was found of a test just now."""
    with transaction(engine) as session:
        found = values.pop("numbers", None) or numbers()
        look = {"numbers": found, "evidence": {}, "verdict": "counting", "said": said, **values}
        session.add(TrialLook(trial_id=trial_id, **look))


def add_days(engine: Engine, trial_id: int, impressions: tuple[int, ...], days: int = 1) -> None:
    """Store what was counted on some days: of each variant so many impressions, a twentieth of them plays."""
    with transaction(engine) as session:
        for back in range(days):
            for variant, seen in enumerate(impressions):
                session.add(
                    TrialDay(
                        trial_id=trial_id,
                        day=date(2026, 11, 29) - timedelta(days=back),
                        variant=variant,
                        impressions=seen - 7 * back,
                        plays=seen // 16,
                        quality_plays=max(0, seen // 20 + (back * 5 + variant * 9) % 13 - 4),
                        watch_s=3.0 * seen,
                        watch_s2=9.0 * seen,
                    )
                )


def add_bucket(engine: Engine, trial_id: int, bucket: int, impressions: int) -> None:
    """Store what the viewers of one bucket did."""
    with transaction(engine) as session:
        session.add(TrialCount(trial_id=trial_id, bucket=bucket, impressions=impressions))


def add_slots(engine: Engine, trial_id: int) -> None:
    """Store four days: one that does not count, one that is not read yet."""
    with transaction(engine) as session:
        now = session.scalars(select(NOW)).one()
        for number, (views, why) in enumerate(
            ((310, ""), (402, ""), (None, "the write came too late"), (None, ""))
        ):
            session.add(
                Slot(
                    trial_id=trial_id,
                    number=number,
                    variant=number % 2,
                    from_at=now - timedelta(days=5 - number),
                    to_at=now - timedelta(days=4 - number),
                    views=views,
                    is_void=bool(why),
                    why=why,
                )
            )


REPORT: dict[str, Any] = {
    "is_passed": True,
    "says": "better than what is in use; proved by viewers in tests",
    "proved_on": "tests",
    "rules": [
        {
            "name": "value",
            "demand": "the lower 99 % bound is above 0, over at least 30 videos",
            "says": "+6.8 %, at least +2.1 %, over 122 videos",
            "is_met": True,
            "numbers": {"gain": 0.068, "low": 0.021, "videos": 122},
        },
        {
            "name": "calibration",
            "demand": "the slope is from 0.5 to 2",
            "says": "the slope is 0.91",
            "is_met": False,
            "numbers": {"slope": 0.91},
        },
    ],
}


def add_head(engine: Engine, state: HeadState = HeadState.PASSED, **values: Any) -> int:
    """Store a learned head of all accounts; return its id."""
    with transaction(engine) as session:
        given = {
            "model": "lite",
            "trained_on": {"videos": 408},
            "report": REPORT,
            "arrays": b"npz",
            "who": "ops@example.com",
            **values,
        }
        head = Head(state=state, **given)
        session.add(head)
        session.flush()
        return head.id
