"""Bad stretches of video with known truth: footage faded, blended, blurred, darkened, broken or boxed.

Each trap takes two pieces of footage and returns them with something bad in, after or between them, each
frame with the name of what is wrong with it. Deliberately not `worker.weights.training.damage`, which the
bundled model learned from: other drawings, other fonts, other strengths, and in motion.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

Card = Callable[[tuple[int, int], int, "Generator"], "list[Rgb]"]
"""Draws a number of frames of a (height, width)."""

RATE = 25  #: frames per second
LONG_SIDE_PX = 640
SHOT_S = (0.4, 3.0)  #: of good footage beside a bad stretch

GOOD = ""
FIRST, SECOND, NEITHER = 0, 1, -1


class TrapFrame(NamedTuple):
    """A frame of a trap."""

    kind: str  #: what is wrong with it; "" where nothing is
    rgb: Rgb
    piece: int  #: the footage that it shows unharmed: the first piece, the second, or neither


Trap = Callable[["Sequence[Rgb]", "Sequence[Rgb]", "Generator"], list[TrapFrame]]

# From here on a gradual damage is plain to see at the size of a thumbnail; below, a frame counts as good.
FADED_REST = 0.75  # share of the picture that is left in a fade
BLENDED_SHARE = 0.15  # share of the weaker picture in a dissolve
DEFOCUS_PX = 2.5  # sigma of the blur at 640 px

WHITE = 255
GROUNDS = {"fade to black": 0, "fade to white": WHITE}
BAR_SHARE = (0.09, 0.14)


def seconds(rng: Generator, low: float, high: float) -> int:
    """Return a number of frames."""
    return int(rng.uniform(low, high) * RATE)


def _mixed(rgb: Rgb, ground: Rgb | float, rest: float) -> Rgb:
    mixed: Rgb = np.rint(rgb * rest + np.asarray(ground, np.float32) * (1 - rest)).astype(np.uint8)
    return mixed


def _good(frames: Sequence[Rgb], piece: int) -> Iterator[TrapFrame]:
    return (TrapFrame(GOOD, rgb, piece) for rgb in frames)


def _judged(kind: str, rgb: Rgb, piece: int, *, is_bad: bool) -> TrapFrame:
    return TrapFrame(kind, rgb, NEITHER) if is_bad else TrapFrame(GOOD, rgb, piece)


def _lead(footage: Sequence[Rgb], rng: Generator) -> list[Rgb]:
    """Return the undamaged seconds before or after the bad stretch; of a short piece, half."""
    return list(footage[: min(seconds(rng, *SHOT_S), len(footage) // 2)])


def between(
    kind: str, before: Sequence[Rgb], bad: Sequence[Rgb], after: Sequence[Rgb], rng: Generator
) -> list[TrapFrame]:
    """Put bad frames between two pieces, cut hard."""
    planted = [TrapFrame(kind, rgb, NEITHER) for rgb in bad]
    return [*_good(_lead(before, rng), FIRST), *planted, *_good(_lead(after, rng), SECOND)]


def carded(kind: str, card: Card, low_s: float, high_s: float) -> Trap:
    """Make a trap of something drawn, which stands between two pieces."""

    def trap(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
        height, width = before[0].shape[:2]
        drawn = card((height, width), seconds(rng, low_s, high_s), rng)
        return between(kind, before, drawn, after, rng)

    return trap


def fade_out(footage: Sequence[Rgb], kind: str = "fade to black", piece: int = FIRST) -> list[TrapFrame]:
    """Darken footage to black, or lighten it to white, evenly."""
    return fade_in(footage[::-1], kind, piece)[::-1]


def fade_in(footage: Sequence[Rgb], kind: str = "fade to black", piece: int = SECOND) -> list[TrapFrame]:
    """Let footage come out of black or white, evenly."""
    rests = np.linspace(0, 1, len(footage))
    ground = GROUNDS[kind]
    return [
        _judged(kind, _mixed(rgb, ground, rest), piece, is_bad=rest < FADED_REST)
        for rgb, rest in zip(footage, rests, strict=True)
    ]


def _fade(kind: str, before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """Fade out, hold, fade in."""
    first, second = _lead(before, rng), _lead(after, rng)
    out, into = seconds(rng, 0.5, 1.4), seconds(rng, 0.5, 1.4)
    held = [TrapFrame(kind, np.full_like(before[0], GROUNDS[kind]), NEITHER)] * seconds(rng, 0.1, 0.5)
    left = fade_out(before[len(first) : len(first) + out], kind)
    come = fade_in(after[:into], kind)
    return [*_good(first, FIRST), *left, *held, *come, *_good(after[into : into + len(second)], SECOND)]


def fade_black(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """From one piece through black to the other."""
    return _fade("fade to black", before, after, rng)


def fade_white(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """From one piece through white to the other."""
    return _fade("fade to white", before, after, rng)


def dissolve(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """From one piece into the other, both moving on."""
    first, second = _lead(before, rng), _lead(after, rng)
    count = seconds(rng, 0.4, 2.2)
    ending = before[len(first) : len(first) + count]
    planted: list[TrapFrame] = []
    for old, new, share in zip(ending, after, np.linspace(0, 1, len(ending)), strict=False):
        is_bad = BLENDED_SHARE < share < 1 - BLENDED_SHARE
        piece = FIRST if share < 0.5 else SECOND
        planted.append(_judged("dissolve", _mixed(old, new, 1 - share), piece, is_bad=is_bad))
    return [*_good(first, FIRST), *planted, *_good(after[count : count + len(second)], SECOND)]


def black_card(shape: tuple[int, int], count: int, rng: Generator) -> list[Rgb]:
    """Nothing at all."""
    return [np.full((*shape, 3), int(rng.integers(0, 8)), np.uint8)] * count


black = carded("black", black_card, 0.6, 2.5)


def dark_noise(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """The lights are off: hardly any picture under the sensor's grain, new in every frame."""
    rest, sigma = rng.uniform(0.04, 0.14), rng.uniform(4, 10)
    dark = []
    for rgb in before[: seconds(rng, 1, 3)]:
        grain = rng.standard_normal(rgb.shape, np.float32) * np.float32(sigma)
        dark.append(np.clip(rgb * rest + grain, 0, 255).astype(np.uint8))
    return between("dark noise", before, dark, after, rng)


def white_flash(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """A camera's flash, or a flash between two takes: white within a few frames, and back."""
    start, count = len(_lead(before, rng)), seconds(rng, 0.3, 0.8)
    shown = list(_good(before[:start], FIRST))
    for rgb, place in zip(before[start:], np.linspace(0, 1, count), strict=False):
        rest = 0.05 + 0.95 * abs(2 * place - 1)
        shown.append(_judged("white flash", _mixed(rgb, WHITE, rest), FIRST, is_bad=rest < FADED_REST))
    return [*shown, *_good(before[start + count : 2 * start + count], FIRST)]


def gaussian_blur(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """Out of focus as a whole, then a good shot."""
    sigma = LONG_SIDE_PX * rng.uniform(0.007, 0.016)
    blurred = [cv2.GaussianBlur(rgb, (0, 0), sigma) for rgb in before[: seconds(rng, 1, 3)]]
    shown = [TrapFrame("blur", np.asarray(rgb, np.uint8), NEITHER) for rgb in blurred]
    return [*shown, *_good(_lead(after, rng), SECOND)]


def _smear(rgb: Rgb, shift_px: tuple[float, float]) -> Rgb:
    """Blur along a straight movement."""
    half = max(1, int(np.hypot(*shift_px) / 2))
    reach = np.array(shift_px) / np.hypot(*shift_px) * half
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    start, end = (np.rint(half + side * reach).astype(int).tolist() for side in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.uint8)


def motion_blur(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """The camera swings to and fro faster than its shutter: smeared over 3 to 8 % of the width."""
    length, angle = LONG_SIDE_PX * rng.uniform(0.03, 0.08), rng.uniform(-0.6, 0.6)
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
    swung = [damage(rgb, number) for number, rgb in enumerate(before[start : start + count])]
    bad = [TrapFrame("motion blur", rgb, NEITHER) for rgb in swung]
    rest = before[start + count : start + count + RATE]
    return [*_good(before[:start], FIRST), *bad, *_good(rest, FIRST)]


def whip_pan(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """The camera is torn from one piece to the other."""
    first, second = _lead(before, rng), _lead(after, rng)
    old, new = before[len(first)], after[0]
    wide = np.hstack([old, old[:, ::-1], new[:, ::-1], new])
    count = seconds(rng, 0.3, 0.8)
    width = old.shape[1]
    step_px = 3 * width / count
    swept = []
    for number in range(1, count):
        left = int(step_px * number)
        view = np.ascontiguousarray(wide[:, left : left + width])
        swept.append(TrapFrame("whip pan", _smear(view, (min(step_px, 0.2 * width), 0.0)), NEITHER))
    return [*_good(first, FIRST), *swept, *_good(second, SECOND)]


def defocus_pull(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """The lens hunts: out of focus and back in."""
    start, count = len(_lead(before, rng)), seconds(rng, 1.2, 2.4)
    strongest = LONG_SIDE_PX * rng.uniform(0.01, 0.022)
    shown = list(_good(before[:start], FIRST))
    for rgb, place in zip(before[start:], np.linspace(0, np.pi, count), strict=False):
        sigma = strongest * float(np.sin(place))
        blurred = np.asarray(cv2.GaussianBlur(rgb, (0, 0), max(sigma, 0.1)), np.uint8)
        shown.append(_judged("defocus", blurred, FIRST, is_bad=sigma > DEFOCUS_PX))
    return shown


def frozen(before: Sequence[Rgb], _after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """The connection broke: one frame in coarse blocks stands still."""
    start = len(_lead(before, rng))
    coded = io.BytesIO()
    height, width = before[0].shape[:2]
    size = (width // 2, height // 2) if rng.integers(2) else (width, height)
    Image.fromarray(before[start]).resize(size).save(coded, "JPEG", quality=int(rng.integers(2, 7)))
    blocks = np.asarray(Image.open(coded).resize((width, height), Image.Resampling.NEAREST))
    bad = [TrapFrame("frozen", blocks, NEITHER)] * seconds(rng, 1, 2.5)
    return [*_good(before[:start], FIRST), *bad, *_good(before[start : 2 * start], FIRST)]


def bars(before: Sequence[Rgb], after: Sequence[Rgb], rng: Generator) -> list[TrapFrame]:
    """A shot between black bars: good as soon as they are cut off."""
    is_wide, share = bool(rng.integers(2)), rng.uniform(*BAR_SHARE)
    boxed = [boxed_in(rgb, share, is_wide=is_wide) for rgb in before[: seconds(rng, 1.2, 3)]]
    kind = "letterbox" if is_wide else "pillarbox"
    return [*(TrapFrame(kind, rgb, FIRST) for rgb in boxed), *_good(_lead(after, rng), SECOND)]


def boxed_in(rgb: Rgb, share: float, *, is_wide: bool) -> Rgb:
    """Cover a share of the height (`is_wide`) or of the width at both ends with black."""
    boxed = rgb.copy()
    height, width = rgb.shape[:2]
    depth = int((height if is_wide else width) * share)
    if is_wide:
        boxed[:depth] = boxed[height - depth :] = 0
    else:
        boxed[:, :depth] = boxed[:, width - depth :] = 0
    return boxed
