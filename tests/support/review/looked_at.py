"""An asset that was looked at, as its page shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.service import builders, sample_run
from worker import jobs
from worker.analysis.rows import result_of
from worker.database import transaction
from worker.platforms.base import AssetState, RemoteAsset
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.pipeline.frames import Run

TITLE = "A day <at> the sea"


def looked_at(
    engine: Engine, run: Run | None = None, *, asset_id: str = "a1", minute: int = 0, platform: str = "mux"
) -> None:
    """Let an asset be announced, or edited, and looked at: two picks, three other frames."""
    kind = EventKind.EDITED if minute else EventKind.READY
    builders.record(engine, builders.event(kind, asset_id=asset_id, minute=minute, platform=platform))
    claim = builders.claimed(engine)
    given = run or with_frames(0)
    remote = RemoteAsset(asset_id, AssetState.READY, f"f{minute}", 10.0, TITLE)
    with transaction(engine) as session:
        jobs.complete(session, claim, result_of(given, remote, {}))


def with_frames(count: int) -> Run:
    """Return a run that so many more frames lost in, beside the three of `sample_run`."""
    run = sample_run.run()
    more = tuple(sample_run.loser(1 + 8 * number / count, "outscored") for number in range(count))
    chosen = (sample_run.loser(pick.time_s, "", pick.score).scored for pick in run.picks)
    return replace(run, losers=run.losers + more, chosen=tuple(filter(None, chosen)))
