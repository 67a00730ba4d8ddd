"""Bad stretches of video with known truth: footage faded, blended, blurred, darkened, broken or boxed.

Each trap takes two pieces of footage and returns them with something bad in, after or between them, every
frame beside the name of what is wrong with it, "" where nothing is. Deliberately not `worker.weights.damage`,
which the bundled model learned from: other drawings, other fonts, other strengths, and in motion.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

RATE = 25  #: frames per second
WIDTH_PX, HEIGHT_PX = 640, 360
PIECE_FRAMES = 4 * RATE  #: what a trap may use of each piece

GOOD = ""
Labelled = tuple[str, "Rgb"]
Trap = Callable[["Sequence[Rgb]", "Sequence[Rgb]", "Generator"], list[Labelled]]

# From here on a gradual damage is plain to see at the size of a thumbnail; below, a frame counts as good.
FADED_REST = 0.75  # share of the picture that is left in a fade
BLENDED_SHARE = 0.15  # share of the weaker picture in a dissolve
DEFOCUS_PX = 2.5  # sigma of the blur at 640 px

WHITE = 255


def seconds(rng: Generator, low: float, high: float) -> int:
    """Return a number of frames."""
    return int(rng.uniform(low, high) * RATE)


def _mixed(rgb: Rgb, ground: Rgb | float, rest: float) -> Rgb:
    mixed: Rgb = np.rint(rgb * rest + np.asarray(ground, np.float32) * (1 - rest)).astype(np.uint8)
    return mixed


def _good(frames: Sequence[Rgb]) -> Iterator[Labelled]:
    return ((GOOD, rgb) for rgb in frames)


def _lead(footage: Sequence[Rgb], rng: Generator) -> list[Rgb]:
    """Return the undamaged seconds before or after the bad stretch."""
    return list(footage[: seconds(rng, 0.9, 1.5)])


def between(
    kind: str, before: Sequence[Rgb], bad: Sequence[Rgb], after: Sequence[Rgb], rng: Generator
) -> list[Labelled]:
    """Put bad frames between two pieces, cut hard."""
    bad_frames = [(kind, rgb) for rgb in bad]
    return [*_good(_lead(before, rng)), *bad_frames, *_good(_lead(after, rng))]


def _fade(
    kind: str, ground: int, before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator
) -> list[Labelled]:
    """Fade out, hold, fade in."""
    first, second = _lead(before, rng), _lead(after, rng)
    out, into = seconds(rng, 0.5, 1.4), seconds(rng, 0.5, 1.4)
    ending = before[len(first) : len(first) + out]
    rests = [1 - (index + 1) / out for index in range(len(ending))]
    faded = [_mixed(rgb, ground, rest) for rgb, rest in zip(ending, rests, strict=True)]
    held = [np.full_like(before[0], ground)] * seconds(rng, 0.1, 0.5)
    rising = np.linspace(0, 1, into)
    faded_in = [_mixed(rgb, ground, rest) for rgb, rest in zip(after[:into], rising, strict=True)]
    planted = zip([*rests, *[0.0] * len(held), *rising], [*faded, *held, *faded_in], strict=True)
    labelled = [(kind if rest < FADED_REST else GOOD, rgb) for rest, rgb in planted]
    return [*_good(first), *labelled, *_good(after[into : into + len(second)])]


def fade_black(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """From one piece through black to the other."""
    return _fade("fade to black", 0, before, after, rng)


def fade_white(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """From one piece through white to the other."""
    return _fade("fade to white", WHITE, before, after, rng)


def dissolve(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """From one piece into the other, both moving on."""
    first, second = _lead(before, rng), _lead(after, rng)
    count = seconds(rng, 0.4, 2.2)
    ending = before[len(first) : len(first) + count]
    planted: list[Labelled] = []
    for old, new, share in zip(ending, after, np.linspace(0, 1, len(ending)), strict=False):
        is_bad = BLENDED_SHARE < share < 1 - BLENDED_SHARE
        planted.append(("dissolve" if is_bad else GOOD, _mixed(old, new, 1 - share)))
    return [*_good(first), *planted, *_good(after[count : count + len(second)])]


def black(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """Nothing at all."""
    level = int(rng.integers(0, 8))
    return between("black", before, [np.full_like(before[0], level)] * seconds(rng, 0.6, 2), after, rng)


def dark_noise(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """The lights are off: hardly any picture under the sensor's grain, new in every frame."""
    rest, sigma = rng.uniform(0.04, 0.14), rng.uniform(4, 10)
    dark = []
    for rgb in before[: seconds(rng, 1, 2.5)]:
        grain = rng.standard_normal(rgb.shape, np.float32) * np.float32(sigma)
        dark.append(np.clip(rgb * rest + grain, 0, 255).astype(np.uint8))
    return between("dark noise", before, dark, after, rng)


def white_flash(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """A camera's flash, or a flash between two takes: white within a few frames, and back."""
    start, count = len(_lead(before, rng)), seconds(rng, 0.3, 0.8)
    labelled: list[Labelled] = list(_good(before[:start]))
    for rgb, place in zip(before[start:], np.linspace(0, 1, count), strict=False):
        rest = 0.05 + 0.95 * abs(2 * place - 1)
        labelled.append(("white flash" if rest < FADED_REST else GOOD, _mixed(rgb, WHITE, rest)))
    return [*labelled, *_good(before[start + count : 2 * start + count])]


def gaussian_blur(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """Out of focus as a whole, then a good shot."""
    sigma = WIDTH_PX * rng.uniform(0.007, 0.016)
    blurred = [cv2.GaussianBlur(rgb, (0, 0), sigma) for rgb in before[: seconds(rng, 1, 2.5)]]
    return [*(("blur", np.asarray(rgb, np.uint8)) for rgb in blurred), *_good(_lead(after, rng))]


def _smear(rgb: Rgb, shift_px: tuple[float, float]) -> Rgb:
    """Blur along a straight movement."""
    half = max(1, int(np.hypot(*shift_px) / 2))
    reach = np.array(shift_px) / np.hypot(*shift_px) * half
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    start, end = (np.rint(half + side * reach).astype(int).tolist() for side in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.uint8)


def motion_blur(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """The camera swings to and fro faster than its shutter: smeared over 3 to 8 % of the width."""
    length, angle = WIDTH_PX * rng.uniform(0.03, 0.08), rng.uniform(-0.6, 0.6)
    step = np.array([np.cos(angle), np.sin(angle)]) * length
    swing = int(rng.integers(4, 8))  # frames from one turning point to the other

    def damage(rgb: Rgb, number: int) -> Rgb:
        place = abs((number + swing / 2) % (2 * swing) - swing) - swing / 2
        moved = cv2.warpAffine(
            rgb, np.float32([[1, 0, step[0] * place], [0, 1, step[1] * place]]), rgb.shape[1::-1],
            borderMode=cv2.BORDER_REFLECT,
        )  # fmt: skip
        return _smear(np.asarray(moved, np.uint8), (step[0], step[1]))

    # Half of the time it swings from the first frame of the shot, so that no sharp one gives it away.
    start, count = len(_lead(before, rng)) * int(rng.integers(2)), seconds(rng, 0.8, 2)
    bad = [("motion blur", damage(rgb, number)) for number, rgb in enumerate(before[start : start + count])]
    return [*_good(before[:start]), *bad, *_good(before[start + count : start + count + RATE])]


def whip_pan(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """The camera is torn from one piece to the other."""
    first, second = _lead(before, rng), _lead(after, rng)
    old, new = before[len(first)], after[0]
    wide = np.hstack([old, old[:, ::-1], new[:, ::-1], new])
    count = seconds(rng, 0.3, 0.8)
    step_px = 3 * WIDTH_PX / count
    swept = []
    for number in range(1, count):
        left = int(step_px * number)
        view = np.ascontiguousarray(wide[:, left : left + WIDTH_PX])
        swept.append(("whip pan", _smear(view, (min(step_px, 0.2 * WIDTH_PX), 0.0))))
    return [*_good(first), *swept, *_good(second)]


def defocus_pull(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """The lens hunts: out of focus and back in."""
    start, count = len(_lead(before, rng)), seconds(rng, 1.2, 2.4)
    strongest = WIDTH_PX * rng.uniform(0.01, 0.022)
    labelled = list(_good(before[:start]))
    for rgb, place in zip(before[start:], np.linspace(0, np.pi, count), strict=False):
        sigma = strongest * float(np.sin(place))
        blurred = cv2.GaussianBlur(rgb, (0, 0), max(sigma, 0.1))
        labelled.append(("defocus" if sigma > DEFOCUS_PX else GOOD, np.asarray(blurred, np.uint8)))
    return labelled


def frozen(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """The connection broke: one frame in coarse blocks stands still."""
    start = len(_lead(before, rng))
    coded = io.BytesIO()
    size = (WIDTH_PX // 2, HEIGHT_PX // 2) if rng.integers(2) else (WIDTH_PX, HEIGHT_PX)
    Image.fromarray(before[start]).resize(size).save(coded, "JPEG", quality=int(rng.integers(2, 7)))
    blocks = np.asarray(Image.open(coded).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.NEAREST))
    count = seconds(rng, 1, 2)
    bad = [("frozen", blocks)] * count
    return [*_good(before[:start]), *bad, *_good(before[start : 2 * start])]


def bars(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[Labelled]:
    """A shot between black bars: good as soon as they are cut off."""
    share = rng.uniform(0.09, 0.14)
    is_wide = bool(rng.integers(2))
    depth = int((HEIGHT_PX if is_wide else WIDTH_PX) * share)
    inner = (WIDTH_PX, HEIGHT_PX - 2 * depth) if is_wide else (WIDTH_PX - 2 * depth, HEIGHT_PX)
    border = (depth, depth, 0, 0) if is_wide else (0, 0, depth, depth)
    boxed = []
    for rgb in before[: seconds(rng, 1.2, 2.4)]:
        top, left = (HEIGHT_PX - inner[1]) // 2, (WIDTH_PX - inner[0]) // 2
        cut = np.ascontiguousarray(rgb[top : top + inner[1], left : left + inner[0]])
        boxed.append(cv2.copyMakeBorder(cut, *border, cv2.BORDER_CONSTANT))
    labelled = [("letterbox" if is_wide else "pillarbox", np.asarray(rgb, np.uint8)) for rgb in boxed]
    return [*labelled, *_good(_lead(after, rng))]
