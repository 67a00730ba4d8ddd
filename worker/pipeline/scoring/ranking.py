"""From cues, CLIP and faces to one score with named parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.pipeline.cues.sharpness import sharpness_in_video
from worker.pipeline.frames import Candidate, Cues, Face, Scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class ScoreWeights(NamedTuple):
    """How much each part counts. `appeal` and `relevance` are z-scores within the video, the rest 0..1."""

    appeal: float = 0.7  #: CLIP's preference over all prompt pairs
    relevance: float = 0.6  #: CLIP's likeness to the title, where one is given
    faces: float = 1.2  #: a face of good size, well inside the picture
    sharpness: float = 0.6  #: detail against the sharpest frame of the shot, and this against the video
    stillness: float = 0.6  #: no motion against either neighbour
    light: float = 1.0  #: neither dim nor blown, with contrast


DEFAULT_WEIGHTS = ScoreWeights()


# A face this large (share of the picture's area) is as good as any larger one.
FULL_FACE_SHARE = 0.06
# Brightness in this range is comfortable on a page; outside, the score falls linearly to the ends.
COMFORTABLE_BRIGHTNESS = (0.25, 0.70)
FULL_CONTRAST = 0.35

# Which of two frames of one moment scores higher is chance: the coding alone moves a score by 6 % of the
# video's range. So a frame mostly gets the mean score of what is around it in its shot, near frames first.
SURROUNDINGS = "surroundings"  #: the part's name; never a reason, for it says nothing of the frame itself
SURROUNDINGS_SHARE = 0.8
SURROUNDINGS_S = 1.0

# A part is a reason for a pick if it lifts the frame this far above the median frame.
MIN_REASON = 0.05
# More reasons than this explain nothing.
MAX_REASONS = 4
BEST_OF_SHOT = "best of its shot"
UNLIKE_OTHERS = "unlike the other picks"


def rank(
    candidates: Sequence[Candidate],
    embeddings: NDArray[np.float32],
    appeal: Mapping[str, NDArray[np.float32]],
    relevance: NDArray[np.float32] | None,
    faces: Sequence[tuple[Face, ...]],
    weights: ScoreWeights = DEFAULT_WEIGHTS,
) -> list[Scored]:
    """Score every candidate, in the order given.

    Args:
        candidates: n frames.
        embeddings: (n, d) L2-normalized.
        appeal: for each prompt pair by name, (n,) its share of the appeal; the shares add up to a z-score.
        relevance: (n,) z-scores, or None without a title.
        faces: n tuples, in pixels of the candidates.
        weights: how much each part counts.
    """
    scored = []
    cues = [candidate.cues for candidate in candidates]
    sharp = sharpness_in_video([one.sharpness for one in cues], [one.relative_sharpness for one in cues])
    for index, candidate in enumerate(candidates):
        height, width = candidate.rgb.shape[:2]
        raw = {
            "relevance": 0.0 if relevance is None else float(relevance[index]),
            "faces": face_value(faces[index], width, height),
        }
        parts = {name: weights.appeal * float(share[index]) for name, share in appeal.items()}
        parts |= {name: getattr(weights, name) * value for name, value in raw.items() if value}
        parts |= measured(candidate.cues._replace(relative_sharpness=sharp[index]), weights)
        scored.append(Scored(candidate, embeddings[index], faces[index], parts, sum(parts.values())))
    # In a second pass, because it takes all scores. The lift is one more part, so parts add up to the score.
    scores = np.array([one.score for one in scored])
    around = surroundings(candidates, scores)
    lifts = (SURROUNDINGS_SHARE * (around - scores)).tolist()
    return [
        replace(one, parts={**one.parts, SURROUNDINGS: lift}, score=one.score + lift)
        for one, lift in zip(scored, lifts, strict=True)
    ]


def surroundings(candidates: Sequence[Candidate], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the scores of the frames around each in its shot, its own included.

    Args:
        candidates: n frames, in any order.
        scores: (n,) or (n, parts).

    Returns:
        The means, of the same shape. A frame weighs 1 at its own place and 0 from `SURROUNDINGS_S` on.
    """
    times_s = np.array([candidate.time_s for candidate in candidates])
    shots = np.array([candidate.shot for candidate in candidates])
    nearness = np.maximum(0.0, 1.0 - np.abs(times_s[:, None] - times_s) / SURROUNDINGS_S)
    nearness *= shots[:, None] == shots
    return np.asarray(nearness / nearness.sum(axis=1, keepdims=True) @ scores, np.float64)


def measured(cues: Cues, weights: ScoreWeights = DEFAULT_WEIGHTS) -> dict[str, float]:
    """Compute the parts of the score that need no model, by name."""
    return {
        "sharpness": weights.sharpness * cues.relative_sharpness,
        "stillness": weights.stillness * cues.stillness,
        "light": weights.light * light(cues),
    }


def face_value(faces: Sequence[Face], width_px: int, height_px: int) -> float:
    """Value the best face: 0 without any, up to 1 for one that is large enough and not cut by the edge.

    Args:
        faces: in pixels of the picture.
        width_px: of the picture.
        height_px: of the picture.
    """
    best = 0.0
    for face in faces:
        box = face.box
        size = min(1.0, (box.width * box.height) / (FULL_FACE_SHARE * width_px * height_px))
        is_whole = box.left > 0 and box.top > 0 and box.right < width_px and box.bottom < height_px
        # By the side of the face, not its area: twice as wide is twice as good. A cut face counts half.
        best = max(best, size**0.5 * face.confidence * (1.0 if is_whole else 0.5))
    return best


def light(cues: Cues) -> float:
    """Value the light, 0..1: comfortable brightness, enough contrast, little of it clipped."""
    low, high = COMFORTABLE_BRIGHTNESS
    comfort = float(np.interp(cues.brightness, [0.0, low, high, 1.0], [0.0, 1.0, 1.0, 0.0]))
    return comfort * min(1.0, cues.contrast / FULL_CONTRAST) * (1.0 - 0.5 * cues.clipped)


def reasons(scored: Scored, everyone: Sequence[Scored]) -> tuple[str, ...]:
    """Name the few parts that lift a frame most above the video's median frame, strongest first.

    A frame that only stands for its shot is compared with that shot. Where nothing lifts it, it is the best
    of that, or else it was taken because it shows something else.
    """
    shot = [other for other in everyone if other.candidate.shot == scored.candidate.shot]
    is_best = scored.score >= max(other.score for other in shot)
    at_worst = BEST_OF_SHOT if is_best else UNLIKE_OTHERS
    return _lifting_parts(scored, everyone) or _lifting_parts(scored, shot) or (at_worst,)


def _lifting_parts(scored: Scored, others: Sequence[Scored]) -> tuple[str, ...]:
    lift = {
        name: value - float(np.median([other.parts.get(name, 0.0) for other in others]))
        for name, value in scored.parts.items()
        if name != SURROUNDINGS
    }
    strongest = sorted(lift, key=lambda name: -lift[name])[:MAX_REASONS]
    return tuple(name for name in strongest if lift[name] >= MIN_REASON)
