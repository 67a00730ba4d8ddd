"""Order any pictures by the models that judge frames: a designer's variants, or frames beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.errors import UnreadablePicture
from worker.pipeline.cues.exposure import exposure
from worker.pipeline.cues.sharpness import sharpness
from worker.pipeline.display.small_frames import PIXELS
from worker.pipeline.frames import Candidate, Cues
from worker.pipeline.picture_file import read_small
from worker.pipeline.scoring.models import score
from worker.pipeline.selection.reasons import ONLY_CHOICE, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb, Scored
    from worker.pipeline.picture_file import SmallPicture
    from worker.pipeline.scoring.models import Models

# What only a video tells: how a frame compares with those around it, and where in the video it lies.
VIDEO_PARTS = frozenset({"stillness", "sharpness"})


@dataclass(frozen=True, slots=True)
class RankedPicture:
    """A picture in its place."""

    path: Path  #: as it was given
    rank: int  #: 1 = best; pictures of the same content share it
    width_px: int
    height_px: int
    scored: Scored  #: without the parts that only a video has; faces in pixels of the small picture
    reasons: tuple[str, ...]  #: what it has over the next one; empty for the last


@dataclass(frozen=True, slots=True)
class RefusedPicture:
    """A picture that could not be read, and why."""

    path: Path
    error: UnreadablePicture


def rank_pictures(
    paths: Sequence[Path],
    title: str,
    models: Models,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[list[RankedPicture], list[RefusedPicture]]:
    """Order pictures, best first; those that cannot be read are told apart, and do not stop the others.

    Args:
        paths: of files in the formats that `picture_file` reads.
        title: what the pictures are to show; empty where it does not matter.
        models: what judges.
        on_progress: gets the share of the pictures that the model has seen, 0..1.
    """
    read: list[tuple[Path, SmallPicture]] = []
    refused: list[RefusedPicture] = []
    for path in paths:
        try:
            read.append((path, read_small(path, PIXELS)))
        except UnreadablePicture as error:
            refused.append(RefusedPicture(path, error))
    if not read:
        return [], refused
    # Scores compare a picture with the others, among which one that was given twice must count once.
    number_of: dict[tuple[tuple[int, ...], bytes], int] = {}
    numbers = [number_of.setdefault((one.rgb.shape, one.rgb.tobytes()), len(number_of)) for _, one in read]
    distinct = [read[numbers.index(number)][1].rgb for number in range(len(number_of))]
    candidates = [_candidate(number, rgb) for number, rgb in enumerate(distinct)]
    scored = [_of_picture(one) for one in score(candidates, title, models, on_progress)]
    order = sorted(range(len(scored)), key=lambda number: -scored[number].score)
    why = dict(zip(order, explain(order, scored, {}), strict=True))
    ranked = [
        RankedPicture(
            path,
            order.index(number) + 1,
            picture.width_px,
            picture.height_px,
            scored[number],
            tuple(reason for reason in why[number].reasons if reason != ONLY_CHOICE),
        )
        for (path, picture), number in zip(read, numbers, strict=True)
    ]
    return sorted(ranked, key=lambda one: one.rank), refused


def _candidate(number: int, rgb: Rgb) -> Candidate:
    """Measure the light of a picture; each is a moment and a shot of its own, and stands still."""
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    cues = Cues(
        **exposure(luma)._asdict(),
        sharpness=sharpness(luma),
        relative_sharpness=1.0,
        stillness=1.0,
        transition=0.0,
        color_bars=0.0,
        title_card=0.0,
        blockiness=0.0,
    )
    return Candidate(float(number), number, rgb, cues)


def _of_picture(scored: Scored) -> Scored:
    """Take away the parts that only a video has."""
    parts = {name: value for name, value in scored.parts.items() if name not in VIDEO_PARTS}
    return replace(scored, parts=parts, score=sum(parts.values()))
