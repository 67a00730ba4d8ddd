"""Chooses the candidates that a judge is shown: the best of each scene, then further moments of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.selection.claims import NO_CLAIMS, Claims
from worker.pipeline.selection.diversity import WEAK_SHARE, near_in_time
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Scored


def choose_shown(scored: Sequence[Scored], most: int, claims: Claims = NO_CLAIMS) -> list[int]:
    """Choose what a judge is shown.

    The best of each scene come first, then the second moments of all scenes, then the third: so a video of
    many scenes is judged by its scenes, and one of a single scene by its moments. The weakest frames of the
    video fill what room is left. Two that could not both be picked, because they are too near or too like,
    are not both shown.

    Args:
        scored: frames of one video, at least one.
        most: how many at most, at least two.
        claims: what is preferred goes before the others. What an earlier run picked is shown whatever else
            is, since it could not be kept otherwise; but half of the places stay for what is new. The ends
            of the video are shown only where there is nothing else.

    Returns:
        Indexes in order of time, which tells a judge nothing of the score.
    """
    distance = scene_distances(scored)
    is_near = near_in_time(scored, distance)
    inner = set(range(len(scored))) - claims.at_ends or set(range(len(scored)))
    shown = list(claims.earlier[: most // 2])
    by_score = sorted(range(len(scored)), key=lambda index: scored[index].unlearned_score)
    weak = set(by_score[: int(WEAK_SHARE * len(scored))])
    others = inner - claims.preferred
    for tier in (inner & claims.preferred, others - weak, others & weak):
        best_first = sorted(tier, key=lambda index: (-scored[index].score, index))
        for moments in range(most):
            for index in best_first:
                from_shown = distance[index, shown]
                is_new = not is_near[index, shown].any() and (from_shown >= SAME_PICTURE).all()
                if len(shown) < most and is_new and (from_shown < SAME_SCENE).sum() <= moments:
                    shown.append(index)
    return sorted(shown)
