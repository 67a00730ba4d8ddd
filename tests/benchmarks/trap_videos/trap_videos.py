"""Trap videos: films of real footage with bad stretches, the truth known for every frame.

All of a video follows from its recipe, so that it is made once and kept.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tests.benchmarks.speed import footage
from tests.benchmarks.trap_videos import (
    bad_frames,
    clip_footage,
    codings,
    drawn_cards,
    overlays,
    screen_recording,
    trap_films,
)
from tests.benchmarks.trap_videos.bad_frames import GOOD, LONG_SIDE_PX, NEITHER, RATE
from tests.benchmarks.trap_videos.trap_recipes import recipes
from tests.support.media import clips as clip_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from tests.benchmarks.trap_videos.trap_recipes import Recipe
    from worker.pipeline.frames import Rgb

CACHE = footage.CACHE / "traps"
SHORT_SIDE_PX = 360
REFERENCE_PX = 32  #: each way
FRAME_TOLERANCE = 0.01  #: of a frame
BARRED = ("letterbox", "pillarbox")
MIN_SHOT_S = 1.0  #: of unharmed footage in a row, to be called a good shot
_MADE_BY = (bad_frames, clip_footage, codings, drawn_cards, overlays, screen_recording, trap_films)


@dataclass(frozen=True)
class TrapVideo:
    """A made video and what is true of it."""

    path: Path
    group: int  #: of the clips that it is made of
    case: str
    coding: str
    overlay: str
    width_px: int  #: as shown
    height_px: int
    kinds: tuple[str, ...]  #: at every 1/25 s, what is wrong; "" where it is good
    shots: tuple[int, ...]  #: likewise, the number of the piece of footage; -1 for none
    clips: tuple[str, ...]  #: of each piece of footage, where it is from
    captioned: tuple[bool, ...]  #: at every 1/25 s, whether a subtitle shows

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.kinds) / RATE

    def frame_at(self, time_s: float) -> int:
        """The number of the frame shown at a moment, whose times are rounded down to a microsecond."""
        return min(len(self.kinds) - 1, int(time_s * RATE + FRAME_TOLERANCE))

    def kind_at(self, time_s: float) -> str:
        """What is wrong with the frame shown at a moment, bars apart."""
        kind = self.kinds[self.frame_at(time_s)]
        return GOOD if kind in BARRED else kind

    def is_barred_at(self, time_s: float) -> bool:
        """Whether bars lie over the frame."""
        return self.overlay in BARRED or self.kinds[self.frame_at(time_s)] in BARRED

    @cached_property
    def good_shots(self) -> frozenset[int]:
        """The shots of which a while in a row is unharmed."""
        runs = itertools.groupby(zip(self.shots, self.kinds, strict=True))
        lengths = [(shot, kind, sum(1 for _ in run)) for (shot, kind), run in runs]
        return frozenset(
            shot
            for shot, kind, length in lengths
            if shot != NEITHER and kind == GOOD and length >= MIN_SHOT_S * RATE
        )

    @property
    def has_three_good_shots(self) -> bool:
        """Whether good shots of three clips are there, which nobody could call alike."""
        return len({self.clips[shot] for shot in self.good_shots}) >= 3

    @cached_property
    def references(self) -> NDArray[np.uint8]:
        """All frames as they should be shown, without what lies over them, by `small_grey`."""
        return np.asarray(np.load(self.path.with_suffix(".npy")), np.uint8)


def trap_videos(clips: Sequence[Path], seeds: Sequence[int], count: int) -> list[TrapVideo]:
    """Make sets of videos, or find them where they were made before."""
    dealt = [recipe for seed in seeds for recipe in recipes(clips, seed, count)]
    # One group after the other, because decoded clips are kept for a while.
    order = sorted(range(len(dealt)), key=lambda n: (dealt[n].group, dealt[n].case == "vertical"))
    videos = {number: made(dealt[number]) for number in order}
    return [videos[number] for number in range(len(dealt))]


def made(recipe: Recipe) -> TrapVideo:
    """Make a video, or find it where it was made before."""
    sources = [
        Path(file).read_bytes() for file in (__file__, *(module.__file__ or "" for module in _MADE_BY))
    ]
    sizes = [(clip.name, clip.stat().st_size) for clip in recipe.clips]
    told = repr((sizes, replace(recipe, clips=())))
    digest = hashlib.sha256(b"".join(sources) + told.encode()).hexdigest()[:12]
    path, truth = CACHE / f"{digest}{recipe.suffix}", CACHE / f"{digest}.json"
    if not truth.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        truth.write_text(json.dumps(_make(recipe, path)), encoding="utf-8")
    facts = json.loads(truth.read_text(encoding="utf-8"))
    lists = {name: tuple(facts.pop(name)) for name in ("kinds", "shots", "clips", "captioned")}
    return TrapVideo(path, **facts, **lists)


def _make(recipe: Recipe, path: Path) -> dict[str, Any]:
    """Write a video, complete or not at all; return what is true of it."""
    rng = np.random.default_rng(recipe.seed)
    shape = (LONG_SIDE_PX, SHORT_SIDE_PX) if recipe.case == "vertical" else (SHORT_SIDE_PX, LONG_SIDE_PX)
    shown, names = trap_films.film(recipe, shape, rng)
    captioned = overlays.captioned_frames(len(shown), rng)
    np.save(path.with_suffix(".npy"), np.array([small_grey(one.rgb) for one in shown]))
    over = _overlay(recipe.overlay, shape, captioned, rng)
    frames = [over(one.rgb, number) for number, one in enumerate(shown)]
    _write(path, frames, recipe, rng)
    return {
        "group": recipe.group,
        "case": recipe.case,
        "coding": recipe.coding.name,
        "overlay": recipe.overlay,
        "width_px": shape[1],
        "height_px": shape[0],
        "kinds": [one.kind for one in shown],
        "shots": [one.piece for one in shown],
        "clips": names,
        "captioned": [recipe.overlay == "subtitles" and speaks for speaks in captioned],
    }


def small_grey(rgb: Rgb) -> NDArray[np.uint8]:
    """Return a picture small and grey, to tell whether two are the same."""
    size = (REFERENCE_PX, REFERENCE_PX)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write(path: Path, frames: Sequence[Rgb], recipe: Recipe, rng: Generator) -> None:
    part = path.with_name(f"part-{path.name}")
    form = codings.form(recipe.coding, recipe.suffix, rng)
    numbers = codings.shown_numbers(recipe.coding, len(frames))
    coded = codings.coded(frames, recipe.coding)
    if recipe.coding.is_vfr:
        times_s = [number / RATE for number in numbers]
        clip_files.write(part, [frames[number] for number in numbers], form, times_s=times_s)
    else:
        clip_files.write(part, coded, form)  # type: ignore[arg-type]
    part.rename(path)


def _overlay(
    name: str, shape: tuple[int, int], captioned: Sequence[bool], rng: Generator
) -> overlays.Overlay:
    if name == "watermark":
        return overlays.watermark(shape, rng)
    if name == "subtitles":
        return overlays.subtitles(shape, captioned, rng)
    if name in BARRED:
        return overlays.bars(rng, is_wide=name == "letterbox")
    return lambda rgb, _number: rgb
