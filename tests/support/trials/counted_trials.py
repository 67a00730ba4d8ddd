"""Tests of variants as rows, and what browsers tell of them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from worker.database import transaction
from worker.database.models import Asset
from worker.database.states import TrialKind, TrialMetric, TrialOutcome, TrialState
from worker.database.trials import CountInbox, Trial, Variant
from worker.trials.assignment import bucket_ranges
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: A browser's.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


def running_test(engine: Engine, asset: str = "a1", *, variants: int = 2, **values: Any) -> int:
    """Store an asset with a test that runs; return the test's id."""
    with transaction(engine) as session:
        row = Asset(platform="mux", account="main", external_id=asset, fingerprint="f1")
        session.add(row)
        session.flush()
        given = {
            "kind": TrialKind.VIEWERS,
            "metric": TrialMetric.PLAYS,
            "aspect": "16:9",
            "fingerprint": "f1",
            "salt": "00112233445566aa",
            "alpha": 0.05,
            "tau": 0.2,
            "started_by": "anna@example.com",
            "ends_at": datetime.now(UTC) + timedelta(days=28),
            **values,
        }
        trial = Trial(asset_id=row.id, **given)
        session.add(trial)
        session.flush()
        for number, (start, end) in enumerate(bucket_ranges(variants)):
            of = {"trial_id": trial.id, "number": number, "bucket_from": start, "bucket_to": end}
            session.add(Variant(**of, sha256=f"{number}" * 64, time_s=1.0, model="lite"))
        return trial.id


def end_test(engine: Engine, trial_id: int) -> None:
    """Note that a test has ended."""
    with transaction(engine) as session:
        ended = {"state": TrialState.ENDED, "outcome": TrialOutcome.STOPPED, "ended_at": datetime.now(UTC)}
        session.execute(update(Trial).where(Trial.id == trial_id).values(ended))


def hand_over(engine: Engine, trial_id: int, bucket: int, *, at: datetime | None = None, **sums: Any) -> None:
    """Put sums into the inbox, as a process of the beacon does."""
    with transaction(engine) as session:
        more = {} if at is None else {"at": at}
        session.add(CountInbox(trial_id=trial_id, bucket=bucket, **Sums(**sums)._asdict(), **more))


def told(*events: list[Any], name: str | None = None) -> bytes:
    """Write a batch of events, under an id of its own unless one is given."""
    return json.dumps({"v": 1, "id": name or str(uuid.uuid4()), "events": events}).encode()
