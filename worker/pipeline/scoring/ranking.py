"""From cues, CLIP and faces to one score with named parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from worker.pipeline.cues.sharpness import sharpness_in_video
from worker.pipeline.frames import Candidate, Cues, Face, Scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class ScoreWeights(NamedTuple):
    """How much each part counts. Three are z-scores within the video; `text` is -1..0, the rest 0..1."""

    taste: float = 1.0  #: what editors prefer, where the model has learned it
    appeal: float = 2.0  #: what CLIP's prompt pairs find suspicious; without taste, their preference
    relevance: float = 0.6  #: CLIP's likeness to the title, where one is given
    faces: float = 0.6  #: a face of good size, well inside the picture
    sharpness: float = 0.6  #: detail against the sharpest frame of the shot, and this against the video
    stillness: float = 1.5  #: no motion against either neighbour
    light: float = 0.6  #: neither dim nor blown, with contrast
    text: float = 2.0  #: what a frame full of text loses, where others of the video have none


DEFAULT_WEIGHTS = ScoreWeights()


# CLIP's prompt pairs tell damaged frames from clean ones, but not which of two clean ones pleases. So a frame
# loses only by what it is below this.
SUSPICIOUS_APPEAL = -1.0

# A face this large (share of the picture's area) is as good as any larger one.
FULL_FACE_SHARE = 0.06
# Brightness in this range is comfortable on a page; outside, the score falls linearly to the ends.
COMFORTABLE_BRIGHTNESS = (0.25, 0.70)
FULL_CONTRAST = 0.35


def rank(
    candidates: Sequence[Candidate],
    embeddings: NDArray[np.float32],
    appeal: Mapping[str, NDArray[np.float32]],
    relevance: NDArray[np.float32] | None,
    faces: Sequence[tuple[Face, ...]],
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    taste: NDArray[np.float32] | None = None,
) -> list[Scored]:
    """Score every candidate, in the order given.

    Args:
        candidates: n frames.
        embeddings: (n, d) L2-normalized.
        appeal: for each prompt pair by name, (n,) its share of the appeal; the shares add up to a z-score.
        relevance: (n,) z-scores, or None without a title.
        faces: n tuples, in pixels of the candidates.
        weights: how much each part counts.
        taste: (n,) z-scores, or None where the model has no head of taste.
    """
    scored = []
    cues = [candidate.cues for candidate in candidates]
    sharp = sharpness_in_video([one.sharpness for one in cues], [one.relative_sharpness for one in cues])
    for index, candidate in enumerate(candidates):
        height, width = candidate.rgb.shape[:2]
        raw = {
            "taste": 0.0 if taste is None else float(taste[index]),
            "relevance": 0.0 if relevance is None else float(relevance[index]),
            "faces": face_value(faces[index], width, height),
        }
        nearer = sum(float(share[index]) for share in appeal.values())
        parts = {"appeal": appeal_part(nearer, weights, has_taste=taste is not None)}
        each = parts["appeal"] / nearer if parts["appeal"] else 0.0
        prompts = {name: each * float(share[index]) for name, share in appeal.items()}
        parts |= {name: getattr(weights, name) * value for name, value in raw.items() if value}
        parts |= measured(candidate.cues._replace(relative_sharpness=sharp[index]), weights)
        score = sum(parts.values())
        scored.append(Scored(candidate, embeddings[index], faces[index], parts, score, prompts))
    return scored


def appeal_part(appeal: float, weights: ScoreWeights = DEFAULT_WEIGHTS, *, has_taste: bool) -> float:
    """Compute what CLIP's prompt pairs add to the score; they take the place of taste where there is none.

    Args:
        appeal: z-score.
        weights: how much each part counts.
        has_taste: whether the score has a part `taste`.
    """
    if not has_taste:
        return weights.taste * appeal
    return weights.appeal * min(0.0, appeal - SUSPICIOUS_APPEAL)


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
