"""What the simulation puts in the place of analysis and platforms: results of measured sizes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.benchmarks.million.cost.video_cost import VideoCost, video_costs
from worker import jobs
from worker.database.models import StoredCandidate, Thumbnail

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

PLATFORM_CALL_S = 0.15  #: assumed, of one exchange with a platform
DOWNLOAD_BYTES_PER_S = 25e6  #: assumed, of one download

# What a JSON object of a video says, in a webhook of some 2 KB as Mux sends them; random, as ids are.
_PAYLOAD_BYTES = 900


def payload(chance: random.Random) -> dict[str, Any]:
    """Return the body of a webhook."""
    return {"type": "video.asset", "data": {"id": chance.randbytes(_PAYLOAD_BYTES).hex()}}


def cost_of(chance: random.Random) -> VideoCost:
    """Draw a clip whose costs a video has."""
    return chance.choice(video_costs())


def stages_s(cost: VideoCost) -> dict[str, float]:
    """Return how long each stage of a job takes on one core, in seconds."""
    return {
        "metadata": PLATFORM_CALL_S,
        "download": cost.file_bytes / DOWNLOAD_BYTES_PER_S,
        **cost.cores_s,
    }


def result(cost: VideoCost, chance: random.Random, *, in_bucket: bool) -> jobs.Result:
    """Return what a run leaves: rows as wide as those that were measured, of other bytes.

    Args:
        cost: of the clip whose rows they are like.
        chance: fills pictures and embeddings, which no compression makes smaller.
        in_bucket: whether pictures lie in a bucket, so that the rows only say where.
    """
    thumbnails = [_thumbnail(cost, rank, size, chance, in_bucket=in_bucket) for rank, size in _ranked(cost)]
    candidates = _candidates(cost, chance, in_bucket=in_bucket)
    fingerprint = chance.randbytes(16).hex()
    return jobs.Result(
        fingerprint,
        thumbnails,
        candidates,
        thumbnails[0],
        stages_s(cost),
        title=f"Title {fingerprint[:6]}",
        duration_s=cost.duration_s,
        pick_gap=chance.random(),
    )


def _ranked(cost: VideoCost) -> Sequence[tuple[int, int]]:
    return list(enumerate(cost.still_bytes, start=1))


def _columns(values: Any, chance: random.Random) -> dict[str, Any]:
    """Vary a measured row: other numbers, as many digits; another embedding."""
    row = dict(values)
    row["embedding"] = chance.randbytes(row.pop("embedding_bytes"))
    row["cues"] = {name: value * chance.uniform(0.5, 1.0) for name, value in (row["cues"] or {}).items()}
    row["parts"] = {name: value * chance.uniform(0.5, 1.0) for name, value in (row["parts"] or {}).items()}
    return row


def _thumbnail(cost: VideoCost, rank: int, size: int, chance: random.Random, *, in_bucket: bool) -> Thumbnail:
    picture = chance.randbytes(size)
    return Thumbnail(
        rank=rank,
        aspect="16:9",
        time_s=chance.uniform(0, cost.duration_s),
        score=chance.uniform(0, 4),
        width_px=1280,
        height_px=720,
        jpeg=None if in_bucket else picture,
        sha256=hashlib.sha256(picture).hexdigest(),
        **_columns(cost.thumbnail, chance),
    )


def _candidates(cost: VideoCost, chance: random.Random, *, in_bucket: bool) -> list[StoredCandidate]:
    rows, offset = [], 0
    bundle = f"candidates/{chance.randbytes(16).hex()}"
    for number, size in enumerate(cost.filmstrip_bytes):
        place = {"bundle": bundle, "bundle_offset": offset, "bundle_length": size} if in_bucket else {}
        rows.append(
            StoredCandidate(
                time_s=cost.duration_s * number / len(cost.filmstrip_bytes),
                shot=number // 5,
                score=chance.uniform(0, 4),
                lost_because="outscored" if number > len(cost.still_bytes) else None,
                jpeg=None if in_bucket else chance.randbytes(size),
                **place,
                **_columns(cost.candidate, chance),
            )
        )
        offset += size
    return rows
