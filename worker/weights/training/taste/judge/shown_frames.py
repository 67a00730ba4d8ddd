"""Judged frames as a judge is shown them: small JPEG files, in an order that tells nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.jpeg import encode_jpeg
from worker.weights.training.taste.features.pictures import read_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedFrame, JudgedVideo

LONG_SIDE_PX = 512  #: as the product sends them
QUALITY = 85


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
    """Read a frame, scale it down where it is larger than `LONG_SIDE_PX`, and encode it without metadata.

    Raises:
        JudgedSetInvalid: it is no picture.
    """
    rgb = read_frame(frame.file)
    height, width = rgb.shape[:2]
    scale = min(1.0, LONG_SIDE_PX / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(rgb, QUALITY)
