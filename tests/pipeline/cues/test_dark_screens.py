"""A recording of a dark screen is neither black nor blank; black frames are."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures
from worker.pipeline.container.probe import probe
from worker.pipeline.cues.defects import defects
from worker.pipeline.video.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Candidate, Rgb


def recorded(tmp_path: Path, frames: list[Rgb]) -> tuple[Candidate, ...]:
    """What a scan finds in a recording of a screen."""
    form = clips.Format(rate=Fraction(8), gop=24, options={"crf": "23"})
    return scan(probe(clips.write(tmp_path / "screen.mp4", frames, form))).candidates


def terminal(ground: int, ink: int, lines: int) -> list[Rgb]:
    """A terminal in which a line is typed."""
    screens = []
    for typed in range(24):
        screen = np.full((720, 1280, 3), ground, np.uint8)
        for row in range(lines):
            text = (
                "while queue: print(next(words))"[: 31 - 7 * (row % 3)] if row else "$ " + "x" * (typed // 2)
            )
            cv2.putText(
                screen, text, (40 + 40 * (row % 3), 40 + 20 * row), 0, 0.5, (ink,) * 3, 1, cv2.LINE_AA
            )
        screens.append(screen)
    return screens


@pytest.mark.parametrize(("ground", "ink"), [(0, 90), (0, 140), (8, 90), (12, 90), (20, 110), (30, 140)])
@pytest.mark.parametrize("lines", [12, 30])
def test_a_dark_recording_of_a_screen_has_candidates(
    tmp_path: Path, ground: int, ink: int, lines: int
) -> None:
    """Dim letters on next to black are all that there is to see."""
    wrong = [defects(one.cues) for one in recorded(tmp_path, terminal(ground, ink, lines))]

    # A drawn ground of some light is the look of a title card, which is not held against a whole video.
    assert all(set(names) <= {"title card"} for names in wrong)


@pytest.mark.parametrize("what", ["nothing", "grain", "a caption", "fading footage"])
def test_black_frames_are_still_black(tmp_path: Path, what: str) -> None:
    """They have no letters all over."""
    rng = np.random.default_rng(0)
    caption = np.zeros((720, 1280, 3), np.uint8)
    cv2.putText(caption, "And then, all of a sudden", (300, 650), 0, 1.3, (230, 230, 230), 2, cv2.LINE_AA)
    footage = pictures.footage("bigbuckbunny", 1, size=(1280, 720))[0]
    frames = {
        "nothing": [np.zeros((720, 1280, 3), np.uint8)] * 24,
        "grain": [rng.normal(6, 4, (720, 1280, 3)).clip(0, 255).astype(np.uint8) for _ in range(24)],
        "a caption": [caption] * 24,
        "fading footage": [(footage * 0.06).astype(np.uint8)] * 24,
    }[what]

    assert all("black" in defects(one.cues) for one in recorded(tmp_path, frames))
