"""How other pickers and single rules order judged frames, told nothing but the frames and their times.

The rules are those of `pickers`, each as a score for a frame. A rule that looks at every frame of a video,
or at motion, sees only the judged ones here; Katna's finds no peak of change among ten frames, and is left
out.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.benchmarks.pickers import peer_hecate, seed_method
from worker.pipeline.cues.sharpness import sharpness
from worker.pipeline.scoring.faces import FaceFinder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from worker.weights.training.taste.judged_set import JudgedVideo

HECATE_LONG_SIDE_PX = 160
HECATE_STANDS_FRAMES = 16  # of which at least six are left where it drops four at each end
HISTOGRAM_LONG_SIDE_PX = 320
BLURRED = -10.0  # what the seed's threshold drops comes after everything that it keeps


@dataclass(frozen=True, slots=True)
class RuleInput:
    """What a rule may look at."""

    video: JudgedVideo
    pictures: tuple[NDArray[np.uint8], ...]  #: (height, width, 3) uint8 BGR, as they lie in the set

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(frames,) in seconds."""
        return np.array([frame.time_s for frame in self.video.frames])


Rule = Callable[[RuleInput], "NDArray[np.float64]"]
"""Scores frames: (frames,), higher is better."""


def shown(video: JudgedVideo) -> RuleInput:
    """Read the pictures of a video."""
    return RuleInput(video, tuple(cv2.imread(str(frame.file)) for frame in video.frames))


def at_share(seen: RuleInput, share: float) -> NDArray[np.float64]:
    """Prefer frames near a share of the length."""
    return -np.abs(seen.times_s - share * seen.video.duration_s)


def random(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer by chance; the video's name is the seed."""
    return np.random.default_rng(zlib.crc32(seen.video.name.encode())).random(len(seen.pictures))


def sharpest(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer detail, as most scripts do: the variance of the Laplacian."""
    return np.array([cv2.Laplacian(grey, cv2.CV_64F).var() for grey in _greys(seen)])


def our_sharpness(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer detail as our cue measures it."""
    return np.array([sharpness(_small(grey, HISTOGRAM_LONG_SIDE_PX)) for grey in _greys(seen)])


def brightest(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer light."""
    return np.array([grey.mean() for grey in _greys(seen)])


def most_colourful(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer saturated colours."""
    return np.array([cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)[..., 1].mean() for bgr in seen.pictures])


def ffmpeg_thumbnail(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer frames whose histogram is near the mean of all (FFmpeg, `libavfilter/vf_thumbnail.c`)."""
    small = [_small(bgr, HISTOGRAM_LONG_SIDE_PX) for bgr in seen.pictures]
    histograms = np.array(
        [[np.bincount(plane.ravel(), minlength=256) for plane in cv2.split(bgr)] for bgr in small], np.float64
    )
    return -((histograms - histograms.mean(axis=0)) ** 2).sum(axis=(1, 2))


def hecate_like(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer what hecate's rule picks of a film of these frames, in its order; the rest are alike.

    In the film each frame stands for a while, since the rule drops what lies beside a cut. All have the size
    of the first, from which they may differ by their bars.
    """
    order = np.argsort(seen.times_s, kind="stable").tolist()
    height, width = _small(seen.pictures[0], HECATE_LONG_SIDE_PX).shape[:2]
    small = [cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA) for bgr in seen.pictures]
    frames = [(float(number), small[number]) for number in order for _ in range(HECATE_STANDS_FRAMES)]
    scores = np.zeros(len(order))
    picks = peer_hecate.pick(frames)
    for place, number in enumerate(picks):
        scores[int(number)] = len(picks) - place
    return scores


def largest_face(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer the largest face."""
    found = [_faces().find(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)) for bgr in seen.pictures]
    return np.array([max((face.box.width * face.box.height for face in faces), default=0) for faces in found])


def seed(seen: RuleInput) -> NDArray[np.float64]:
    """Prefer what the first method of this project did: CLIP's fixed prompts, a face, a threshold of blur."""
    return np.array(
        [
            _seed_scorer().score(bgr)
            + seed_method.FACE_BONUS * seed_method.has_face(bgr)
            + BLURRED * (not seed_method.is_sharp(bgr))
            for bgr in seen.pictures
        ]
    )


RULES: dict[str, Rule] = {
    "first frame": partial(at_share, share=0.0),
    "10%": partial(at_share, share=0.1),
    "20% (Stash)": partial(at_share, share=0.2),
    "33%": partial(at_share, share=1 / 3),
    "50% (Mux, Brightcove)": partial(at_share, share=0.5),
    "random (MediaCMS)": random,
    "ffmpeg thumbnail": ffmpeg_thumbnail,
    "hecate-like": hecate_like,
    "seed": seed,
    "sharpest": sharpest,
    "sharpest, noise apart": our_sharpness,
    "brightest": brightest,
    "most colourful": most_colourful,
    "largest face": largest_face,
}


@cache
def _faces() -> FaceFinder:
    return FaceFinder.load()


@cache
def _seed_scorer() -> seed_method.SeedScorer:
    return seed_method.SeedScorer("lite")


def _greys(seen: RuleInput) -> list[NDArray[np.uint8]]:
    return [np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8) for bgr in seen.pictures]


def _small(picture: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = long_side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
