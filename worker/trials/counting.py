"""Keeps what viewers did: sums of each bucket, and of each variant and day. Nothing else is known of viewers.

What browsers tell waits in an inbox, and is merged by the dispatcher; what servers have counted themselves is
added at once. The two, and all dispatchers, take turns at the sums.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Date, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from worker import metrics
from worker.database import NOW, transaction
from worker.database.states import TrialKind, TrialState
from worker.database.trials import CountDelivery, Trial, TrialCount, TrialDay, Variant
from worker.errors import IdReused, MalformedPayload
from worker.trials.merge_statement import FORGET, MERGE
from worker.trials.slots.told import ToldDay, tell_day
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

BATCH_ROWS = 10_000
# A play is handed over at most 5 s after it was made, and its impression, made before it, at most 5 s after
# that: what is older than this has all that came before it in the inbox, too, whichever process counted it.
SETTLED_S = 6.0
# Of deliveries: senders of Standard Webhooks try again for three days.
DELIVERIES_KEPT_DAYS = 7

_TURN = 0x7472_6961_6C73  # of the advisory lock: any number that nothing else of ours uses


class BucketCount(NamedTuple):
    """What a server has counted in one bucket."""

    where: str  #: its place in the message, for errors
    trial_id: int
    bucket: int
    sums: Sums


def merge_inbox(engine: Engine, longest_s: float) -> int:
    """Merge what waits in the inbox, batch by batch, until it is empty or time is up.

    Returns:
        How many rows of it were merged.
    """
    ends_at = time.monotonic() + longest_s
    merged = 0
    while time.monotonic() < ends_at:
        with transaction(engine) as session:
            count = merge(session, BATCH_ROWS)
        merged += count
        if count < BATCH_ROWS:
            break
    with transaction(engine) as session:
        session.execute(FORGET, {"days": DELIVERIES_KEPT_DAYS})
    return merged


def merge(session: Session, most: int, settled_s: float = SETTLED_S) -> int:
    """Take rows from the inbox and add them to the sums; those of no running test are dropped.

    Nobody can be recognised, so what no viewer can have done is found in the sums of the bucket: plays beyond
    its impressions are dropped, quality plays beyond its plays, and seconds where nobody played. Nothing is
    done while another dispatcher merges.

    Args:
        session: whose transaction the caller commits.
        most: rows.
        settled_s: how old they must be.

    Returns:
        How many were taken.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_TURN))):
        return 0
    done = session.execute(MERGE, {"most": most, "settled_s": settled_s}).one()
    dropped = {"play": done.plays, "quality_play": done.quality_plays, "watch": done.watches}
    for kind, number in dropped.items():
        if number:
            metrics.BEACON_EVENTS.labels(kind, "order").inc(float(number))
    return int(done.taken)


def add(
    session: Session, delivery_id: str, counts: Sequence[BucketCount] = (), days: Sequence[ToldDay] = ()
) -> bool:
    """Add what a server has counted, once for each delivery.

    Args:
        session: whose transaction the caller commits.
        delivery_id: its `webhook-id`.
        counts: of tests that draw viewers; several of one bucket add up.
        days: of tests by days; of several of one day the last one counts.

    Returns:
        False where it was added before.

    Raises:
        IdReused: something else was added under this id.
        MalformedPayload: a test is unknown or has ended, or nothing can be told of a day; the message says
            which.
    """
    digest = hashlib.sha256(repr([one[1:] for one in (*counts, *days)]).encode()).hexdigest()
    new = insert(CountDelivery).values(delivery_id=delivery_id, digest=digest).on_conflict_do_nothing()
    if session.scalar(new.returning(CountDelivery.delivery_id)) is None:
        before = session.scalar(select(CountDelivery.digest).where(CountDelivery.delivery_id == delivery_id))
        if before != digest:
            raise IdReused("other counts came under this webhook-id; give each delivery an id of its own")
        return False
    # In the same order in all deliveries, so that no two of them wait for each other.
    for one in sorted(days, key=lambda told: (told.trial_id, told.day)):
        tell_day(session, one)
    if counts:
        _add_counts(session, counts)
    return True


def _add_counts(session: Session, counts: Sequence[BucketCount]) -> None:
    """Add to the sums of buckets, and to those of the variants' days."""
    variants = _variants(session, counts)
    session.scalar(select(func.pg_advisory_xact_lock(_TURN)))
    _upsert(session, TrialCount, {}, _summed(((one.trial_id, one.bucket), one.sums) for one in counts))
    today = cast(func.timezone("UTC", NOW), Date)
    of_variants = _summed(zip(variants, (one.sums for one in counts), strict=True))
    _upsert(session, TrialDay, {"day": today}, of_variants)


def read_buckets(session: Session, trial_id: int) -> dict[int, Sums]:
    """Read the sums of each bucket of which anything was counted."""
    rows = session.scalars(select(TrialCount).where(TrialCount.trial_id == trial_id))
    return {row.bucket: _as_sums(row) for row in rows}


def read_days(session: Session, trial_id: int) -> dict[date, tuple[Sums, ...]]:
    """Read the sums of each variant, by number, for each day (UTC) on which anything was counted."""
    variants = session.scalar(select(func.count()).where(Variant.trial_id == trial_id)) or 0
    days: dict[date, list[Sums]] = {}
    of_trial = select(TrialDay).where(TrialDay.trial_id == trial_id).order_by(TrialDay.day)
    for row in session.scalars(of_trial):
        days.setdefault(row.day, [Sums()] * variants)[row.variant] = _as_sums(row)
    return {day: tuple(sums) for day, sums in days.items()}


def _variants(session: Session, counts: Sequence[BucketCount]) -> list[tuple[int, int]]:
    """Find of each count its test and variant, or refuse."""
    ids = {one.trial_id for one in counts}
    found = session.execute(select(Trial.id, Trial.state, Trial.kind).where(Trial.id.in_(ids)))
    trials = {row.id: row for row in found}
    ranges = session.execute(
        select(Variant.trial_id, Variant.number, Variant.bucket_from, Variant.bucket_to).where(
            Variant.trial_id.in_(ids)
        )
    ).all()
    of = {(row.trial_id, b): row.number for row in ranges for b in range(row.bucket_from, row.bucket_to)}
    for one in counts:
        where, number, trial = one.where, one.trial_id, trials.get(one.trial_id)
        if trial is None:
            raise MalformedPayload(f"`{where}.test`: there is no test {number}; the manifest has its id")
        if trial.state != TrialState.RUNNING:
            raise MalformedPayload(f"`{where}.test`: test {number} has ended, and counts no more")
        if trial.kind != TrialKind.VIEWERS:
            raise MalformedPayload(f"`{where}.test`: test {number} compares days: tell its `day` and `views`")
        if (number, one.bucket) not in of:
            raise MalformedPayload(f"`{where}.bucket`: no variant of test {number} has it")
    return [(one.trial_id, of[one.trial_id, one.bucket]) for one in counts]


def _summed(parts: Iterable[tuple[tuple[int, int], Sums]]) -> dict[tuple[int, int], Sums]:
    sums: dict[tuple[int, int], Sums] = {}
    for place, more in parts:
        sums[place] = sums.get(place, Sums()).plus(more)
    return sums


def _upsert(
    session: Session,
    table: type[TrialCount | TrialDay],
    same: dict[str, Any],
    sums: dict[tuple[int, int], Sums],
) -> None:
    """Add sums to those of a table, whose keys are a test, and a bucket or a variant."""
    second = "bucket" if table is TrialCount else "variant"
    rows = [
        {"trial_id": trial_id, second: number, **same, **more._asdict()}
        for (trial_id, number), more in sorted(sums.items())
    ]
    new = insert(table).values(rows)
    added = {name: getattr(table, name) + new.excluded[name] for name in Sums._fields}
    session.execute(new.on_conflict_do_update(index_elements=["trial_id", *same, second], set_=added))


def _as_sums(row: TrialCount | TrialDay) -> Sums:
    return Sums(*(getattr(row, name) for name in Sums._fields))
