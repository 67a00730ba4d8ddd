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

from worker.pipeline.cues.defects import LOOKS, defects
from worker.pipeline.cues.difference import look_difference
from worker.pipeline.scoring.ranking import measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.pipeline.frames import Candidate

# So many are scored at most: beyond, a large model on a CPU takes longer than everything else.
MAX_SCORED = 100

# What so many of the candidates have is the look of the video, and no reason to leave one out.
LOOK_SHARE = 0.8

# Why the poorer of two neighbours is left out.
ALIKE = "like a better neighbour"
# Why a candidate is left out that lies where the caller wants no thumbnail from.
AVOIDED = "avoided"


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
        # Two that an earlier run kept beside each other stay: so an unchanged video gets the same picks.
        apart = math.inf if decided.keys() >= set(pair) else difference(*pair)
        return apart, candidates[pair[1]].time_s - candidates[pair[0]].time_s

    # One at a time, because what remains gets new neighbours; differences are computed once.
    while len(kept) > MAX_SCORED:
        alike = min(pairwise(kept), key=closeness)
        poorer = min(alike, key=lambda i: _value(candidates[i]))
        kept.remove(poorer)
        why[poorer] = ALIKE
    return kept, why


def _faults(candidates: Sequence[Candidate]) -> dict[int, str]:
    """Name what is wrong with each candidate and not with nearly all of them, by its index."""
    found = [defects(candidate.cues) for candidate in candidates]
    count = Counter(name for names in found for name in names)
    look = {name for name in LOOKS if count[name] >= LOOK_SHARE * len(candidates)}
    accidents = (", ".join(name for name in names if name not in look) for names in found)
    return {i: names for i, names in enumerate(accidents) if names}


def _value(candidate: Candidate) -> float:
    return sum(measured(candidate.cues).values())


def _difference(first: Candidate, second: Candidate) -> float:
    """Measure how unlike two candidates look; infinite if they belong to two shots."""
    if first.shot != second.shot:
        return math.inf
    return look_difference(first.rgb, second.rgb)
