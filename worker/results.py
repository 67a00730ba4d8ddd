"""A run of the pipeline as rows of the database."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from worker.jobs import Result
from worker.models import Candidate, Thumbnail
from worker.pipeline.crop import encode_jpeg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.pipeline.frames import Candidate as Frame
    from worker.pipeline.frames import Crop, Pick, Run, Scored
    from worker.platforms.base import Asset

FILMSTRIP_QUALITY = 70  #: of JPEG; the small frames are looked at side by side, never published


def result_of(run: Run, asset: Asset, timings_s: Mapping[str, float]) -> Result:
    """What is stored of a run.

    Args:
        run: what the pipeline found.
        asset: what the platform said about the content.
        timings_s: of the stages around the pipeline; its own are added.
    """
    thumbnails = [_thumbnail(pick, crop, run.model) for pick in run.picks for crop in pick.crops]
    chosen = [_candidate(scored.candidate, scored, None) for scored in run.chosen]
    losers = [_candidate(loser.candidate, loser.scored, loser.why) for loser in run.losers]
    return Result(
        fingerprint=asset.fingerprint,
        thumbnails=thumbnails,
        candidates=chosen + losers,
        publish=thumbnails[0],
        timings_s={**timings_s, **run.timings_s},
        note=run.note,
        title=asset.title,
    )


def _thumbnail(pick: Pick, crop: Crop, model: str) -> Thumbnail:
    return Thumbnail(
        rank=pick.rank,
        aspect=crop.aspect,
        time_s=pick.time_s,
        score=float(pick.score),
        parts=_plain(pick.parts),
        reasons=list(pick.reasons),
        faces=[[*face.box, float(face.confidence)] for face in pick.faces],
        box=list(crop.box),
        width_px=crop.width_px,
        height_px=crop.height_px,
        jpeg=crop.jpeg,
        sha256=hashlib.sha256(crop.jpeg).hexdigest(),
        model=model,
    )


def _candidate(frame: Frame, scored: Scored | None, lost_because: str | None) -> Candidate:
    return Candidate(
        time_s=frame.time_s,
        shot=frame.shot,
        score=None if scored is None else float(scored.score),
        parts={} if scored is None else _plain(scored.parts),
        lost_because=lost_because,
        embedding=None if scored is None else scored.embedding.astype("float16").tobytes(),
        jpeg=encode_jpeg(frame.rgb, FILMSTRIP_QUALITY),
    )


def _plain(parts: Mapping[str, float]) -> dict[str, float]:
    """NumPy's numbers are no JSON."""
    return {name: float(value) for name, value in parts.items()}
