"""Judged frames as the product would see them: as candidates of their video, at the scan's size."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.errors import JudgedSetInvalid, UnreadablePicture
from worker.pipeline import picture_file
from worker.pipeline.cues import exposure, patterns
from worker.pipeline.cues.sharpness import relative_sharpness, sharpness
from worker.pipeline.display import small_frames
from worker.pipeline.display.small_frames import PIXELS
from worker.pipeline.frames import Candidate, Cues
from worker.pipeline.picture_file import read_small
from worker.pipeline.shrink import shrink

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb
    from worker.weights.training.taste.judged_set import JudgedVideo

CODE = (sys.modules[__name__], picture_file, small_frames)  #: what the pixels of a candidate depend on


def candidates_of(video: JudgedVideo) -> list[Candidate]:
    """Make a candidate of each frame of a video, in the set's order.

    What only the video tells is unknown: each frame counts as still, outside transitions, and undamaged. Its
    sharpness is compared with the other judged frames of its shot.

    Raises:
        JudgedSetInvalid: a frame is no picture.
    """
    pictures = [_at_scan_size(read_frame(frame.file)) for frame in video.frames]
    lumas = [np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8) for rgb in pictures]
    details = [sharpness(luma) for luma in lumas]
    shares = dict.fromkeys(range(len(details)), 1.0)
    for shot in {frame.shot for frame in video.frames}:
        members = [index for index, frame in enumerate(video.frames) if frame.shot == shot]
        compared = relative_sharpness([details[index] for index in members])
        shares |= dict(zip(members, compared, strict=True))
    return [
        Candidate(
            frame.time_s,
            frame.shot,
            rgb,
            Cues(
                **exposure.exposure(luma)._asdict(),
                sharpness=details[index],
                relative_sharpness=shares[index],
                stillness=1.0,
                transition=0.0,
                color_bars=patterns.color_bars_confidence(rgb),
                title_card=patterns.title_card_confidence(luma),
                blockiness=patterns.blockiness(luma),
                writing=patterns.writing_confidence(luma),
            ),
        )
        for index, (frame, rgb, luma) in enumerate(zip(video.frames, pictures, lumas, strict=True))
    ]


def read_frame(file: Path) -> Rgb:
    """Read a picture, upright and in sRGB, at its own size.

    Raises:
        JudgedSetInvalid: it is no picture.
    """
    try:
        return read_small(file, sys.maxsize).rgb
    except UnreadablePicture as error:
        raise JudgedSetInvalid(f"{file}: {error}") from error


def _at_scan_size(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    # By the filter that the bundled taste was trained with; it weighs parts of pixels, and Pillow's does not.
    return shrink(rgb, math.sqrt(PIXELS / (height * width)))
