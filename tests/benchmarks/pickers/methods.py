"""The methods that are compared on trap videos: ours, the seed, and every other open picker.

What others pick is kept, by video and by the source of their rule; what we pick never is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.pickers import held_out, peer_frames, peer_hecate, peer_katna, peers, seed_method
from tests.benchmarks.quality import crop_safety
from tests.benchmarks.quality.crop_safety import ASPECTS, Safety
from tests.benchmarks.trap_videos.bad_frames import GOOD
from tests.benchmarks.trap_videos.trap_recipes import grouped
from tests.benchmarks.trap_videos.trap_videos import CACHE, TrapVideo, small_grey
from worker.aspects import SOURCE
from worker.pipeline.cues.defects import defects
from worker.pipeline.jpeg import decode_jpeg
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.scoring.models import Models

if TYPE_CHECKING:
    from worker.pipeline.frames import Pick, Rgb
    from worker.pipeline.sandbox.decoder import Decoder

COUNT = 3
OURS, HELD_OUT, SEED = "ours", "ours, held out", "seed"
NAMES = (*peers.PEERS, SEED, OURS, HELD_OUT)
QUICK = ("10%", "50% (Mux, Brightcove)", "ffmpeg thumbnail", OURS)

MAX_SHAPE_ERROR = 0.03  #: a picture whose bars are cut off has its own shape, give or take this share
# A still is the frame it should be, upright and in its colours, where small grey copies agree so well.
MIN_CORRELATION, MAX_LEVELS_APART = 0.9, 30.0
FLAT_LEVELS = 4.0  #: a picture with less contrast is like any other
SAME_LEVELS = 2.0  #: so near, they are the same: in the dark, a sender's sign makes the contrast
MISSHOWN = "shown wrongly"


@dataclass(frozen=True, slots=True)
class MethodPick:
    """One picture that a method chose."""

    time_s: float
    kind: str  #: what is wrong with it, bars apart; "" where nothing is
    is_barred: bool  #: bars are left on it
    is_captioned: bool  #: a subtitle is burnt into it
    shot: int  #: the piece of footage; -1 for none
    parts: dict[str, float] | None = None  #: of the score, where there is one
    crops: tuple[Safety, ...] = ()  #: where it was cut


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a method chose of one video, and whom it had to choose from, where it says so."""

    picks: list[MethodPick]
    seen: Counter[str] = field(default_factory=Counter)  #: candidates that the scan kept, by what is wrong
    passed: Counter[str] = field(default_factory=Counter)  #: those that the gates let pass to the model


Moments = Callable[[Path], list[float]]
"""A rule of others: the moments it picks in seconds, best first; none where it picks nothing."""
Method = Callable[[TrapVideo], Chosen]


def load(name: str, clips: Sequence[Path], decoder: Decoder) -> Method:
    """Get a method ready by its name."""
    if name in {OURS, HELD_OUT}:
        return ours(_models(clips, is_held_out=name == HELD_OUT), decoder)
    return like(kept(rule(name), name))


def rule(name: str) -> Moments:
    """Return another's rule."""
    if name != SEED:
        return peers.PEERS[name]
    scorer = seed_method.SeedScorer("lite")
    return lambda path: seed_method.pick(seed_method.sharp_frames(path, "png", {}), scorer)


def kept(moments: Moments, name: str) -> Moments:
    """Remember what another's rule picked, until its source changes."""
    modules = (seed_method,) if name == SEED else (peers, peer_frames, peer_hecate, peer_katna)
    source = b"".join(Path(module.__file__ or "").read_bytes() for module in modules)
    file = CACHE / "picks" / f"{hashlib.sha256(source + name.encode()).hexdigest()[:12]}.json"
    known: dict[str, list[float]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def remembered(path: Path) -> list[float]:
        if path.name not in known:
            known[path.name] = moments(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(known), encoding="utf-8")
        return known[path.name]

    return remembered


def like(moments: Moments) -> Method:
    """Judge another's picks. Its pictures are taken to be shown right; no pick means the first frame."""

    def choose(video: TrapVideo) -> Chosen:
        return Chosen(
            [
                MethodPick(
                    time_s,
                    video.kind_at(time_s),
                    video.is_barred_at(time_s),
                    video.captioned[video.frame_at(time_s)],
                    video.shots[video.frame_at(time_s)],
                )
                for time_s in moments(video.path) or [0.0]
            ]
        )

    return choose


def _models(clips: Sequence[Path], *, is_held_out: bool) -> Callable[[int], Models]:
    """Return the models for videos made of a group of clips."""
    faces = FaceFinder.load()

    @cache
    def models(group: int) -> Models:
        if is_held_out:
            return Models(held_out.scorer_without(grouped(clips)[group], clips, CACHE), faces)
        return Models(ClipScorer.load("lite"), faces)

    return models if is_held_out else lambda _group: models(0)


def ours(models_for: Callable[[int], Models], decoder: Decoder) -> Method:
    """Choose by the pipeline; the models may depend on the group of clips that a video is made of."""

    def choose(video: TrapVideo) -> Chosen:
        options = Options(count=COUNT, aspects=(SOURCE, *ASPECTS))
        run = pick_thumbnails(video.path, options, models_for(video.group), decoder)
        lost = [(video.kind_at(loser.candidate.time_s), loser.candidate.cues) for loser in run.losers]
        return Chosen(
            [_judged(video, pick) for pick in run.picks],
            seen=Counter(kind for kind, _ in lost),
            passed=Counter(kind for kind, cues in lost if not defects(cues)),
        )

    return choose


def _judged(video: TrapVideo, pick: Pick) -> MethodPick:
    frame = video.frame_at(pick.time_s)
    shape = pick.still_width_px / pick.still_height_px
    is_cut = abs(shape / (video.width_px / video.height_px) - 1) > MAX_SHAPE_ERROR
    is_barred = video.is_barred_at(pick.time_s)
    is_right = is_barred or _is_same(decode_jpeg(pick.crops[0].jpeg), video.references[frame])
    return MethodPick(
        pick.time_s,
        video.kind_at(pick.time_s) or (GOOD if is_right else MISSHOWN),
        is_barred and not is_cut,
        video.captioned[frame],
        video.shots[frame],
        dict(pick.parts),
        tuple(crop_safety.measured(pick)),
    )


def _is_same(rgb: Rgb, reference: Rgb) -> bool:
    shown, wanted = small_grey(rgb).astype(np.float64), reference.astype(np.float64)
    if abs(shown.mean() - wanted.mean()) > MAX_LEVELS_APART:
        return False
    if wanted.std() < FLAT_LEVELS or np.abs(shown - wanted).mean() < SAME_LEVELS:
        return True
    return float(np.corrcoef(shown.ravel(), wanted.ravel())[0, 1]) > MIN_CORRELATION
