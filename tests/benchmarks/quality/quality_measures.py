"""What is counted of each method's picks, with intervals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.benchmarks.pickers.methods import COUNT
from tests.benchmarks.quality.crop_safety import ASPECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.pickers.methods import Chosen, MethodPick
    from tests.benchmarks.trap_videos.trap_videos import TrapVideo

RESAMPLES = 10_000
CONFIDENCE = 0.95


class MeanEstimate(NamedTuple):
    """A mean over videos (of yes and no: a share), and its 95 % interval by bootstrap over videos."""

    mean: float
    low: float
    high: float
    of: int  #: videos


def figure(values: Sequence[float]) -> MeanEstimate | None:
    """Measure a mean; None of nothing."""
    if not values:
        return None
    rng = np.random.default_rng(0)
    means = rng.choice(np.array(values, np.float64), (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return MeanEstimate(float(np.mean(values)), float(low), float(high), len(values))


def summary(videos: Sequence[TrapVideo], chosen: Sequence[Chosen]) -> dict[str, Any]:
    """Count failures over videos; of a method with one pick, only what it can show."""
    rows = [(video, one.picks) for video, one in zip(videos, chosen, strict=True)]
    found: dict[str, Any] = {
        "first bad": figure([bool(picks[0].kind) for _, picks in rows]),
        "bars left": figure([picks[0].is_barred for video, picks in rows if _has_bars(video)]),
        "subtitle": figure([picks[0].is_captioned for video, picks in rows if any(video.captioned)]),
        "bad first picks": Counter(picks[0].kind for _, picks in rows if picks[0].kind),
        "bad first picks by case": Counter(video.case for video, picks in rows if picks[0].kind),
        "candidates": sum((one.seen for one in chosen), Counter()),
        "past the gates": sum((one.passed for one in chosen), Counter()),
    }
    if any(len(picks) > 1 for _, picks in rows):
        found |= {
            "any bad": figure([any(pick.kind for pick in picks) for _, picks in rows]),
            "three good": figure(
                [_is_good_and_distinct(picks) for video, picks in rows if video.has_three_good_shots]
            ),
            "shots": figure([len(_shots(picks)) for video, picks in rows if video.has_three_good_shots]),
            "bad picks": Counter(pick.kind for _, picks in rows for pick in picks if pick.kind),
        }
    return found | {"crops": _crops(picks for _, picks in rows)}


def _has_bars(video: TrapVideo) -> bool:
    return video.overlay in {"letterbox", "pillarbox"}


def _shots(picks: Sequence[MethodPick]) -> set[int]:
    return {pick.shot for pick in picks[:COUNT] if not pick.kind}


def _is_good_and_distinct(picks: Sequence[MethodPick]) -> bool:
    return len(picks) >= COUNT and len(_shots(picks)) == COUNT


def _crops(rows: Iterable[Sequence[MethodPick]]) -> dict[str, dict[str, MeanEstimate | None]]:
    """Measure, by aspect, the share of the faces' area that is kept, and of stills with a cut head."""
    measured = [[one for pick in picks for one in pick.crops] for picks in rows]
    found = {}
    for aspect in ASPECTS:
        videos = [[one for one in row if one.aspect == aspect] for row in measured]
        videos = [row for row in videos if row]
        found[aspect] = {
            name: figure([float(np.mean([getattr(one, name) for one in row])) for row in videos])
            for name in ("kept", "kept_in_middle", "has_cut_head", "has_cut_head_in_middle")
        }
    return found
