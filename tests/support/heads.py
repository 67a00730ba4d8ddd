"""Learned heads, and films made of numbers that they are tried on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from tests.support.service.sample_run import CUES
from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import Candidate, Scored
from worker.pipeline.scoring.learned_head import LearnedHead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIGHT = "lite #1 abc"
FAULTY = (CUES._replace(brightness=0.0, contrast=0.0), CUES._replace(stillness=0.01))
DIMENSIONS = 6


def head(direction: NDArray[np.floating] | list[float], sight: str = SIGHT, number: int = 7) -> LearnedHead:
    """Return a head that likes what lies in this direction."""
    return LearnedHead(number, sight, np.asarray(direction, np.float32))


def arrays(direction: object, dtype: type = np.float32, **others: NDArray[np.floating]) -> bytes:
    """Return what the row of such a head holds."""
    with io.BytesIO() as file:
        np.savez(file, direction=np.array(direction, dtype), **others)
        return file.getvalue()


def frame(
    hand_score: float,
    embedding: NDArray[np.floating] | list[float],
    *,
    time_s: float = 0.0,
    is_faulty: bool = False,
    text: float | None = None,
    text_lines: int | None = None,
) -> Scored:
    """Return a frame that scores this by hand; `text` is its part for text, None where no frame has any."""
    cues = FAULTY[int(time_s) % 2] if is_faulty else CUES
    parts = {"taste": hand_score - (text or 0.0)} | ({} if text is None else {"text": text})
    candidate = Candidate(time_s, int(time_s // 10), np.zeros((9, 16, 3), np.uint8), cues)
    vector = np.asarray(embedding, np.float32)
    return Scored(candidate, vector, (), parts, sum(parts.values()), text_lines=text_lines)


def film(seed: int) -> list[Scored]:
    """Make up a film: from one frame to forty, some with defects, some with text; alike or far apart."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 41))
    spread, has_text = rng.choice([0.0, 0.2, 1.0, 3.0]), rng.random() < 0.4
    faulty_share = rng.choice([0.0, 0.0, 0.3, 1.0])
    vectors = rng.normal(size=(count, DIMENSIONS)) + rng.choice([0.0, 3.0])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        frame(
            float(rng.normal() * spread),
            vector,
            time_s=3.0 * number,
            is_faulty=bool(rng.random() < faulty_share),
            text=-float(rng.random()) if has_text else None,
            text_lines=int(rng.integers(0, 3)) if has_text and rng.random() < 0.5 else None,
        )
        for number, vector in enumerate(vectors)
    ]


def mad_head(seed: int, video: Sequence[Scored], sight: str = SIGHT) -> LearnedHead:
    """Make up a head that knows nothing, or loves what is worst in this video; weak, or far too strong."""
    rng = np.random.default_rng(seed)
    vectors = np.stack([one.embedding for one in video])
    order = np.argsort([one.hand_score for one in video])
    faulty = [one.embedding for one in video if defects(one.candidate.cues)] or [vectors[order[0]]]
    directions = (
        rng.normal(size=vectors.shape[1]),
        vectors[order[0]],
        faulty[rng.integers(len(faulty))],
        vectors[order[0]] - vectors[order[-1]],
        -vectors.mean(axis=0),
    )
    return head(directions[rng.integers(len(directions))] * 10.0 ** rng.integers(-2, 30), sight)
