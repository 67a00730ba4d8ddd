"""An asset that was looked at, as its page shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

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

_COPY = """
INSERT INTO candidates (asset_id, generation, shot, score, parts, lost_because, jpeg, time_s)
SELECT asset_id, generation, shot, score, parts, lost_because, jpeg, number * 0.009
FROM (SELECT * FROM candidates ORDER BY id DESC LIMIT 1) AS one, generate_series(1, :count) AS number
"""


def looked_at(
    engine: Engine,
    run: Run | None = None,
    *,
    asset_id: str = "a1",
    minute: int = 0,
    platform: str = "mux",
    chosen_s: float | None = None,
) -> None:
    """Let an asset be announced, or edited, and looked at: two picks, three other frames, or another run."""
    kind = EventKind.EDITED if minute else EventKind.READY
    builders.record(engine, builders.event(kind, asset_id=asset_id, minute=minute, platform=platform))
    claim = builders.claimed(engine)
    remote = RemoteAsset(asset_id, AssetState.READY, f"f{minute}", 10.0, TITLE)
    with transaction(engine) as session:
        jobs.complete(session, claim, result_of(run or sampled(), remote, {}, chosen_s=chosen_s))


def sampled() -> Run:
    """Return `sample_run` with what its picks were before their stills were taken."""
    run = sample_run.run()
    chosen = (sample_run.loser(pick.time_s, "", pick.score).scored for pick in run.picks)
    return replace(run, chosen=tuple(filter(None, chosen)))


def flagged() -> Run:
    """Return the same, with every pick flagged as unsafe."""
    run = sampled()
    return replace(run, picks=tuple(replace(pick, reasons=("unsafe", *pick.reasons)) for pick in run.picks))


def add_frames(engine: Engine, count: int) -> None:
    """Let so many more frames have been looked at; they are copies of one."""
    with transaction(engine) as session:
        session.execute(text(_COPY), {"count": count})
