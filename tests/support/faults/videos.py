"""Tiny videos that differ in their best moment, so that a journal tells which one was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.media import clips, pictures
from worker.demo.simulator import Media

if TYPE_CHECKING:
    from pathlib import Path

FRAME_RATE = 25
STEP = 4  #: frames; of each video, only the last so many show anything


def variants(folder: Path, count: int) -> list[Media]:
    """Write videos of growing length that are black up to their last few frames.

    Args:
        folder: where to.
        count: how many.
    """
    return [_variant(folder / f"variant-{number}.mp4", number) for number in range(count)]


def moment_is_of(video: Media, time_s: float) -> bool:
    """Return whether a moment is one that only this video can have been picked for."""
    return video.duration_s - STEP / FRAME_RATE <= time_s < video.duration_s


def _variant(path: Path, number: int) -> Media:
    dark = pictures.solid((0, 0, 0), STEP * number)
    clips.write(path, dark + pictures.footage("bikes", STEP, start=STEP * number))
    width_px, height_px = pictures.SIZE
    return Media(path, STEP * (number + 1) / FRAME_RATE, width_px, height_px, float(FRAME_RATE))
