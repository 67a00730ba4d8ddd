"""Pictures to check the truth and the choice by eye.

`write`: the picks of one method, a row for each video. `side_by_side`: a column for each method's first pick.
`overview`: frames of each video at even distances. Red is what the truth calls bad, with its name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.benchmarks.pickers.peer_frames import time_s

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.benchmarks.trap_videos.trap_videos import TrapVideo

    Bgr = NDArray[np.uint8]

Moment = tuple[float, str]
"""Seconds, and what is wrong there, "" for nothing."""

Frames = Mapping[float, "NDArray[np.uint8]"]
"""Small pictures by their moments in seconds."""

FRAMES_PER_VIDEO = 16
TILE_PX = (160, 90)
BLOCKS = 4  # of rows, side by side
GREEN_BGR, RED_BGR, WHITE_BGR, BLACK_BGR = (60, 170, 60), (40, 40, 230), (255, 255, 255), (0, 0, 0)
FRAME_PX = 3
GAP_PX = 16
TEXT_SCALE = 0.4
HEAD_PX = 24


def frames_at(video: TrapVideo, moments_s: Sequence[float], size_px: tuple[int, int] = TILE_PX) -> Frames:
    """Decode a video once, for pictures of all moments, upright and filled up with white to one size."""
    wanted = sorted(set(moments_s))
    found: dict[float, Bgr] = {}
    with av.open(str(video.path)) as container:
        before: av.VideoFrame | None = None
        for frame in container.decode(video=0):
            if before is not None:
                due = wanted[len(found) : bisect_right(wanted, time_s(frame, container) - 1e-4)]
                found |= dict.fromkeys(due, _small(before, video, size_px)) if due else {}
            before = frame
    last = np.zeros(()) if before is None else _small(before, video, size_px)
    return found | dict.fromkeys(wanted[len(found) :], last)


def _small(frame: av.VideoFrame, video: TrapVideo, size_px: tuple[int, int]) -> Bgr:
    upright = np.rot90(frame.to_ndarray(format="bgr24"), frame.rotation // 90)
    height = size_px[1]
    width = min(size_px[0], height * video.width_px // video.height_px)
    small = cv2.resize(upright, (width, height), interpolation=cv2.INTER_AREA)
    room = size_px[0] - width
    return np.asarray(
        cv2.copyMakeBorder(small, 0, 0, room // 2, room - room // 2, cv2.BORDER_CONSTANT, value=WHITE_BGR),
        np.uint8,
    )


def write(path: Path, frames: Sequence[Frames], picks: Sequence[Sequence[Moment]], count: int) -> None:
    """Draw the moments picked in each video, `count` at most."""
    blank = np.full((TILE_PX[1], TILE_PX[0], 3), WHITE_BGR, np.uint8)
    rows = []
    for shown, moments in zip(frames, picks, strict=True):
        tiles = [tile(shown[moment_s], kind) for moment_s, kind in moments[:count]]
        rows.append(np.hstack([*tiles, *[blank] * (count - len(tiles)), blank[:, :GAP_PX]]))
    height = -(-len(rows) // BLOCKS)
    rows += [np.full_like(rows[0], WHITE_BGR)] * (height * BLOCKS - len(rows))
    blocks = [np.vstack(rows[start : start + height]) for start in range(0, len(rows), height)]
    _save(path, np.hstack(blocks))


def side_by_side(path: Path, frames: Sequence[Frames], firsts: Mapping[str, Sequence[Moment]]) -> None:
    """Draw the first pick of every method in every video; bars show also where they are cut off."""
    rows = [
        np.hstack([tile(shown[moments[n][0]], moments[n][1]) for moments in firsts.values()])
        for n, shown in enumerate(frames)
    ]
    _save(path, np.vstack([np.hstack([head(method) for method in firsts]), *rows]))


def overview(path: Path, videos: Sequence[TrapVideo]) -> None:
    """Draw frames of each video at even distances, beside what it is."""
    rows = []
    for video in videos:
        times_s = ((np.arange(FRAMES_PER_VIDEO) + 0.5) / FRAMES_PER_VIDEO * video.duration_s).tolist()
        shown = frames_at(video, times_s)
        facts = [video.case, video.coding, video.overlay, f"{video.duration_s:.0f} s {video.path.suffix}"]
        label = np.vstack([head(fact) for fact in facts])[: TILE_PX[1]]
        rows.append(np.hstack([label, *(tile(shown[time_s], video.kind_at(time_s)) for time_s in times_s)]))
    _save(path, np.vstack(rows))


def head(text: str, size_px: tuple[int, int] = (TILE_PX[0], HEAD_PX)) -> Bgr:
    """Write a line."""
    line = np.full((size_px[1], size_px[0], 3), WHITE_BGR, np.uint8)
    place = (2 * FRAME_PX, size_px[1] - 7)
    cv2.putText(line, text, place, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, BLACK_BGR, 1, cv2.LINE_AA)
    return line


def tile(bgr: Bgr, kind: str) -> Bgr:
    """Frame a picture in the color of the verdict; name what is wrong."""
    framed = bgr.copy()
    height, width = bgr.shape[:2]
    if kind:
        (text_px, line_px), _ = cv2.getTextSize(kind, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, 1)
        cv2.rectangle(framed, (0, 0), (text_px + 4 * FRAME_PX, line_px + 4 * FRAME_PX), RED_BGR, cv2.FILLED)
        place = (2 * FRAME_PX, line_px + 2 * FRAME_PX)
        cv2.putText(framed, kind, place, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, WHITE_BGR, 1, cv2.LINE_AA)
    cv2.rectangle(framed, (0, 0), (width - 1, height - 1), RED_BGR if kind else GREEN_BGR, FRAME_PX)
    return framed


def _save(path: Path, bgr: Bgr) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), bgr)
