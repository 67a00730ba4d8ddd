"""Our score of judged frames, with a taste that has not seen them.

The taste of the product may have been trained on the very set that something is measured by. So the scores
of heads that were trained without a video and its relatives (`python -m worker.weights.training taste` writes
them) take the place of the part `taste`, as the product would make a part of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import JudgedSetInvalid
from worker.pipeline.scoring.clip_scorer import z_scores
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS
from worker.weights.training.taste.features.present_score import PART, SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedVideo

SCORES = Path("taste.held-out.json")  #: where training writes them, unless it is told otherwise
TASTE = f"{PART}taste"


def read_scores(file: Path, videos: Sequence[JudgedVideo]) -> list[NDArray[np.float64]]:
    """Read the held-out scores of every frame.

    Raises:
        JudgedSetInvalid: the file lacks a frame of the set.
    """
    by_video = json.loads(file.read_text("utf-8"))["scores"]
    try:
        return [np.array([by_video[video.name][frame.letter] for frame in video.frames]) for video in videos]
    except KeyError as missing:
        raise JudgedSetInvalid(
            f"{file} has no scores of {missing}; train on this set again, which writes new ones"
        ) from missing


def head_scores(
    videos: Sequence[JudgedVideo], seen: Sequence[Mapping[str, NDArray[np.floating]]], file: Path | None
) -> list[NDArray[np.float64]]:
    """Read the product's score of every frame; with a file of held-out scores, these are the taste in it.

    Args:
        videos: of a judged set.
        seen: what `ScoreSource` measured of each.
        file: as training writes it; None for the taste of the product.

    Raises:
        JudgedSetInvalid: the file lacks a frame of the set.
    """
    if file is None:
        return [np.asarray(one[SCORE], np.float64)[:, 0] for one in seen]
    tastes = read_scores(file, videos)
    return [
        np.sum([*product_parts(one, taste).values()], axis=0) for one, taste in zip(seen, tastes, strict=True)
    ]


def product_score(
    seen: Mapping[str, NDArray[np.floating]], taste: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Exchange the part `taste` of the present score for a held-out one.

    Args:
        seen: what `ScoreSource` measured of one video.
        taste: (frames,) held-out scores; None where there are none.

    Returns:
        (frames,); None where the score has the part, and there is nothing to exchange it for.
    """
    if TASTE not in seen:
        return np.asarray(seen[SCORE], np.float64)[:, 0]
    return None if taste is None else np.sum([*product_parts(seen, taste).values()], axis=0)


def product_parts(
    seen: Mapping[str, NDArray[np.floating]], taste: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Read the parts of the present score by name, with a held-out taste: (frames,) each.

    Args:
        seen: what `ScoreSource` measured of one video.
        taste: (frames,) held-out scores.
    """
    parts = {
        name.removeprefix(PART): np.asarray(values, np.float64)[:, 0]
        for name, values in seen.items()
        if name.startswith(PART)
    }
    return parts | {"taste": DEFAULT_WEIGHTS.taste * z_scores(taste).astype(np.float64)}
