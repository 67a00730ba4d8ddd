"""Our score of judged frames, with a taste that has not seen them.

The taste of the product was trained on the very set that this benchmark measures by. So the scores of heads
that were trained without a video and its relatives (`python -m worker.weights.training taste` writes them)
take the place of the part `taste`, brought to the spread that this part has in the video.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import JudgedSetInvalid
from worker.weights.training.taste.features.present_score import PART, SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedVideo

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
    score = np.asarray(seen[SCORE], np.float64)[:, 0]
    if TASTE not in seen:
        return score
    if taste is None:
        return None
    part = np.asarray(seen[TASTE], np.float64)[:, 0]
    spread = float(taste.std())
    exchanged = (taste - taste.mean()) / spread * part.std() if spread else np.zeros(len(taste))
    return np.asarray(score - part + exchanged, np.float64)
