"""Cues as groups of numbers: faces, eyes, light, text and the place in time.

A new group is one function from a candidate and its video to some numbers, and one entry in `CUES`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline import cues
from worker.pipeline.cues.sharpness import noise_sigma
from worker.pipeline.scoring import face_mesh, faces, ranking, text
from worker.pipeline.scoring.face_mesh import FaceMesh
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.ranking import face_value
from worker.pipeline.scoring.text import TextFinder
from worker.weights.training.taste.features import pictures
from worker.weights.training.taste.features.source import code_sum, file_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Face, FaceLook, Rgb
    from worker.pipeline.scoring.text import TextLine
    from worker.weights.training.taste.judged_set import JudgedVideo

MAX_FACES = 5  #: more make no difference
NEAR_END_S = 5.0  #: further from an end, the distance makes no difference
FRONTAL_YAW = 0.5  #: the nose in the middle between the cheeks
EDGE_LEVELS = (50, 150)  #: Canny's two thresholds, in levels
MIDDLE = (0.25, 0.75)  #: of each side: what lies between is the middle of a picture


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """What a cue may look at."""

    candidate: Candidate
    faces: tuple[Face, ...]  #: the surest first
    lines: tuple[TextLine, ...]  #: of text
    duration_s: float
    look: FaceLook | None  #: of the largest face; None without any, and where it is too small to be read

    @property
    def largest_face(self) -> Face:
        """The face with the largest box, where there is one."""
        return max(self.faces, key=lambda one: one.box.width * one.box.height)


class CueSource:
    """Measures every group of `CUES`."""

    name = "cues"

    @property
    def identity(self) -> str:
        """The code that measures, and the weights of the networks that ship with it."""
        code = code_sum(sys.modules[__name__], *pictures.CODE, cues, faces, face_mesh, ranking, text)
        return f"{file_sums(face_mesh.WEIGHTS, text.WEIGHTS)} {code}"

    def look(self, video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure frames: for each group (frames, numbers) float32."""
        seen = [self._see(one, video.duration_s) for one in candidates]
        return {name: np.array([cue(one) for one in seen], np.float32) for name, cue in CUES.items()}

    def _see(self, candidate: Candidate, duration_s: float) -> SeenFrame:
        rgb = candidate.rgb
        seen = SeenFrame(candidate, self._faces.find(rgb), self._text.find(rgb), duration_s, None)
        return replace(seen, look=self._mesh.looks(rgb, [seen.largest_face])[0]) if seen.faces else seen

    @cached_property
    def _mesh(self) -> FaceMesh:
        return FaceMesh.load()

    @cached_property
    def _faces(self) -> FaceFinder:
        return FaceFinder.load()

    @cached_property
    def _text(self) -> TextFinder:
        return TextFinder.load()


def face_numbers(seen: SeenFrame) -> list[float]:
    """Tell the largest face: its side as a share, its confidence, its place, and what the score makes of all.

    All 0 without a face.
    """
    if not seen.faces:
        return [0.0] * 6
    height, width = seen.candidate.rgb.shape[:2]
    face = seen.largest_face
    box = face.box
    return [
        math.sqrt(box.width * box.height / (width * height)),
        face.confidence,
        abs((box.left + box.right) / 2 / width - 0.5),
        (box.top + box.bottom) / 2 / height,
        min(len(seen.faces), MAX_FACES) / MAX_FACES,
        face_value(seen.faces, width, height),
    ]


def eye_numbers(seen: SeenFrame) -> list[float]:
    """Tell how the largest face looks: whether it was read, eyes, direction, mouth, and whether it is whole.

    All 0 where it was not read.
    """
    if (look := seen.look) is None:
        return [0.0] * 6
    turned = abs(look.yaw - FRONTAL_YAW)
    return [1.0, look.eye_opening, turned, look.lip_lift, look.mouth_opening, float(look.is_inside)]


def light_numbers(seen: SeenFrame) -> list[float]:
    """Tell light, contrast, detail and colour.

    Source of the colourfulness: Hasler and Suesstrunk, Measuring colourfulness in natural images, 2003.
    """
    rgb, cue = seen.candidate.rgb, seen.candidate.cues
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    red, green, blue = (plane.astype(np.float32) for plane in cv2.split(rgb))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(float(red_green.std()), float(yellow_blue.std()))
    colourfulness = spread + 0.3 * math.hypot(float(red_green.mean()), float(yellow_blue.mean()))
    return [
        cue.brightness,
        cue.contrast,
        cue.clipped,
        cue.uniformity,
        cue.sharpness,
        cue.relative_sharpness,
        noise_sigma(luma),
        float(cv2.Canny(luma, *EDGE_LEVELS).mean()) / 255,
        float(_middle(luma).mean() - luma.mean()) / 255,
        float(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[..., 1].mean()) / 255,
        colourfulness / 255,
    ]


def text_numbers(seen: SeenFrame) -> list[float]:
    """Tell how much text there is: as a title card, as writing on flat ground, in lines over a picture."""
    cue = seen.candidate.cues
    covered = sum(line.share for line in seen.lines)
    return [cue.title_card, cue.writing, math.sqrt(covered), math.log1p(len(seen.lines))]


def time_numbers(seen: SeenFrame) -> list[float]:
    """Tell where in the video a frame lies."""
    time_s, duration_s = seen.candidate.time_s, max(seen.duration_s, seen.candidate.time_s, 1e-6)
    share = time_s / duration_s
    return [
        share,
        abs(share - 0.5),
        min(time_s, NEAR_END_S) / NEAR_END_S,
        min(duration_s - time_s, NEAR_END_S) / NEAR_END_S,
    ]


CUES: dict[str, Callable[[SeenFrame], list[float]]] = {
    "faces": face_numbers,
    "eyes": eye_numbers,
    "light": light_numbers,
    "text": text_numbers,
    "place in time": time_numbers,
}


def _middle(luma: Rgb) -> Rgb:
    rows, columns = (slice(*(int(share * size) for share in MIDDLE)) for size in luma.shape[:2])
    return luma[rows, columns]
