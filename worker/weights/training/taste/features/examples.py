"""Judged videos with what was measured of their frames: what a learner learns from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.weights.training.taste.features.source import FeatureSource, Kept
    from worker.weights.training.taste.judged_set import JudgedVideo


@dataclass(frozen=True, slots=True)
class Examples:
    """Some videos of a set, in an order that all fields share.

    Features are small and lie in memory. Activations are large and stay on disk, so that memory does not grow
    with the set.
    """

    videos: tuple[JudgedVideo, ...]
    features: Mapping[str, tuple[NDArray[np.float32], ...]]  #: by group; of each video (frames, numbers)
    activation_files: tuple[Path, ...] = ()  #: of each video; empty where no learner asks for them
    sources: str = ""  #: identities of what measured

    @property
    def identity(self) -> str:
        """The sum of everything that a learner learns from."""
        told = [self.sources, *self.features, bool(self.activation_files)]
        told += [(video.sha256, video.ranks.tolist()) for video in self.videos]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def only(self, places: Sequence[int]) -> Examples:
        """Keep some videos, by their places in `videos`."""
        return Examples(
            tuple(self.videos[place] for place in places),
            {name: tuple(rows[place] for place in places) for name, rows in self.features.items()},
            tuple(self.activation_files[place] for place in places) if self.activation_files else (),
            self.sources,
        )

    def activations(self, place: int) -> NDArray[np.float16]:
        """Read one video's activations: (frames, variants, channels, height, width) float16."""
        return np.asarray(load_file(self.activation_files[place])["activations"], np.float16)


def see(
    videos: Sequence[JudgedVideo],
    sources: Sequence[FeatureSource],
    kept: Kept,
    on_progress: Callable[[float], None],
    activations: FeatureSource | None = None,
) -> Examples:
    """Measure the frames of videos, or recall what was measured before.

    Args:
        videos: of a judged set.
        sources: measure small groups of features.
        kept: where measurements lie.
        on_progress: gets the fraction done, 0..1.
        activations: measures what is too large for memory; None where no learner asks for it.

    Raises:
        JudgedSetInvalid: a frame is no picture.
    """
    rows, files = [], []
    for number, video in enumerate(videos, start=1):
        rows.append({name: found for source in sources for name, found in kept.look(source, video).items()})
        if activations is not None:
            files.append(kept.file(activations, video))
        on_progress(number / len(videos))
    # A part of the score that some videos lack (it was not measured there) is nothing there.
    names = list(dict.fromkeys(name for row in rows for name in row))
    widths = {name: next(row[name].shape[1] for row in rows if name in row) for name in names}
    features = {
        name: tuple(
            np.asarray(row.get(name, np.zeros((len(video.frames), widths[name]))), np.float32)
            for row, video in zip(rows, videos, strict=True)
        )
        for name in names
    }
    told = " ".join(source.identity for source in [*sources, *([activations] if activations else [])])
    return Examples(tuple(videos), features, tuple(files), told)
