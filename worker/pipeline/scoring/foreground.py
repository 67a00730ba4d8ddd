"""What stands in the foreground of a picture: people first, and whatever else a lens would focus on.

MediaPipe's selfie segmentation ships with the product (250 kB, Apache-2.0) and runs in OpenCV. It was made
for people near a camera; on films it finds them from behind and in profile too, and where nobody is there,
often the animal, car or thing that the picture is about. Faces alone tell none of that.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from worker.pipeline.scoring.bundled_network import load_bundled_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.pipeline.frames import Rgb

WEIGHTS = "selfie-segmentation"  #: its name in the manifest of weights
SHAPE = (144, 256)  #: (height, width) of what the network takes and gives


class ForegroundFinder:
    """Finds the foreground; safe to share between threads. About 5 ms a picture."""

    def __init__(self, network: cv2.dnn.Net) -> None:
        self._network = network
        self._turn = threading.Lock()  # a network keeps its last input

    @classmethod
    def load(cls) -> Self:
        """Load the network that ships with the product.

        Raises:
            WeightsMissing: its file is absent, damaged, or of a kind that this OpenCV cannot read.
        """
        return cls(load_bundled_network(WEIGHTS, cv2.dnn.readNetFromTFLite))

    def find(self, rgb: Rgb) -> NDArray[np.float32]:
        """Find the foreground of one picture.

        Args:
            rgb: (height, width, 3) uint8 RGB, of any size.

        Returns:
            (144, 256) float32, 0..1: how surely each cell belongs to the foreground, whatever the shape of
            the picture.
        """
        small = cv2.resize(rgb, SHAPE[::-1], interpolation=cv2.INTER_AREA)
        with self._turn:
            self._network.setInput(cv2.dnn.blobFromImage(small, 1 / 255))
            found = self._network.forward()
        return np.asarray(found, np.float32).reshape(SHAPE)
