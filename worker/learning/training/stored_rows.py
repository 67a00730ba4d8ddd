"""Rows of the database as arrays to learn from. A row that is damaged is left out: the others still teach."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from worker.learning.readiness import LEAST_PLAYS
from worker.learning.training.examples import Choices, Frames, Tests
from worker.pictures.embeddings import HEAD_BYTES, count_dimensions
from worker.pipeline.cues.defects import defects
from worker.pipeline.earlier_run import decode_embedding
from worker.pipeline.frames import Cues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Row

    from worker.learning.training.examples import Vectors


class StoredFrames(NamedTuple):
    """The frames of one video that can be read, at least one."""

    rows: list[Row[Any]]
    frames: Frames  #: of the same


def frames_of(rows: Sequence[Row[Any]], dimensions: int | None) -> StoredFrames | None:
    """Read the frames of a video; None where none can be read.

    Args:
        rows: of candidates.
        dimensions: of embeddings; None: as most have.
    """
    dimensions = _usual([row.embedding for row in rows]) if dimensions is None else dimensions
    read = [
        row for row in rows if _vector(row.embedding, dimensions) is not None and _is_number(hand_of(row))
    ]
    if not read:
        return None
    hand = np.array([hand_of(row) for row in read], np.float64)
    return StoredFrames(read, Frames(_stacked([row.embedding for row in read]), hand))


def hand_of(row: Row[Any]) -> float:
    """Compute a stored frame's score without what a head gave it; NaN where that cannot be read."""
    learned = (row.parts or {}).get("learned", 0.0)
    return float(row.score) - learned if _is_number(learned) else math.nan


def has_defect(row: Row[Any]) -> bool:
    """Tell whether a stored frame has a defect that a run would leave it out for."""
    known = {
        name: value for name, value in (row.cues or {}).items() if name in Cues._fields and _is_number(value)
    }
    return set(Cues._fields[:11]) <= set(known) and bool(defects(Cues(**known)))


def _by_test(rows: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    return list(found.values())


def _tells(variants: list[Row[Any]], model: str, dimensions: int | None) -> bool:
    """Tell whether all variants were measured, shown and played often enough."""
    is_whole = all(
        row.model == model
        and _is_number(row.hand_score)
        and row.impressions > 0
        and _vector(row.embedding, dimensions) is not None
        for row in variants
    )
    return (
        is_whole and len(variants) > 1 and sum(row.plays for row in variants) >= LEAST_PLAYS * len(variants)
    )


def tests_of(rows: Sequence[Row[Any]], model: str, dimensions: int | None) -> Tests | None:
    """Read the tests that told something; None where none did.

    Args:
        rows: of variants; those of a test next to each other.
        model: which has to have measured all variants.
        dimensions: of its embeddings; None: as most have.
    """
    dimensions = _usual([row.embedding for row in rows]) if dimensions is None else dimensions
    tests = [rows_of for rows_of in _by_test(rows) if _tells(rows_of, model, dimensions)]
    if not tests:
        return None
    firsts, rows = [rows_of[0] for rows_of in tests], [row for rows_of in tests for row in rows_of]
    sizes = np.array([len(rows_of) for rows_of in tests])
    buckets = np.array([row.buckets for row in rows], np.float64)
    return Tests(
        np.array([row.started_at.timestamp() for row in firsts]),
        np.array([row.asset_id for row in firsts]),
        _accounts(firsts),
        np.cumsum(sizes) - sizes,
        _stacked([row.embedding for row in rows]),
        np.array([row.hand_score for row in rows], np.float64),
        np.array([float(row.impressions) for row in rows]),
        np.array([float(row.plays) for row in rows]),
        buckets / buckets.sum()
        if len(tests) == 1
        else buckets / np.repeat(np.add.reduceat(buckets, np.cumsum(sizes) - sizes), sizes),
    )


def choices_of(rows: Sequence[Row[Any]], dimensions: int | None) -> Iterator[Choices]:
    """Read pairs of frames; nothing where none can be read.

    Args:
        rows: of judgements.
        dimensions: of embeddings; None: as most have.
    """
    dimensions = _usual([row.chosen_embedding for row in rows]) if dimensions is None else dimensions
    rows = [row for row in rows if _is_pair(row, dimensions)]
    if not rows:
        return
    yield Choices(
        np.array([row.at.timestamp() for row in rows]),
        np.array([row.asset_id for row in rows]),
        _accounts(rows),
        # Of a choice that is gone, each pair counts for itself.
        np.array([row.choice_id if row.choice_id is not None else -row.id for row in rows]),
        _stacked([row.chosen_embedding for row in rows]),
        _stacked([row.other_embedding for row in rows]),
        np.array([row.chosen_score for row in rows], np.float64),
        np.array([row.other_score for row in rows], np.float64),
    )


def _accounts(rows: Sequence[Row[Any]]) -> NDArray[np.str_]:
    return np.array([f"{row.platform}/{row.account}" for row in rows])


def _is_pair(row: Row[Any], dimensions: int | None) -> bool:
    embeddings = (row.chosen_embedding, row.other_embedding)
    is_scored = _is_number(row.chosen_score) and _is_number(row.other_score)
    return is_scored and all(_vector(one, dimensions) is not None for one in embeddings)


def _is_number(stored: Any) -> bool:
    is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
    return is_number and math.isfinite(stored)


def most_common(counts: Iterable[int | None]) -> int | None:
    """Find the dimensions that most embeddings have; None where none is whole."""
    known = Counter(count for count in counts if count)
    return max(known, key=known.__getitem__, default=None)


def _usual(embeddings: Sequence[bytes | None]) -> int | None:
    return most_common(_dimensions_of(one) for one in embeddings)


def _dimensions_of(stored: bytes | None) -> int | None:
    return None if stored is None else count_dimensions(stored[:HEAD_BYTES], len(stored))


def _vector(stored: bytes | None, dimensions: int | None) -> Vectors | None:
    """Read an embedding; None where it is damaged."""
    if stored is None or dimensions is None or _dimensions_of(stored) != dimensions:
        return None
    try:
        return decode_embedding(stored)
    except ValueError:
        return None


def _stacked(embeddings: list[bytes]) -> Vectors:
    return np.stack([decode_embedding(one) for one in embeddings])
