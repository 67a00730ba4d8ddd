"""What is wrong with a thumbnail, read from its pixels: the wrong way up, colour, moment or picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import stamped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.support.media.odd_files.kind import Truth
    from worker.pipeline.frames import Rgb

REFUSED, WAY_UP, COLOUR, TIME, PICTURE = "refused", "way up", "colour", "time", "picture"
FAULTS = (REFUSED, WAY_UP, COLOUR, TIME, PICTURE)

_SMALL = (96, 54)  # pictures are compared at this size, where neither grain nor 4:2:0 counts
# A frame of the film is recognised from here on, also where a few pixels of its edge are cut.
_MIN_LIKENESS = 0.85
_CLEARLY_LIKER = 0.05  # than upright, or upright it is
_DAMAGED_LEVELS, _MAX_DAMAGED = 48.0, 0.1  # a share of the picture that is so far off is no fault of colour
_MAX_SHAPE_ERROR = 0.04
_MIN_SIZE = 0.4  #: share of the pixels: a thumbnail of the small copy in the file is another picture
_HALF_A_FRAME_S = 0.6 / stamped.RATE
_UNREAD_TIME_S = 0.2  # where the number cannot be read, neighbours are told apart no better
_COLOURFUL = 0.25  #: the share of the picture where an error of colour shows


@dataclass(frozen=True, slots=True)
class ThumbnailReading:
    """What was read from one thumbnail."""

    faults: tuple[str, ...]
    turn: str = ""  #: what a player would have to do to it; "" where it is upright
    frame: int | None = None  #: of the film
    time_error_s: float | None = None
    delta_e: float | None = None


def look_at(rgb: Rgb, time_s: float | None, truth: Truth, path: Path) -> ThumbnailReading:
    """Compare a thumbnail with what is true.

    Args:
        rgb: as its viewers see it.
        time_s: the moment that it is said to be of; None where nothing is said.
        truth: what the file shows.
        path: the file.
    """
    wanted = truth.look(stamped.frame(0))
    if not truth.is_measured:
        return ThumbnailReading(())
    references = _references(truth.look, truth.frames)
    turn, upright, likeness = _upright(rgb, references)
    best = int(likeness.argmax())
    is_small = upright.shape[0] * upright.shape[1] < _MIN_SIZE * wanted.shape[0] * wanted.shape[1]
    if is_small or likeness[best] < _MIN_LIKENESS or _shape_error(upright, wanted) > _MAX_SHAPE_ERROR:
        return ThumbnailReading((PICTURE,), turn)
    number = stamped.number_of(upright)
    if number is None or number >= truth.frames or likeness[number] < _MIN_LIKENESS:
        number = None
    frame = best if number is None else number
    shown = truth.look(stamped.frame(frame))
    if _damaged(upright, shown) > _MAX_DAMAGED:
        return ThumbnailReading((PICTURE,), turn, frame)
    error_s = _time_error_s(time_s, truth.times_s(path, frame))
    delta_e = colour_error(upright, shown)
    wrong = {
        WAY_UP: bool(turn),
        COLOUR: truth.max_delta_e is not None and delta_e > truth.max_delta_e,
        TIME: error_s is not None and abs(error_s) > (_UNREAD_TIME_S if number is None else _HALF_A_FRAME_S),
    }
    return ThumbnailReading(
        tuple(fault for fault, is_so in wrong.items() if is_so), turn, frame, error_s, delta_e
    )


def colour_error(rgb: Rgb, wanted: Rgb) -> float:
    """Measure the mean distance in CIELAB (1976): over all, or where there is most colour if that is more."""
    lab, true = (
        cv2.cvtColor(_small(one).astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for one in (rgb, wanted)
    )
    apart = np.linalg.norm(lab - true, axis=2)
    chroma = np.hypot(true[..., 1], true[..., 2])
    colourful = chroma >= np.quantile(chroma, 1 - _COLOURFUL)
    return float(max(apart.mean(), apart[colourful].mean()))


def _upright(rgb: Rgb, references: NDArray[np.float64]) -> tuple[str, Rgb, NDArray[np.float64]]:
    """Find which of the eight ways up shows a frame of the film."""
    found = {}
    for quarters in range(4):
        for is_mirrored in (False, True):
            turned = np.ascontiguousarray(np.rot90(rgb[:, ::-1] if is_mirrored else rgb, -quarters))
            found[_name(quarters, is_mirrored)] = turned, references @ _standardised(turned)
    likest = max(found, key=lambda name: found[name][1].max())
    if found[likest][1].max() < max(_MIN_LIKENESS, found[""][1].max() + _CLEARLY_LIKER):
        likest = ""
    return likest, *found[likest]


def _name(quarters: int, is_mirrored: bool) -> str:
    words = ["mirrored"] * is_mirrored + [f"turned by {90 * quarters}"] * bool(quarters)
    return " and ".join(words)


@lru_cache(maxsize=8)
def _references(look: Callable[[Rgb], Rgb], frames: int) -> NDArray[np.float64]:
    return np.stack([_standardised(look(stamped.frame(number))) for number in range(frames)])


def _standardised(rgb: Rgb) -> NDArray[np.float64]:
    """Flatten brightness so that the product of two pictures is their correlation."""
    gray = _small(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)).astype(np.float64).ravel()
    gray -= gray.mean()
    return gray / max(float(np.linalg.norm(gray)), 1e-9)


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def _shape_error(rgb: Rgb, wanted: Rgb) -> float:
    (height, width), (true_height, true_width) = rgb.shape[:2], wanted.shape[:2]
    return abs(width * true_height / (height * true_width) - 1)


def _damaged(rgb: Rgb, wanted: Rgb) -> float:
    """Measure the share of the picture that no change of brightness and contrast explains."""
    gray, true = (_small(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)).astype(np.float64) for one in (rgb, wanted))
    slope, offset = np.polyfit(gray.ravel(), true.ravel(), 1)
    return float((np.abs(gray * slope + offset - true) > _DAMAGED_LEVELS).mean())


def _time_error_s(time_s: float | None, due_s: tuple[float, ...]) -> float | None:
    if time_s is None or not due_s:
        return None
    return min((time_s - due for due in due_s), key=abs)
