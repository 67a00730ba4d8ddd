"""How people look in a picture: eyes, direction, mouth. Only large faces are read, for others are guesses.

MediaPipe's face landmark network ships with the product (1.2 MB, Apache-2.0) and runs in OpenCV. It places
468 points on a face, and a few distances between them tell whether the eyes are open, which way the head is
turned, and what the mouth does. People are built differently: one man's open eyes measure what another's
closed ones do. So these numbers compare a person with himself, and no threshold on them holds for everybody.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from worker.pipeline.frames import Box, FaceLook
from worker.pipeline.scoring.bundled_network import load_bundled_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Face, Rgb

WEIGHTS = "face-landmark"  #: its name in the manifest of weights
SIDE_PX = 192  #: of the square that the network takes

# Narrower faces are not read: eyes of less than about 12 px are noise.
MIN_FACE_PX = 64
# The network was made for a square of this many times the longer side of a face's box.
_SQUARE_PER_FACE = 1.5

_POINTS, _FLAG = "conv2d_21", "conv2d_31"  # the network's outputs, by the names of their layers

# Indexes of the canonical face mesh (MediaPipe, canonical_face_model_uv_visualization.png). Of each eye the
# outer or inner corner, two points of the upper lid, the other corner, and the points of the lower lid below.
_RIGHT_EYE = (33, 160, 158, 133, 153, 144)
_LEFT_EYE = (362, 385, 387, 263, 373, 380)
_EYE_CORNERS = (33, 263)  # the outer ones
_LIPS = (13, 14)  # inner edges of the upper and the lower lip
_MOUTH_CORNERS = (61, 291)
_NOSE, _CHEEKS = 1, (234, 454)
_FOREHEAD, _CHIN = 10, 152


class FaceMesh:
    """Reads faces; safe to share between threads. About 5 ms a face."""

    def __init__(self, network: cv2.dnn.Net) -> None:
        self._network = network
        self._turn = threading.Lock()  # a network keeps its last input

    @classmethod
    def load(cls) -> Self:
        """Load the network that ships with the product.

        Raises:
            WeightsMissing: its file is absent, damaged, or of a kind that this OpenCV cannot read.
        """
        # OpenCV's new engine gives the last output only, and the flag is the other one.
        read = partial(cv2.dnn.readNetFromTFLite, engine=cv2.dnn.ENGINE_CLASSIC)
        return cls(load_bundled_network(WEIGHTS, read))

    def looks(self, rgb: Rgb, faces: Sequence[Face], scale: float = 1.0) -> tuple[FaceLook | None, ...]:
        """Read how each of some faces looks.

        Args:
            rgb: (height, width, 3) uint8 RGB, of any size.
            faces: in pixels of the picture.
            scale: of the picture's sides against those of the one that is shown, which `MIN_FACE_PX` is of.

        Returns:
            A look for each face, in the order given; None for one that is too small to be read.
        """
        # A finder draws boxes otherwise than a look does, and eyes measure otherwise in another box.
        return tuple(
            None if face.box.width < MIN_FACE_PX * scale else self.look(rgb, self.look(rgb, face.box).box)
            for face in faces
        )

    def look(self, rgb: Rgb, box: Box) -> FaceLook:
        """Read how the face in a box looks.

        Args:
            rgb: (height, width, 3) uint8 RGB, of any size.
            box: of a face, from the forehead to the chin, in pixels of the picture; or of the same face a
                moment ago, `FaceLook.box`.
        """
        square_px = _SQUARE_PER_FACE * max(box.width, box.height, 1)
        left = (box.left + box.right - square_px) / 2
        top = (box.top + box.bottom - square_px) / 2
        scale = SIDE_PX / square_px
        to_square = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
        square = cv2.warpAffine(
            rgb, to_square, (SIDE_PX, SIDE_PX), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        with self._turn:
            self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 255))
            found, flag = self._network.forward([_POINTS, _FLAG])
        points = np.asarray(found, np.float64).reshape(-1, 3)[:, :2] / scale + (left, top)
        return _look(points, 1 / (1 + float(np.exp(-np.asarray(flag).item()))), rgb.shape)


def _look(points: NDArray[np.float64], presence: float, shape: tuple[int, ...]) -> FaceLook:
    """Measure (468, 2) points in pixels of a picture of this shape."""
    between_eyes_px = max(_distance(points, *_EYE_CORNERS), 1e-6)
    mouth_px = max(_distance(points, *_MOUTH_CORNERS), 1e-6)
    lip_y, corner_y = points[list(_LIPS), 1].mean(), points[list(_MOUTH_CORNERS), 1].mean()
    forehead_y, chin_y = points[[_FOREHEAD, _CHIN], 1]
    right_x, left_x = points[list(_CHEEKS), 0]
    height, width = shape[:2]
    lowest, highest = points.min(axis=0), points.max(axis=0)
    return FaceLook(
        box=_box(points),
        presence=presence,
        # By the eye that is open more widely: the other may be turned away, or wink.
        eye_opening=max(_eye_ratio(points, _RIGHT_EYE), _eye_ratio(points, _LEFT_EYE)),
        yaw=float((points[_NOSE, 0] - right_x) / (left_x - right_x)) if left_x > right_x else 0.0,
        pitch=float((points[_NOSE, 1] - forehead_y) / max(chin_y - forehead_y, 1e-6)),
        lip_lift=float(lip_y - corner_y) / between_eyes_px,
        mouth_opening=_distance(points, *_LIPS) / mouth_px,
        is_inside=bool((lowest >= 0).all() and highest[0] <= width and highest[1] <= height),
    )


def _eye_ratio(points: NDArray[np.float64], eye: Sequence[int]) -> float:
    """Measure the height of an eye over its width (the eye aspect ratio of Soukupová & Čech, CVWW 2016)."""
    corner, above, above_too, other_corner, below_too, below = eye
    heights_px = _distance(points, above, below) + _distance(points, above_too, below_too)
    return heights_px / (2 * max(_distance(points, corner, other_corner), 1e-6))


def _distance(points: NDArray[np.float64], first: int, second: int) -> float:
    return float(np.hypot(*(points[first] - points[second])))


def _box(points: NDArray[np.float64]) -> Box:
    """Draw the box that a face finder would: from the forehead to the chin, from cheek to cheek."""
    left, right = sorted(points[list(_CHEEKS), 0])
    top, bottom = sorted(points[[_FOREHEAD, _CHIN], 1])
    return Box(round(left), round(top), round(right), round(bottom))
