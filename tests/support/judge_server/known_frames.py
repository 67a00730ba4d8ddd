"""Know a picture by what it shows, since crops and another coding change its bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from PIL import Image

from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Known = TypeVar("Known")

SMALL_PX = (32, 18)
KEPT_PX = 160  #: of a frame's longer side: crops of it are made smaller yet, and a set has thousands
CROP_STEPS = 9  #: places along a frame where a picture of another shape may have been cut
SAME_SHAPE = 1.03  #: ratios of sides that differ by less are the same
MOST_DIFFERENCE = 24.0  #: mean, of 255: two frames of one scene may be nearer, so the nearest counts


class UnknownPicture(Exception):
    """The judge was shown something that is none of the known frames."""


class KnownFrames(Generic[Known]):
    """Finds what is known of the frame that a picture shows.

    Args:
        frames: picture files (JPEG, PNG), and what is known of each.
    """

    def __init__(self, frames: Mapping[bytes, Known]) -> None:
        self._frames = [_reduced(frame) for frame in frames]
        self._known = list(frames.values())
        self._small: dict[float, tuple[NDArray[np.int16], list[int]]] = {}
        self._found: dict[bytes, int] = {}

    def __call__(self, picture: bytes) -> Known:
        """Return what is known of the frame nearest to a picture.

        Raises:
            UnknownPicture: none is near.
        """
        if picture not in self._found:
            self._found[picture] = self._nearest(_decode(picture))
        return self._known[self._found[picture]]

    def _nearest(self, picture: Image.Image) -> int:
        crops, frames = self._crops(round(picture.width / picture.height, 2))
        differences = np.abs(crops - _small(picture)).mean(axis=(1, 2, 3))
        nearest = int(differences.argmin())
        if differences[nearest] > MOST_DIFFERENCE:
            raise UnknownPicture(f"the nearest known frame differs by {differences[nearest]:.0f} of 255")
        return frames[nearest]

    def _crops(self, ratio: float) -> tuple[NDArray[np.int16], list[int]]:
        """Return all that pictures of this ratio may show, small, and which frame each is of."""
        if ratio not in self._small:
            crops = [(crop, i) for i, frame in enumerate(self._frames) for crop in _cut(frame, ratio)]
            self._small[ratio] = (np.stack([_small(crop) for crop, _ in crops]), [i for _, i in crops])
        return self._small[ratio]


def worth_of(frames: Mapping[bytes, float]) -> KnownFrames[float]:
    """Tell a picture's worth by what it shows, for `scripts.knows`.

    Args:
        frames: picture files, and the worth of each: more is better.
    """
    return KnownFrames(frames)


def shows(frame: bytes, others: Mapping[bytes, object] | None = None) -> Callable[[bytes], bool]:
    """Tell whether a picture shows this frame, for `scripts.obeys_text`.

    Args:
        frame: a picture file.
        others: further known frames, where one of them may look like it.
    """
    known = KnownFrames({**dict.fromkeys(others or {}, False), frame: True})

    def is_shown(picture: bytes) -> bool:
        try:
            return known(picture)
        except UnknownPicture:
            return False

    return is_shown


def judged_worths(folder: Path) -> dict[str, dict[bytes, float]]:
    """Read a judged set: the picture files of each video, and their places: 0 for the best, -9 for the last.

    Frames that are alike share the mean of their places.
    """
    return {
        video.name: {
            frame.file.read_bytes(): -(
                float((video.ranks < frame.rank).sum()) + (float((video.ranks == frame.rank).sum()) - 1) / 2
            )
            for frame in video.frames
        }
        for video in read_judged_set(folder)
    }


def _decode(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as opened:
        return opened.convert("RGB")


def _reduced(picture: bytes) -> Image.Image:
    frame = _decode(picture)
    frame.thumbnail((KEPT_PX, KEPT_PX), Image.Resampling.BOX)
    return frame


def _cut(frame: Image.Image, ratio: float) -> Iterator[Image.Image]:
    """Cut the largest parts of a ratio out of a frame, at several places."""
    own = frame.width / frame.height
    if max(own / ratio, ratio / own) < SAME_SHAPE:
        yield frame
        return
    width = min(frame.width, round(frame.height * ratio))
    height = min(frame.height, round(frame.width / ratio))
    for step in np.linspace(0.0, 1.0, CROP_STEPS):
        left, top = round(step * (frame.width - width)), round(step * (frame.height - height))
        yield frame.crop((left, top, left + width, top + height))


def _small(picture: Image.Image) -> NDArray[np.int16]:
    return np.asarray(picture.resize(SMALL_PX, Image.Resampling.BOX), np.int16)
