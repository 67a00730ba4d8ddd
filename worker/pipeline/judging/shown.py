"""Chooses the candidates that a judge is shown: the best of each scene, then further moments of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.cues.difference import SAME_LOOK, look_differences
from worker.pipeline.frames import STILL_REACH_S
from worker.pipeline.selection.claims import NO_CLAIMS, Claims
from worker.pipeline.selection.diversity import WEAK_SHARE, near_in_time
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored


# Stills of two that are nearer in time may be the same frame: each may lie so far from what was asked for.
GESTURE_S = 2 * STILL_REACH_S


def choose_shown(scored: Sequence[Scored], most: int, claims: Claims = NO_CLAIMS) -> list[int]:
    """Choose what a judge is shown.

    The best of each scene come first, then the second moments of all scenes, then the third: so a video of
    many scenes is judged by its scenes, and one of a single scene by its moments. The weakest frames of the
    video come after those. What room is left goes to other gestures of the same moments, of which only one
    can be picked, then to all that is not the very same picture, and last to the ends of the video.

    Args:
        scored: frames of one video, at least one.
        most: how many at most, at least two.
        claims: what is preferred goes before the others. What an earlier run picked is shown whatever else
            is, since it could not be kept otherwise; but half of the places stay for what is new.

    Returns:
        Indexes in order of time, which tells a judge nothing of the score.
    """
    distance = scene_distances(scored)
    could_be_one_pick = near_in_time(scored, distance) | (distance < SAME_PICTURE)
    times_s = np.array([one.candidate.time_s for one in scored])
    is_one_look = look_differences([one.candidate.rgb for one in scored]) < SAME_LOOK
    could_be_one_still = (np.abs(times_s[:, None] - times_s) < GESTURE_S) | is_one_look
    shown: list[int] = []

    def fill(tier: set[int], is_alike: NDArray[np.bool_]) -> None:
        best_first = sorted(tier, key=lambda index: (-scored[index].score, index))
        for moments in range(most):
            for index in best_first:
                is_new = not is_alike[index, shown].any()
                if len(shown) < most and is_new and (distance[index, shown] < SAME_SCENE).sum() <= moments:
                    shown.append(index)

    inner = set(range(len(scored))) - claims.at_ends
    for is_alike in (could_be_one_pick, could_be_one_still, is_one_look):
        for tier in _tiers(scored, inner, claims.preferred):
            fill(tier, is_alike)
    fill(set(claims.at_ends), is_one_look)
    # In place of what came last; so after a run that picked of what it had shown, the same is shown again.
    earlier = claims.earlier[: most // 2]
    others = [index for index in shown if index not in earlier]
    return sorted([*earlier, *others[: most - len(earlier)]])


def _tiers(scored: Sequence[Scored], inner: set[int], preferred: frozenset[int]) -> list[set[int]]:
    """Divide what is not at the ends: the preferred, the others, and the weakest of these."""
    by_score = sorted(range(len(scored)), key=lambda index: scored[index].unlearned_score)
    weak = set(by_score[: int(WEAK_SHARE * len(scored))])
    others = inner - preferred
    return [inner & preferred, others - weak, others & weak]
