"""Trap videos: short films of real footage with bad stretches, the truth known for every frame.

A video is a row of traps in random order, each between two pieces of footage, which come from one clip or
from several. All of it follows from the seed, so that a video is made once and kept. Clips are dealt into
groups, and a video holds clips of one group only: a model can be trained on the other groups (`held_out.py`).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import av
import bad_frames
import cv2
import drawn_cards
import footage
import imageio_ffmpeg
import numpy as np
from bad_frames import HEIGHT_PX, RATE, WIDTH_PX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bad_frames import Labelled, Trap
    from numpy.random import Generator

    from worker.pipeline.frames import Rgb

CACHE = footage.CACHE / "traps"
TRAPS: tuple[Trap, ...] = (
    bad_frames.fade_black,
    bad_frames.fade_white,
    bad_frames.dissolve,
    bad_frames.black,
    bad_frames.dark_noise,
    bad_frames.white_flash,
    drawn_cards.color_bars,
    drawn_cards.title_card,
    drawn_cards.credits_roll,
    drawn_cards.logo_slate,
    bad_frames.gaussian_blur,
    bad_frames.motion_blur,
    bad_frames.defocus_pull,
    bad_frames.whip_pan,
    bad_frames.frozen,
    bad_frames.bars,
)
TRAPS_PER_VIDEO = (4, 6)  #: at least, at most
PIECE_S = 4.0  #: what a trap gets of each clip; it uses one to three seconds
GROUPS = 3
VIDEOS_APART = 1000  #: so that no two sets share the seed of a video
FRAME_TOLERANCE = 0.01  #: of a frame
MIN_CLIPS_TO_GROUP = 9  #: fewer are one group: a video needs several clips

# Stretches of known clips, in seconds, that are bad as they are, found by eye: they would be called good.
UNFIT_S = {
    "bikes.mp4": ((0.0, 1.0),),  # a blurred pole
    "nasa.mp4": ((0.0, 5.6), (7.6, math.inf)),  # nearly dark
    "presenter.mp4": ((8.5, 15.6), (18.0, 23.0)),  # smeared, out of focus, then an empty wall
}


@dataclass(frozen=True, slots=True)
class TrapVideo:
    """A made video and what is true of it."""

    path: Path
    group: int  #: of the clips that it is made of
    kinds: tuple[str, ...]  #: of every frame, what is wrong with it; "" where it is good

    shape: ClassVar[float] = WIDTH_PX / HEIGHT_PX

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.kinds) / RATE

    def frame_at(self, time_s: float) -> int:
        """The number of the frame shown at a moment, whose times are rounded down to a microsecond."""
        return min(len(self.kinds) - 1, int(time_s * RATE + FRAME_TOLERANCE))

    def kind_at(self, time_s: float) -> str:
        """What is wrong with the frame shown at a moment."""
        return self.kinds[self.frame_at(time_s)]


def grouped(clips: Sequence[Path]) -> list[list[Path]]:
    """Deal clips into groups of a like size."""
    groups = GROUPS if len(clips) >= MIN_CLIPS_TO_GROUP else 1
    return [list(clips[number::groups]) for number in range(groups)]


def trap_videos(clips: Sequence[Path], seed: int, count: int) -> Iterator[TrapVideo]:
    """Make a set of videos, or find them where they were made before."""
    groups = grouped(clips)
    # One deck for all videos, so that each trap is met about as often as any other.
    rng = np.random.default_rng(seed)
    deck: list[int] = []
    for number in range(count):
        size = int(rng.integers(TRAPS_PER_VIDEO[0], TRAPS_PER_VIDEO[1] + 1))
        while len(deck) < size:
            deck += rng.permutation(len(TRAPS)).tolist()
        traps, deck = deck[:size], deck[size:]
        group = number % len(groups)
        # Some are a single take: nothing in another shot helps the picker out.
        cast = rng.permutation(len(groups[group]))[: int(rng.integers(1, len(groups[group]) + 1))]
        yield _made([groups[group][index] for index in cast], group, traps, seed * VIDEOS_APART + number)


def _made(clips: Sequence[Path], group: int, traps: Sequence[int], seed: int) -> TrapVideo:
    source = [Path(file).read_bytes() for file in (__file__, bad_frames.__file__, drawn_cards.__file__)]
    recipe = repr(([(clip.name, clip.stat().st_size) for clip in clips], traps, seed, footage.X264))
    digest = hashlib.sha256(b"".join(source) + recipe.encode()).hexdigest()[:12]
    path, truth = CACHE / f"{digest}.mp4", CACHE / f"{digest}.json"
    if not truth.exists():
        labelled = list(_frames(clips, traps, np.random.default_rng(seed)))
        _encode(path, [rgb for _, rgb in labelled])
        truth.write_text(json.dumps([kind for kind, _ in labelled]), encoding="utf-8")
    return TrapVideo(path, group, tuple(json.loads(truth.read_text(encoding="utf-8"))))


def _frames(clips: Sequence[Path], traps: Sequence[int], rng: Generator) -> Iterator[Labelled]:
    """Each trap with a piece of two clips that follow each other in a random order."""
    turn = itertools.cycle(rng.permutation(len(clips)).tolist())
    for trap in traps:
        before, after = _piece(clips[next(turn)], rng), _piece(clips[next(turn)], rng)
        yield from TRAPS[trap](before, after, rng)


def _piece(clip: Path, rng: Generator) -> list[Rgb]:
    """Return up to `PIECE_S` of a clip at our rate and size, from a random moment."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        duration_s = (container.duration or 0) / av.time_base
        spans = [span for span in _fit_spans(clip.name, duration_s) if span[1] - span[0] >= PIECE_S / 2]
        start_s, end_s = spans[int(rng.integers(len(spans)))]
        start_s = rng.uniform(start_s, max(start_s, end_s - PIECE_S))
        end_s = min(end_s, start_s + PIECE_S)
        container.seek(int(start_s / stream.time_base), stream=stream)
        frames: list[Rgb] = []
        for frame in container.decode(stream):
            # A slower clip shows a frame twice, a faster one leaves some out.
            while start_s + len(frames) / RATE <= min(frame.time or 0.0, end_s):
                frames.append(_filling(frame.to_ndarray(format="rgb24")))
            if (frame.time or 0.0) >= end_s:
                break
    return frames


def _fit_spans(name: str, duration_s: float) -> Iterator[tuple[float, float]]:
    start_s = 0.0
    for unfit_start_s, unfit_end_s in (*UNFIT_S.get(name, ()), (duration_s, duration_s)):
        yield start_s, min(unfit_start_s, duration_s)
        start_s = unfit_end_s


def _filling(rgb: Rgb) -> Rgb:
    """Scale and cut a picture so that it fills the frame."""
    height, width = rgb.shape[:2]
    scale = max(WIDTH_PX / width, HEIGHT_PX / height)
    size = (math.ceil(width * scale), math.ceil(height * scale))
    scaled = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - WIDTH_PX) // 2, (size[1] - HEIGHT_PX) // 2
    return np.ascontiguousarray(scaled[top : top + HEIGHT_PX, left : left + WIDTH_PX], np.uint8)


def _encode(path: Path, frames: Sequence[Rgb]) -> None:
    """Encode as a platform stores a rendition; the file appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.mp4")
    settings = {"codec": "libx264", "quality": None, "macro_block_size": 1}
    x264 = list(footage.X264[footage.X264.index("-preset") :])
    writer = imageio_ffmpeg.write_frames(
        str(part), (WIDTH_PX, HEIGHT_PX), fps=RATE, output_params=x264, **settings
    )
    writer.send(None)
    for rgb in frames:
        writer.send(np.ascontiguousarray(rgb))
    writer.close()
    part.rename(path)
