"""Loads a small network that ships with the product into OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from worker import weights
from worker.errors import WeightsMissing
from worker.installation import extras

if TYPE_CHECKING:
    from collections.abc import Callable


def load_bundled_network(name: str, read: Callable[[str], cv2.dnn.Net]) -> cv2.dnn.Net:
    """Load a network whose file is verified first.

    Args:
        name: its name in the manifest of weights.
        read: OpenCV's reader for its kind of file, which gets the path.

    Raises:
        WeightsMissing: the file is absent, damaged, or of a kind that this OpenCV cannot read.
    """
    file = weights.path(name)
    try:
        return read(str(file))
    except cv2.error as exc:
        raise WeightsMissing(
            f"OpenCV {cv2.__version__} cannot read {file}; {extras.remedy('worker')}"
        ) from exc
