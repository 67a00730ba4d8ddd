"""What a judge's order does to scores: it leads, or decides near ties, as far as it may.

With `unit` the standard deviation of the scores by hand within the video, and `place` 0..1 the share of the
other pictures that one is better than:

- `Say.LEAD`: what was shown and not vetoed scores `floor + unit * SPREAD * (place + TIE_STEP * turn)`.
  `floor` is the best score by hand of what was not shown, so all of that lies below. `SPREAD` makes z-scores
  of places, for the rules of `selection.diversity` that are in units of the spread. `turn`, above 0 and up to
  1, is the place by the score with the learned head: it decides where places do not. The part `learned` goes,
  for scores of two kinds in one video would tell nothing.
- `Say.TIES`: what was shown and not vetoed gets `unit * NEAR_TIE * (place - 1/2)`, so no gap above
  `unit * NEAR_TIE` is turned.

The change is the part `JUDGED`, with which all parts still add up to the score. An order in which no two
places differ, as that of a judge which always takes the first picture, changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.frames import JUDGED, LEARNED, ByJudge
from worker.pipeline.judging.verdict import Say
from worker.pipeline.selection.diversity import unit_of
from worker.pipeline.selection.scenes import scene_distances

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from worker.pipeline.frames import Scored
    from worker.pipeline.judging.verdict import Verdict

# In units of the spread of the scores by hand: the largest gap that an unmeasured judge may turn.
NEAR_TIE = 0.5
# Places that are all different are spread evenly over 0..1; their standard deviation is 1 / sqrt(12).
SPREAD = math.sqrt(12)
# Below any difference of two places: 26 pictures and 6 couples of readings give steps of 1 / 300.
TIE_STEP = 1e-3
# What two places may differ by and be equal: they are means of floats.
_ROUNDING = 9


def is_near_tie(scored: Sequence[Scored], shown: Sequence[int], preferred: frozenset[int]) -> bool:
    """Tell whether the best two pictures that were shown are so near that a judge of near ties may decide.

    Gestures of one moment are nearly always; they alone are not worth its time.

    Args:
        scored: all frames of the video.
        shown: indexes of what the judge is shown.
        preferred: indexes in ranges that the caller prefers; where any is shown, these are the rivals.
    """
    rivals = [index for index in shown if index in preferred] or shown
    best = max(rivals, key=lambda index: scored[index].score)
    from_best = scene_distances(scored)[best]
    others = [index for index in rivals if from_best[index] >= SAME_PICTURE] or rivals
    second = max((scored[index].score for index in others if index != best), default=-math.inf)
    return scored[best].score - second <= NEAR_TIE * unit_of(scored)


def weigh(
    scored: Sequence[Scored], shown: Sequence[int], vetoed: Collection[int], verdict: Verdict
) -> list[Scored]:
    """Let a judge's order count as far as it may, and note what it said of each picture.

    Args:
        scored: all frames of the video.
        shown: indexes of what the judge was shown, in the order of the verdict.
        vetoed: indexes of what will not be picked.
        verdict: of the judge.

    Returns:
        The frames in the same order.
    """
    places = _places(shown, verdict)
    told = _with_words(scored, shown, verdict, places)
    order = {index: place for index, place in places.items() if index not in vetoed}
    if len(set(order.values())) <= 1 or verdict.say not in {Say.TIES, Say.LEAD}:
        return told
    return _led(told, order, shown) if verdict.say is Say.LEAD else _near_ties_decided(told, order)


def is_led(weighed: Sequence[Scored], verdict: Verdict) -> bool:
    """Tell whether the judge's order stands in place of the scores, and of what a learned head said."""
    return verdict.say is Say.LEAD and any(JUDGED in one.parts for one in weighed)


def _places(shown: Sequence[int], verdict: Verdict) -> dict[int, float]:
    """Read the place of each picture, 0..1, by index; none where the judge gave no order."""
    if verdict.places is None:
        return {}
    return {index: round(place, _ROUNDING) for index, place in zip(shown, verdict.places, strict=True)}


def _with_words(
    scored: Sequence[Scored], shown: Sequence[int], verdict: Verdict, places: Mapping[int, float]
) -> list[Scored]:
    told = list(scored)
    for index, one in zip(shown, verdict.descriptions, strict=True):
        place = 1 + sum(other > places[index] for other in places.values()) if places else None
        by_judge = ByJudge(one.subject, tuple(sorted(one.faults)), place, len(shown))
        told[index] = replace(told[index], by_judge=by_judge)
    return told


def _led(scored: Sequence[Scored], order: Mapping[int, float], shown: Collection[int]) -> list[Scored]:
    others = [one.hand_score for index, one in enumerate(scored) if index not in shown]
    floor = max(others, default=min(one.hand_score for one in scored))
    by_score = sorted(order, key=lambda index: scored[index].score)
    steps = {index: TIE_STEP * turn / len(order) for turn, index in enumerate(by_score, start=1)}
    unit = unit_of(scored) * SPREAD
    return [
        _scored_anew(one, floor + unit * (order[index] + steps[index]))
        if index in order
        else _scored_anew(one, one.hand_score)
        for index, one in enumerate(scored)
    ]


def _scored_anew(one: Scored, score: float) -> Scored:
    """Give a frame a score by the judge, and no part by a learned head."""
    parts = {name: value for name, value in one.parts.items() if name != LEARNED}
    if score != one.hand_score:
        parts[JUDGED] = score - one.hand_score
    return replace(one, parts=parts, score=score)


def _near_ties_decided(scored: Sequence[Scored], order: Mapping[int, float]) -> list[Scored]:
    decided = list(scored)
    for index, place in order.items():
        part = unit_of(scored) * NEAR_TIE * (place - 1 / 2)
        one = scored[index]
        decided[index] = replace(one, parts={**one.parts, JUDGED: part}, score=one.score + part)
    return decided
