"""Judged frames as a judge is shown them: small JPEG files, in an order that tells nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from worker.pipeline.judging.pictures import as_shown
from worker.weights.training.taste.features.pictures import read_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedFrame, JudgedVideo


def order_shown(video: JudgedVideo, scores: NDArray[np.floating], most_pictures: int, seed: int) -> list[int]:
    """Choose which frames a judge is shown, and shuffle them.

    Args:
        video: of a judged set, whose letters may tell something of its order.
        scores: (frames,) ours; where there are too many frames, the best by them are shown.
        most_pictures: that the judge is shown.
        seed: of the shuffling; each video has an order of its own.

    Returns:
        Places of frames in the video.
    """
    best = np.argsort(-scores, kind="stable")[:most_pictures]
    rng = np.random.default_rng([seed, zlib.crc32(video.name.encode())])
    shuffled: list[int] = rng.permutation(np.sort(best)).tolist()
    return shuffled


def picture_of(frame: JudgedFrame) -> bytes:
    """Read a frame, and make of it what a judge is shown.

    Raises:
        JudgedSetInvalid: it is no picture.
    """
    return as_shown(read_frame(frame.file))
