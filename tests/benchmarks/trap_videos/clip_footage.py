"""Good footage for trap videos: pieces of real clips at one rate and size, looking as a case asks for."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.benchmarks.trap_videos.bad_frames import RATE
from tests.benchmarks.trap_videos.screen_recording import recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

PIECE_S = 6.0  #: what a trap gets of each clip at most; it uses one to five seconds
MIN_PIECE_S = 2.0
MAX_CLIP_S = 40.0  #: of a clip; more would only take memory
CLIPS_KEPT = 6  #: in memory, some 200 MB each

# Stretches of known clips, in seconds, that are bad as they are, found by eye: they would be called good.
UNFIT_S = {
    "bikes.mp4": ((0.0, 1.0),),  # a blurred pole
    "nasa.mp4": ((0.0, 5.6), (7.6, math.inf)),  # nearly dark
    "presenter.mp4": ((8.5, 15.6), (18.0, 23.0)),  # smeared, out of focus, then an empty wall
}
ANIMATED = {"bigbuckbunny.mp4", "cartoon1943.mp4"}

NIGHT_GAMMA, NIGHT_GAIN = 1.5, 0.5


def piece(clip: Path, case: str, shape: tuple[int, int], rng: Generator) -> Sequence[Rgb]:
    """Return up to `PIECE_S` of a clip from a random moment, filling a (height, width)."""
    if case == "screen recording":
        return recording(shape, int(PIECE_S * RATE), rng)
    shown = _whole(clip, shape)
    spans = list(_fit_spans(clip.name, len(shown) / RATE))
    start_s, end_s = spans[int(rng.integers(len(spans)))]
    start = int(rng.uniform(start_s, max(start_s, end_s - PIECE_S)) * RATE)
    frames = shown[start : min(int(end_s * RATE), start + int(PIECE_S * RATE))]
    return _looking(frames, case)


def _looking(frames: Sequence[Rgb], case: str) -> Sequence[Rgb]:
    if case == "static":
        return [frames[len(frames) // 2]] * len(frames)
    if case == "dark":
        night = np.rint(255 * NIGHT_GAIN * (np.arange(256) / 255) ** NIGHT_GAMMA).astype(np.uint8)
        return [night[rgb] for rgb in frames]
    if case == "black and white":
        return [np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) for rgb in frames]
    return frames


@lru_cache(maxsize=CLIPS_KEPT)
def _whole(clip: Path, shape: tuple[int, int]) -> list[Rgb]:
    """Return a clip at our rate; a slower one shows a frame twice, a faster one leaves some out."""
    frames: list[Rgb] = []
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            time_s = frame.time or 0.0
            if len(frames) / RATE > time_s:
                continue
            rgb = _filling(frame.to_ndarray(format="rgb24"), shape)
            frames += [rgb] * (int(time_s * RATE) + 1 - len(frames))
            if time_s > MAX_CLIP_S:
                break
    return frames


def _fit_spans(name: str, duration_s: float) -> Iterator[tuple[float, float]]:
    start_s = 0.0
    for unfit_start_s, unfit_end_s in (*UNFIT_S.get(name, ()), (duration_s, duration_s)):
        end_s = min(unfit_start_s, duration_s)
        if end_s - start_s >= MIN_PIECE_S - 1 / RATE:
            yield start_s, end_s
        start_s = unfit_end_s


def _filling(rgb: Rgb, shape: tuple[int, int]) -> Rgb:
    """Scale and cut a picture so that it fills the frame."""
    height, width = rgb.shape[:2]
    scale = max(shape[1] / width, shape[0] / height)
    size = (math.ceil(width * scale), math.ceil(height * scale))
    scaled = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - shape[1]) // 2, (size[1] - shape[0]) // 2
    return np.ascontiguousarray(scaled[top : top + shape[0], left : left + shape[1]], np.uint8)
