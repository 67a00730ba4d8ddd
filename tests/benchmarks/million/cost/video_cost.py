"""What one video was measured to cost: `measured/video_costs.json`, as `measure` wrote it."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.benchmarks.million import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEASURED = figures.FOLDER / "video_costs.json"


class VideoCost(NamedTuple):
    """What a run with the bundled model on one clip took, and which rows it left."""

    name: str  #: of the clip
    duration_s: float
    file_bytes: int
    cores_s: Mapping[str, float]  #: seconds of a core by stage
    scored: int  #: candidates that the model looked at
    filmstrip_bytes: Sequence[int]  #: of the picture of each candidate
    still_bytes: Sequence[int]  #: of each thumbnail
    candidate: Mapping[str, Any]  #: columns of one, without its picture
    thumbnail: Mapping[str, Any]  #: the same of a pick


@cache
def video_costs() -> tuple[VideoCost, ...]:
    """Read what was measured of each clip."""
    return tuple(VideoCost(**cost) for cost in json.loads(MEASURED.read_text()))


def mean_cores_s(costs: Sequence[VideoCost]) -> dict[str, float]:
    """Return the mean seconds of a core that each stage took."""
    total: Counter[str] = Counter()
    for cost in costs:
        total.update(cost.cores_s)
    return {stage: seconds / len(costs) for stage, seconds in total.items()}
