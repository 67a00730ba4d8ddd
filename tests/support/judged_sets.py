"""Sets of judged frames whose order can be learned, and videos that such a set can be made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import clips

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

WIDTH_PX, HEIGHT_PX = 320, 180
LETTERS = "ABCDEFGHIJ"
LENGTH_S = 12.0

SCENES = 3  #: of a video
FRAMES_A_SCENE = 20  #: at 25 a second
GROUND = 0.5  #: of what is seen: shades without an edge, by which a scene is no title card
DARKEST = 0.6  #: of a scene's light


def write_judged_set(
    folder: Path, names: Sequence[str], frames: int = 4, columns: Sequence[str] = ()
) -> Path:
    """Write a set in which the clearer of two frames is the better; returns its folder.

    Each video has a scene of its own, and its frames lie in an order of their own.

    Args:
        folder: made where it is missing.
        names: of the videos.
        frames: of each video.
        columns: for each video, a line of further columns; the first line names them.
    """
    heads, *further = columns or ["kind", *["drawn"] * len(names)]
    lines = [f"video\torder\t{heads}"]
    for number, (name, more) in enumerate(zip(names, further, strict=True)):
        rng = np.random.default_rng(number)
        places = rng.permutation(frames).tolist()  # places[i] is the rank of the i-th letter
        scene = draw_scene(rng)
        place = folder / "frames" / name
        place.mkdir(parents=True)
        for letter, rank in zip(LETTERS, places, strict=False):
            cv2.imwrite(str(place / f"{letter}.jpg"), cv2.cvtColor(spoilt(scene, rank), cv2.COLOR_RGB2BGR))
        times_s = {letter: 1.0 + index for index, letter in enumerate(LETTERS[:frames])}
        told = {"duration_s": LENGTH_S, "times_s": times_s, "shots": dict.fromkeys(times_s, 0)}
        (place / "times.json").write_text(json.dumps(told), "utf-8")
        order = sorted(LETTERS[:frames], key=lambda letter: places[LETTERS.index(letter)])
        lines.append("\t".join((name, ">".join(order), more)))
    (folder / "judged.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def draw_scene(rng: np.random.Generator) -> Rgb:
    """Draw some bright shapes."""
    rgb = np.full((HEIGHT_PX, WIDTH_PX, 3), rng.integers(60, 200, 3), np.uint8)
    for _ in range(12):
        middle = (int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX)))
        cv2.circle(rgb, middle, int(rng.integers(8, 40)), tuple(rng.integers(0, 255, 3).tolist()), -1)
        cv2.line(
            rgb, middle, (int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX))), (255, 255, 255), 2
        )
    return rgb


def spoilt(rgb: Rgb, rank: int) -> Rgb:
    """Blur and darken a picture: not at all at rank 0, more at each that follows."""
    blurred = cv2.GaussianBlur(rgb, (0, 0), 0.1 + 2.0 * rank)
    return np.asarray(blurred * (1.0 - 0.15 * rank), np.uint8)


def write_drawn_video(path: Path, seed: int, scenes: int = SCENES) -> Path:
    """Write a video of scenes that slide slowly, the light of each drawn at random; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    frames: list[Rgb] = []
    for _ in range(scenes):
        shapes = draw_scene(rng)
        shades = cv2.resize(
            rng.uniform(0, 255, (5, 8, 3)), shapes.shape[1::-1], interpolation=cv2.INTER_CUBIC
        )
        scene = cv2.addWeighted(shapes, 1 - GROUND, shades.clip(0, 255).astype(np.uint8), GROUND, 0)
        scene = np.asarray(scene * rng.uniform(DARKEST, 1.0), np.uint8)
        frames += [np.roll(scene, step, axis=1) for step in range(FRAMES_A_SCENE)]
    return clips.write(path, frames)


def light_of(jpeg: bytes) -> float:
    """Measure the mean light of a picture."""
    return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).mean())
