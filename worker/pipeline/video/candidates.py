"""Turns the frames that a scan kept into candidates: upright, without bars, measured.

Runs in the decode process.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.confinement.cores import available_cores
from worker.pipeline.container.packets import MAX_THREADS
from worker.pipeline.cues import exposure, patterns
from worker.pipeline.cues.bars.rectangles import find_pictures, inside
from worker.pipeline.cues.decoder_fill import decoder_fill
from worker.pipeline.cues.sharpness import relative_sharpness, sharpness
from worker.pipeline.display.orientation import upright
from worker.pipeline.frames import Candidate, Cues
from worker.pipeline.video.shot_starts import shot_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Active, Rgb
    from worker.pipeline.media import Video
    from worker.pipeline.video.frame_window import WindowedFrame


def measure_candidates(
    frames: Sequence[WindowedFrame], shot_starts_s: Sequence[float], video: Video
) -> tuple[Candidate, ...]:
    """Trim bars and measure the cues, shot by shot.

    Args:
        frames: in order of time.
        shot_starts_s: start of each shot; the first is the first frame.
        video: tells how frames are turned and how their light is coded.

    Returns:
        A candidate for each frame, in the same order.
    """
    lumas = [np.ascontiguousarray(upright(judged.frame.luma, video)) for judged in frames]
    shots = [shot_at(shot_starts_s, judged.frame.time_s) for judged in frames]
    # What is bar is seen over long stretches only: a dark frame does not show it, nor does a still one.
    actives = find_pictures(lumas, [judged.frame.time_s for judged in frames], shots)
    groups = groupby(zip(frames, actives, shots, strict=True), key=itemgetter(2))
    with ThreadPoolExecutor(min(available_cores(), MAX_THREADS)) as pool:
        measured = [
            pool.submit(_of_shot, [(judged, active) for judged, active, _ in group], shot, video)
            for shot, group in groups
        ]
        return tuple(candidate for one in measured for candidate in one.result())


def _of_shot(frames: list[tuple[WindowedFrame, Active | None]], shot: int, video: Video) -> list[Candidate]:
    pictures = [_cut(upright(judged.frame.rgb(), video), active) for judged, active in frames]
    # Cues are measured on the picture as it is judged: tone-mapped, in full range, without bars.
    lumas = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8) for picture in pictures]
    lights = [exposure.exposure(luma) for luma in lumas]
    details = [sharpness(luma) for luma in lumas]
    return [
        Candidate(
            time_s=judged.frame.time_s,
            shot=shot,
            rgb=picture,
            cues=Cues(
                **light._asdict(),
                sharpness=detail,
                relative_sharpness=share,
                stillness=judged.stillness,
                transition=judged.transition,
                color_bars=patterns.color_bars_confidence(picture),
                title_card=patterns.title_card_confidence(luma),
                blockiness=patterns.blockiness(luma),
                writing=_writing(luma, light),
                decoder_fill=decoder_fill(judged.frame.luma, judged.frame.chroma),
                data_loss=float(judged.frame.is_damaged),
            ),
            active=active,
        )
        for (judged, active), picture, luma, light, detail, share in zip(
            frames, pictures, lumas, lights, details, relative_sharpness(details), strict=True
        )
    ]


def _writing(luma: NDArray[np.uint8], light: exposure.Exposure) -> float:
    is_possible = light.uniformity > patterns.WRITTEN_UNIFORMITY
    return patterns.writing_confidence(luma) if is_possible else 0.0


def _cut(rgb: Rgb, active: Active | None) -> Rgb:
    height, width = rgb.shape[:2]
    box = inside(active, width, height)
    return np.ascontiguousarray(rgb[box.top : box.bottom, box.left : box.right])
