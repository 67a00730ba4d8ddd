"""A result of the pipeline made by hand, for what only shows results."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.support.media import pictures
from worker.pipeline.frames import Box, Candidate, Crop, Cues, Face, Loser, Pick, Run, Scored
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.media import TransferFunction, Video

SIGHT = "lite #1 abc"  #: of the model that judged
CUES = Cues(
    brightness=0.5,
    contrast=0.5,
    clipped=0.0,
    uniformity=0.1,
    sharpness=0.5,
    relative_sharpness=1.0,
    stillness=0.9,
    transition=0.0,
    color_bars=0.0,
    title_card=0.0,
    blockiness=0.0,
)
FACE = Face(Box(100, 20, 140, 60), confidence=0.9)


def video(name: str = "holiday.mp4") -> Video:
    """Ten seconds of 320x180."""
    return Video(
        path=Path(name),
        duration_s=10.0,
        width_px=320,
        height_px=180,
        rotation_deg=0,
        sample_aspect_ratio=Fraction(1),
        frame_rate=Fraction(30000, 1001),
        is_vfr=False,
        is_interlaced=False,
        transfer=TransferFunction.SDR,
        codec="h264",
        start_s=0.0,
    )


def crop(aspect: str, box: Box, scale: int = 1) -> Crop:
    """A flat picture; its colour follows its width, so that crops of two shapes differ."""
    width, height = box.width * scale, box.height * scale
    (rgb,) = pictures.solid((width % 256, 90, 90), 1, size=(width, height))
    return Crop(aspect, box, width, height, encode_jpeg(rgb, 80))


def pick(rank: int, time_s: float, *, reasons: tuple[str, ...] = ("sharpness", "faces")) -> Pick:
    """A pick with a wide and a square crop, the square one at twice the size of its box."""
    parts = {"appeal": 1.25, "faces": 0.5, "defect": -0.75}
    crops = (crop("16:9", Box(0, 0, 320, 180)), crop("1:1", Box(90, 0, 270, 180), scale=2))
    return Pick(rank, time_s, int(time_s // 5), 1.0, parts, reasons, (FACE,), 320, 180, crops)


def loser(time_s: float, why: str, score: float = 0.5) -> Loser:
    """A candidate that lost."""
    scored = _scored(time_s, score, CUES)
    return Loser(scored.candidate, why, scored)


def _scored(time_s: float, score: float, cues: Cues) -> Scored:
    (rgb,) = pictures.solid((90, int(time_s * 20), 90), 1, size=(64, 36))
    candidate = Candidate(time_s, int(time_s // 5), rgb, cues)
    return Scored(candidate, np.ones(1, np.float32), (), {"appeal": score}, score)


def judged_run(scores: tuple[float, float] = (1.0, 0.9), cues: Cues = CUES) -> Run:
    """Return the same run with what its picks were measured to be."""
    whole = run()
    chosen = tuple(
        replace(_scored(one.time_s, score, cues), embedding=np.full(1, (-1) ** one.rank, np.float32))
        for one, score in zip(whole.picks, scores, strict=True)
    )
    picks = tuple(replace(one, score=score) for one, score in zip(whole.picks, scores, strict=True))
    return replace(whole, picks=picks, chosen=chosen, sight=SIGHT)


def run(name: str = "holiday.mp4", note: str = "") -> Run:
    """Two shots, two picks, three losers."""
    return Run(
        video=video(name),
        picks=(pick(1, 6.5), pick(2, 2.0)),
        losers=(loser(1.0, "outscored"), loser(2.5, "too like pick 2"), loser(7.0, "black, blurred", -2.0)),
        shot_starts_s=(0.0, 5.0),
        model="lite",
        timings_s={"probe": 0.01, "scan": 1.5},
        note=note,
    )
