"""Contact sheets, so that people can look: the frame of the film, ours, FFmpeg's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.media import stamped

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.formats.trial import ArmOutcome, KindResult
    from worker.pipeline.frames import Rgb

    Bgr = NDArray[np.uint8]

TILE_PX = (384, 216)
HEAD_PX = 24
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
RED_BGR, GREEN_BGR = (40, 40, 230), (60, 170, 60)
QUALITY = 85


def write(result: KindResult, folder: Path) -> None:
    """Write one JPEG: a row for each arm, what is right at its left, then what it picked."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(result, name, outcome) for name, outcome in result.outcomes.items()]
    width = max(row.shape[1] for row in rows)
    padded = [
        cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], cv2.BORDER_CONSTANT, value=WHITE)
        for row in rows
    ]
    target = folder / f"{result.kind.file_name.rpartition('.')[0]}.jpg"
    cv2.imwrite(str(target), np.vstack(padded), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def _row(result: KindResult, name: str, outcome: ArmOutcome) -> Bgr:
    tiles = []
    for thumbnail, seen in zip(outcome.thumbnails, outcome.seen, strict=True):
        number = seen.frame or 0
        true = result.kind.truth.look(stamped.frame(number))
        said = ", ".join(seen.faults) or "right"
        color = RED_BGR if seen.faults else GREEN_BGR
        moment = "" if thumbnail.time_s is None else f" at {thumbnail.time_s:.2f} s"
        tiles += [_tile(true, f"{result.kind.name}: frame {number}", BLACK)]
        tiles += [_tile(thumbnail.rgb, f"{name}{moment}: {said}", color)]
    if outcome.told:
        blank = np.full((TILE_PX[1], TILE_PX[0], 3), WHITE, np.uint8)
        tiles = [_tile(result.kind.truth.look(stamped.frame(0)), result.kind.name, BLACK)]
        tiles += [_tile(blank, f"{name}: {outcome.told}", RED_BGR)]
    return np.hstack(tiles)


def _tile(rgb: Rgb, text: str, color: tuple[int, int, int]) -> Bgr:
    scale = min(TILE_PX[0] / rgb.shape[1], TILE_PX[1] / rgb.shape[0])
    size = [max(1, round(side * scale)) for side in (rgb.shape[1], rgb.shape[0])]
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    left, top = (TILE_PX[0] - size[0]) // 2, (TILE_PX[1] - size[1]) // 2
    tile = np.full((TILE_PX[1] + HEAD_PX, TILE_PX[0], 3), WHITE, np.uint8)
    tile[HEAD_PX + top : HEAD_PX + top + size[1], left : left + size[0]] = small
    cv2.putText(tile, text, (4, HEAD_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.4, color, 1, cv2.LINE_AA)
    return tile
