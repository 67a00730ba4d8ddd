"""Which candidates are worth the model's time: none with a defect, and no more than it has time for.

A scan keeps up to two hundred candidates because more of them hold better frames; scoring each with a
large model costs more than the scan. So what has a defect goes, and of too many the poorer of the two
neighbours that are most alike. What differs stays, however short it was seen. While there is time, frames
that look alike are all scored: the model's judgement of one frame varies with the coding, that of a few is
steadier.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import cv2
import numpy as np

from worker.pipeline.cues.defects import LOOKS, defects
from worker.pipeline.scoring.ranking import measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Candidate, Rgb

# So many are scored at most: beyond, a large model on a CPU takes longer than everything else.
MAX_SCORED = 100

# What so many of the candidates have is the look of the video, and no reason to leave one out.
LOOK_SHARE = 0.8

# Why the poorer of two neighbours is left out.
ALIKE = "like a better neighbour"
# Why a candidate is left out that lies where nobody wants a thumbnail from.
AVOIDED = "avoided"

# Looks are compared at this size: a hand's tremble is no difference.
_LOOK_PX = (64, 36)
_MIN_CONTRAST = 12.0  # luma levels; less is noise in the dark


def shortlist(
    candidates: Sequence[Candidate],
    avoided: frozenset[int] = frozenset(),
    *,
    decided: Mapping[int, bool] = MappingProxyType({}),
) -> tuple[list[int], dict[int, str]]:
    """Choose what is scored; every shot that has a usable candidate keeps one, if there are not too many.

    Args:
        candidates: in order of time.
        avoided: indexes that are left out whatever they show, unless they are all.
        decided: for candidates that an earlier run compared with their neighbours, by index: whether it kept
            them. They are not compared with each other again.

    Returns:
        Indexes to score, in order, at least one; and for every other index why it is left out. Where
        nothing is free of defects, the least bad one by its cues is all that remains.
    """
    why = {i: ALIKE for i, was_kept in decided.items() if not was_kept} | _faults(candidates)
    if len(avoided) < len(candidates):
        why |= dict.fromkeys(avoided, AVOIDED)
    kept = [i for i in range(len(candidates)) if i not in why]
    if not kept:
        wanted = why.keys() - avoided or why.keys()
        least_bad = max(wanted, key=lambda i: (-len(defects(candidates[i].cues)), _value(candidates[i])))
        return [least_bad], {i: reason for i, reason in why.items() if i != least_bad}

    @cache
    def difference(first: int, second: int) -> float:
        return _difference(candidates[first], candidates[second])

    def closeness(pair: tuple[int, int]) -> tuple[float, float]:
        apart = math.inf if decided.keys() >= set(pair) else difference(*pair)
        return apart, candidates[pair[1]].time_s - candidates[pair[0]].time_s

    while len(kept) > MAX_SCORED:
        alike = min(pairwise(kept), key=closeness)
        poorer = min(alike, key=lambda i: _value(candidates[i]))
        kept.remove(poorer)
        why[poorer] = ALIKE
    return kept, why


def _faults(candidates: Sequence[Candidate]) -> dict[int, str]:
    """What is wrong with a candidate that is not so with nearly all of them, by its index."""
    found = [defects(candidate.cues) for candidate in candidates]
    count = Counter(name for names in found for name in names)
    look = {name for name in LOOKS if count[name] >= LOOK_SHARE * len(candidates)}
    accidents = (", ".join(name for name in names if name not in look) for names in found)
    return {i: names for i, names in enumerate(accidents) if names}


def _value(candidate: Candidate) -> float:
    return sum(measured(candidate.cues).values())


def _difference(first: Candidate, second: Candidate) -> float:
    """How unlike two candidates look; infinite if they belong to two shots."""
    if first.shot != second.shot:
        return math.inf
    return look_difference(first.rgb, second.rgb)


def look_difference(first: Rgb, second: Rgb) -> float:
    """How unlike two pictures look: mean difference at a glance, in units of their contrast."""
    return float(np.abs(_look(first) - _look(second)).mean())


def _look(rgb: Rgb) -> NDArray[np.float32]:
    """Luma at a glance: (36, 64) float32, in units of its contrast."""
    small = cv2.resize(rgb, _LOOK_PX, interpolation=cv2.INTER_AREA)
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    return luma / max(float(luma.std()), _MIN_CONTRAST)
