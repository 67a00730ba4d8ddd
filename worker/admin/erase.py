"""Remove everything of an asset because an operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker.admin.find import asset_name
from worker.database import transaction
from worker.database.models import Asset
from worker.inbox import erasure

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


class Erasure(NamedTuple):
    """What was removed of an asset."""

    asset: str  #: as in mux/main/ASSETID
    removed: dict[str, int]  #: how many rows of each kind


def erase_asset(
    engine: Engine, asset_id: int, who: str, why: str, on_progress: Callable[[int, int | None], None]
) -> Erasure:
    """Remove everything of an asset: at once what belongs to it, then what else in the inbox names it.

    Where this is interrupted, it can be run again.

    Args:
        engine: the database.
        asset_id: number of the asset's row.
        who: wants it, for the record.
        why: for the record; may be empty.
        on_progress: called with how many parts of the inbox were looked through, and how many there are.
    """
    with transaction(engine) as session:
        asset = session.get_one(Asset, asset_id, with_for_update=True)
        removed = erasure.erase(session, asset, who, why)
    with transaction(engine) as session:
        parts = list(erasure.inbox_ranges(session))
    for number, part in enumerate(parts, start=1):  # one transaction each, so that no webhook waits for all
        with transaction(engine) as session:
            removed["events"] += erasure.erase_unlinked(session, asset, part)
        on_progress(number, len(parts))
    return Erasure(asset_name(asset), removed)
