"""What measures judged frames, and the folder in which measurements are kept.

A measurement is kept under its video's sum and its source's identity. So a set that grows is measured only
where it is new, a measurement that changes is made anew, and work that was broken off goes on where it was.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from safetensors.numpy import load_file, save_file

from worker import weights
from worker.weights.training.taste.features.pictures import candidates_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate
    from worker.weights.training.taste.judged_set import JudgedVideo

SUM_LENGTH = 16  #: hex digits of a SHA-256 that make a file's name


class FeatureSource(Protocol):
    """Something that measures the frames of a video."""

    @property
    def name(self) -> str:
        """A word for its folder."""

    @property
    def identity(self) -> str:
        """What its measurements depend on, beside the video; another text, and all are made anew."""

    def look(self, video: JudgedVideo, candidates: Sequence[Candidate]) -> dict[str, NDArray[np.floating]]:
        """Measure frames.

        Returns:
            By the name of a group of features, (frames, ...) float32 or float16.
        """


class Kept:
    """A folder of measurements.

    Args:
        folder: made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, source: FeatureSource, video: JudgedVideo) -> Path:
        """Find the measurements of a video, and make them where they are missing.

        Returns:
            A safetensors file with what `source.look` returned.
        """
        told = hashlib.sha256(f"{source.identity} {video.sha256}".encode()).hexdigest()[:SUM_LENGTH]
        file = self.folder / source.name / f"{video.name}-{told}.safetensors"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".unfinished")
            save_file(source.look(video, candidates_of(video)), unfinished)
            unfinished.replace(file)
        return file

    def look(self, source: FeatureSource, video: JudgedVideo) -> dict[str, NDArray[np.floating]]:
        """Read the measurements of a video, and make them where they are missing."""
        return dict(load_file(self.file(source, video)))


def file_sums(*names: str) -> str:
    """Name models with the sums of their files, by the manifest; of those that are not in it, the names."""
    known = weights.manifest()
    return " ".join(f"{name} {known[name].sha256}" if name in known else name for name in names)


@cache
def code_sum(*modules: ModuleType) -> str:
    """Sum up the source of modules; of a package, of every file in it."""
    told = hashlib.sha256()
    for module in modules:
        file = Path(inspect.getsourcefile(module) or "")
        files = sorted(file.parent.rglob("*")) if file.name == "__init__.py" else [file]
        for one in files:
            if one.suffix in {".py", ".toml"}:
                told.update(one.read_bytes())
    return told.hexdigest()
