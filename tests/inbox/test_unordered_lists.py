"""A list in another order than that of changes is read to its end: what is new may stand anywhere in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.platforms.simulated_account import clip, simulated
from tests.support.service import builders
from worker.database.models import Asset
from worker.inbox.reconcile import ReconcileStatus, reconcile
from worker.platforms.shared.pagination import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

DAY_S = 86_400


def test_what_is_new_is_found_behind_pages_of_old_objects(engine: Engine, tmp_path: Path) -> None:
    """And only that is recorded, where only what is new is asked for."""
    now = datetime.now(UTC)
    with simulated("s3") as (vendor, ours):
        media = clip(tmp_path)
        keys = sorted(vendor.upload(media) for _ in range(PAGE_SIZE + 2))
        for key in keys[:-1]:
            vendor.library.change(key, created_at=int(now.timestamp()) - 9 * DAY_S)

        *_, last = reconcile(engine, ours, builders.make_settings(), since=now - timedelta(days=1))

    assert last.counts == {ReconcileStatus.MISSED: 1}
    assert [asset.external_id for asset in builders.every(engine, Asset)] == keys[-1:]
