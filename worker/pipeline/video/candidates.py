"""Turns the frames that a scan kept into candidates: upright, without bars, measured."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues import bars, exposure, patterns, sharpness
from worker.pipeline.frames import Candidate, Cues
from worker.pipeline.video.shot_starts import shot_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Box, Rgb, Video
    from worker.pipeline.video.frame_window import Judged

# Each thread reserves address space, of which the decode process may use only so much.
_MAX_THREADS = 4

# The most that a shot's sharpest frame is assumed to lack: a flat shot has no sharpness to compare with.
_MIN_SHARPEST = 1e-6


def measure(frames: Sequence[Judged], shot_starts_s: Sequence[float], video: Video) -> tuple[Candidate, ...]:
    """Trim bars and measure the cues, shot by shot; frames and candidates are in order of time."""
    shots = groupby(frames, key=lambda judged: shot_at(shot_starts_s, judged.frame.time_s))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_THREADS)) as pool:
        measured = [pool.submit(_of_shot, list(group), shot, video) for shot, group in shots]
        return tuple(candidate for one in measured for candidate in one.result())


def in_shots(found: Sequence[Candidate], shot_starts_s: Sequence[float]) -> tuple[Candidate, ...]:
    """Candidates in order of time, each put into its shot and compared with the sharpest of it."""
    compared: list[Candidate] = []
    for shot, group in groupby(found, key=lambda candidate: shot_at(shot_starts_s, candidate.time_s)):
        members = list(group)
        sharpest = max(*(candidate.cues.sharpness for candidate in members), _MIN_SHARPEST)
        for candidate in members:
            cues = candidate.cues._replace(relative_sharpness=candidate.cues.sharpness / sharpest)
            compared.append(replace(candidate, shot=shot, cues=cues))
    return tuple(compared)


def _of_shot(frames: list[Judged], shot: int, video: Video) -> list[Candidate]:
    upright = [_upright(judged.frame.luma, video) for judged in frames]
    area = bars.find_bars(upright)
    height, width = upright[0].shape
    pictures = [_cut(_upright(judged.frame.rgb(video.transfer), video), area) for judged in frames]
    lumas = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8) for picture in pictures]
    details = [sharpness.sharpness(luma) for luma in lumas]
    sharpest = max(*details, _MIN_SHARPEST)
    return [
        Candidate(
            time_s=judged.frame.time_s,
            shot=shot,
            rgb=picture,
            cues=Cues(
                *exposure.exposure(luma),
                sharpness=detail,
                relative_sharpness=detail / sharpest,
                stillness=judged.stillness,
                transition=judged.transition,
                color_bars=patterns.color_bars(picture),
                title_card=patterns.title_card(luma),
                blockiness=patterns.blockiness(luma),
            ),
            active=bars.as_fractions(area, width, height),
        )
        for judged, picture, luma, detail in zip(frames, pictures, lumas, details, strict=True)
    ]


def _upright(picture: NDArray[np.uint8], video: Video) -> NDArray[np.uint8]:
    return np.rot90(picture, -video.rotation_deg // 90)  # it counts counter-clockwise


def _cut(rgb: Rgb, box: Box) -> Rgb:
    return np.ascontiguousarray(rgb[box.top : box.bottom, box.left : box.right])
