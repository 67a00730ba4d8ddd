"""What a job finds of a video whose frames were all measured: three picks, and two frames that lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.support.service import builders
from worker import jobs
from worker.choices import CHOSEN_RANK
from worker.database import transaction
from worker.database.models import StoredCandidate, Thumbnail
from worker.pipeline.earlier_run import encode_embedding
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.timeline import Timeline

SIGHT = "lite #1 abc"
PICKS_S, LOSERS_S = (1.0, 5.0, 9.0), (3.0, 7.0)
PICTURE = {
    "aspect": "16:9",
    "box": [0, 0, 16, 9],
    "width_px": 16,
    "height_px": 9,
    "jpeg": builders.JPEG,
    "sha256": "ab" * 32,
}


def embedding(time_s: float) -> bytes:
    """Return the vector that a frame of this moment has, unlike that of any other."""
    return encode_embedding(np.array([math.cos(time_s), math.sin(time_s)], np.float32))


def measured(time_s: float, sight: str | None) -> dict[str, Any]:
    """Return the columns that say what a frame was measured to be; none without a model."""
    if sight is None:
        return {"model": "lite"}
    return {
        "embedding": embedding(time_s),
        "cues": {"sharpness": 0.5},
        "hand_score": 10 - time_s,
        "model": sight,
    }


def thumbnail(rank: int, time_s: float, sight: str | None, **values: Any) -> Thumbnail:
    """Return a pick, or what a run cut at a chosen moment."""
    row = PICTURE | measured(time_s, sight) | values
    return Thumbnail(rank=rank, time_s=time_s, score=10 - time_s, parts={}, reasons=[], faces=[], **row)


def candidate(time_s: float, lost_because: str | None) -> StoredCandidate:
    """Return a frame of the filmstrip."""
    return StoredCandidate(
        time_s=time_s,
        shot=0,
        score=10 - time_s,
        parts={},
        lost_because=lost_because,
        embedding=embedding(time_s),
        cues={"sharpness": 0.5},
        model=SIGHT,
        jpeg=builders.SMALL_JPEG,
    )


def result(
    fingerprint: str = "f1",
    picks_s: tuple[float, ...] = PICKS_S,
    losers_s: tuple[float, ...] = LOSERS_S,
    *,
    sight: str | None = SIGHT,
    cut_s: float | None = None,
    **values: Any,
) -> jobs.Result:
    """Return what a job found.

    Args:
        fingerprint: of the content.
        picks_s: the picks' moments, best first; each has a wide and a square picture.
        losers_s: moments of frames that were scored and lost.
        sight: the model that judged; None: an old version, which kept nothing of what the picks were.
        cut_s: the moment that a person chose, where the run has cut and measured it.
        **values: of `jobs.Result`.
    """
    shown = [
        thumbnail(rank, time_s, sight, aspect=aspect)
        for rank, time_s in enumerate(picks_s, start=1)
        for aspect in ("16:9", "1:1")
    ]
    cut = [] if cut_s is None else [thumbnail(CHOSEN_RANK, cut_s, sight)]
    candidates = [candidate(time_s, None) for time_s in picks_s]
    candidates += [candidate(time_s, "outscored") for time_s in losers_s]
    return jobs.Result(fingerprint, shown + cut, candidates, shown[0], {"scan": 0.5}, **values)


def look(engine: Engine, found: jobs.Result | None = None, *, minute: int = 0) -> None:
    """Let the only asset be looked at, first or again, with this result."""
    kind = EventKind.EDITED if minute else EventKind.READY
    builders.record(engine, builders.event(kind, minute=minute))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, found or result())


def look_after_edit(engine: Engine, timeline: Timeline | None, cut_s: float) -> None:
    """Let other content be looked at, of which this is known, and the chosen moment be cut from it."""
    look(engine, result("f2", timeline=timeline, duration_s=60.0, cut_s=cut_s), minute=1)
