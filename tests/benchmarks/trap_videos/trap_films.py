"""The frames of a trap video: an opening, traps in random order, an ending.

It opens with footage or as real videos do (black, a logo, a title, bars); each trap stands between two pieces
of footage; it may end in a fade or with credits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.trap_videos import bad_frames, drawn_cards
from tests.benchmarks.trap_videos.bad_frames import FIRST, GOOD, NEITHER, RATE, Card, Trap, TrapFrame, seconds
from tests.benchmarks.trap_videos.clip_footage import piece

if TYPE_CHECKING:
    from numpy.random import Generator

    from tests.benchmarks.trap_videos.trap_recipes import Recipe
    from worker.pipeline.frames import Rgb

FADE = "fade to black"
FADE_S = (0.4, 1.5)
CARDS: dict[str, Card] = {
    "black": bad_frames.black_card,
    "color bars": drawn_cards.color_bars,
    "title card": drawn_cards.title_card,
    "credits": drawn_cards.credits_roll,
    "logo": drawn_cards.logo_slate,
}
TRAPS: tuple[Trap, ...] = (
    bad_frames.fade_black,
    bad_frames.fade_white,
    bad_frames.dissolve,
    bad_frames.dark_noise,
    bad_frames.white_flash,
    bad_frames.gaussian_blur,
    bad_frames.motion_blur,
    bad_frames.defocus_pull,
    bad_frames.whip_pan,
    bad_frames.frozen,
    bad_frames.bars,
    *(bad_frames.carded(kind, card, 1, 3) for kind, card in CARDS.items()),
)

_Take = Callable[[], "Sequence[Rgb]"]


def film(recipe: Recipe, shape: tuple[int, int], rng: Generator) -> tuple[list[TrapFrame], list[str]]:
    """Return all frames, their pieces of footage numbered through, and the clip of each piece."""
    clips: list[str] = []
    turn = itertools.cycle(rng.permutation(len(recipe.clips)).tolist())

    def take() -> Sequence[Rgb]:
        clip = recipe.clips[next(turn)]
        clips.append(f"screen {len(clips)}" if recipe.case == "screen recording" else clip.name)
        return piece(clip, recipe.case, shape, rng)

    shown = list(_opening(recipe, shape, take, rng))
    if recipe.case == "short":
        rest = int(recipe.length_s * RATE) - len(shown)
        shown += [TrapFrame(GOOD, rgb, len(clips) - 1) for rgb in take()[: max(RATE // 2, rest)]]
        return shown, clips
    body = int((recipe.length_s - recipe.ending_s) * RATE)
    for number in _shuffled(len(TRAPS), rng):
        if len(shown) >= body:
            break
        first = len(clips)
        shown += _numbered(TRAPS[number](take(), take(), rng), first)
    return [*shown, *_ending(recipe, shape, take, rng, len(clips))], clips


def _numbered(planted: Sequence[TrapFrame], first: int) -> Iterator[TrapFrame]:
    return (one if one.piece == NEITHER else one._replace(piece=first + one.piece) for one in planted)


def _shuffled(count: int, rng: Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(count).tolist()


def _opening(recipe: Recipe, shape: tuple[int, int], take: _Take, rng: Generator) -> Iterator[TrapFrame]:
    count = int(recipe.lead_in_s * RATE)
    if recipe.lead_in == FADE:
        into = min(count, seconds(rng, *FADE_S))
        yield from [TrapFrame(FADE, np.zeros((*shape, 3), np.uint8), NEITHER)] * (count - into)
        yield from bad_frames.fade_in(take()[:into], piece=FIRST)
    elif recipe.lead_in and count:
        yield from (
            TrapFrame(recipe.lead_in, rgb, NEITHER) for rgb in CARDS[recipe.lead_in](shape, count, rng)
        )


def _ending(
    recipe: Recipe, shape: tuple[int, int], take: _Take, rng: Generator, number: int
) -> Iterator[TrapFrame]:
    count = int(recipe.ending_s * RATE)
    if recipe.ending == FADE:
        yield from bad_frames.fade_out(take()[: min(count, seconds(rng, *FADE_S))], piece=number)
    elif recipe.ending and count:
        yield from (TrapFrame(recipe.ending, rgb, NEITHER) for rgb in CARDS[recipe.ending](shape, count, rng))
