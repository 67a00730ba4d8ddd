"""Pictures to check the truth and the choice by eye: one row for each trap video.

`write`: left, frames at even distances; right, one method's picks. `side_by_side`: a column for each method's
first pick. Green is what the truth calls good, red what it calls bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from trap_videos import TrapVideo

Moment = tuple[float, str]
"""Seconds, and what is wrong there, "" for nothing."""

FRAMES_PER_VIDEO = 20
TILE_PX = (144, 81)
GREEN_BGR, RED_BGR, WHITE_BGR, BLACK_BGR = (60, 170, 60), (40, 40, 230), (255, 255, 255), (0, 0, 0)
FRAME_PX = 4
GAP_PX = 16
TEXT_SCALE = 0.4
HEAD_PX = 24


def write(path: Path, rows: Sequence[tuple[TrapVideo, Sequence[Moment]]], count: int) -> None:
    """Draw the videos with the moments picked in each, `count` at most, as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([_row(video, picks, count) for video, picks in rows]))


def side_by_side(path: Path, videos: Sequence[TrapVideo], firsts: Mapping[str, Sequence[Moment]]) -> None:
    """Draw the first pick of every method in every video, as a PNG; bars show also where they are cut off."""
    head = np.hstack([_head(method) for method in firsts])
    rows = [
        np.hstack(_tiles(video, [moments[number] for moments in firsts.values()]))
        for number, video in enumerate(videos)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([head, *rows]))


def _head(text: str) -> NDArray[np.uint8]:
    head = np.full((HEAD_PX, TILE_PX[0], 3), WHITE_BGR, np.uint8)
    place = (FRAME_PX, HEAD_PX - 2 * FRAME_PX)
    cv2.putText(head, text, place, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, BLACK_BGR, 1, cv2.LINE_AA)
    return head


def _row(video: TrapVideo, picks: Sequence[Moment], count: int) -> NDArray[np.uint8]:
    times_s = (np.arange(FRAMES_PER_VIDEO) + 0.5) / FRAMES_PER_VIDEO * video.duration_s
    tiles = _tiles(video, [*((time_s, video.kind_at(time_s)) for time_s in times_s), *picks[:count]])
    blank = np.full_like(tiles[0], WHITE_BGR)
    picked = tiles[FRAMES_PER_VIDEO:] + [blank] * (count - len(picks))
    return np.hstack([*tiles[:FRAMES_PER_VIDEO], blank[:, :GAP_PX], *picked])


def _tiles(video: TrapVideo, moments: Sequence[Moment]) -> list[NDArray[np.uint8]]:
    with av.open(str(video.path)) as container:
        frames = [cv2.resize(f.to_ndarray(format="bgr24"), TILE_PX) for f in container.decode(video=0)]
    return [_tile(frames[video.frame_at(time_s)], kind) for time_s, kind in moments]


def _tile(bgr: NDArray[np.uint8], kind: str) -> NDArray[np.uint8]:
    tile = bgr.copy()
    (width, height), _ = cv2.getTextSize(kind, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, 1)
    if kind:
        cv2.rectangle(tile, (0, 0), (width + 2 * FRAME_PX, height + 2 * FRAME_PX), RED_BGR, cv2.FILLED)
        place = (FRAME_PX, height + FRAME_PX)
        cv2.putText(tile, kind, place, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, WHITE_BGR, 1, cv2.LINE_AA)
    cv2.rectangle(tile, (0, 0), (TILE_PX[0] - 1, TILE_PX[1] - 1), RED_BGR if kind else GREEN_BGR, FRAME_PX)
    return tile
