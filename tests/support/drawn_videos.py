"""Small videos of drawn scenes, one after the other, some lighter than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.judged_sets import draw_scene
from tests.support.media import clips

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SCENES = 3
FRAMES_A_SCENE = 20  #: at 25 a second
GROUND = 0.5  #: of what is seen: shades without an edge, by which a scene is no title card
DARKEST = 0.6  #: of a scene's light


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
