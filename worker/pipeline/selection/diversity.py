"""Chooses frames that are good and show different things.

Each pick is the best frame of a scene that no pick shows yet, as long as there is a good one; then of what
shows another moment of a scene. A repeat is never picked, so there may be fewer picks than asked for. The
start and the end of the video are only turned to where everything else leaves places free. What was vetoed is
not picked as long as there is anything else.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from worker.pictures.likeness import SAME_PICTURE
from worker.pipeline.frames import STILL_APPROACH
from worker.pipeline.scoring.learned_head import may_lead
from worker.pipeline.selection.ends import AT_AN_END
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.frames import Scored

# Two picks of one scene or shot that are closer than this look the same on a shelf of thumbnails.
MIN_GAP_S = 2.0
# Candidates keep more: each of their stills may move towards the other.
CANDIDATE_GAP_S = MIN_GAP_S / (1 - 2 * STILL_APPROACH)

NOTHING_VETOED: Mapping[int, str] = MappingProxyType({})

# What scores least in the video is nothing to show beside a good pick, however different: rather fewer picks.
WEAK_SHARE = 0.2

# Scores are compared in units of their standard deviation within the video: of those by hand, so that a point
# that was learned from viewers weighs the same whatever the others got.
# What it is worth among frames of a scene that is shown already to be as unlike a pick as another scene.
NOVELTY = 1.5
# What an earlier run picked stays unless another frame is better by more. In files that were only encoded
# again, the first pick was within this of the new best in nine of ten.
KEEP_MARGIN = 1.1


def pick_diverse(
    scored: Sequence[Scored],
    count: int,
    preferred: frozenset[int] = frozenset(),
    earlier: Sequence[int] = (),
    at_ends: frozenset[int] = frozenset(),
    second: int | None = None,
    vetoed: Mapping[int, str] = NOTHING_VETOED,
) -> tuple[list[int], dict[int, str], frozenset[int]]:
    """Choose up to `count` frames, best first; at least one where there is any.

    Args:
        scored: at least one, in order of time.
        count: how many at most.
        preferred: indexes that go before all others, as long as they differ from what is picked.
        earlier: indexes of what an earlier run picked, best first; each is picked again in place of a frame
            that is better by no more than `KEEP_MARGIN`.
        at_ends: indexes that fill the places which all others leave free; the first one only where all others
            are among the weakest.
        second: the index that gets the second place, unless it shows the same as the first pick.
        vetoed: why each of these indexes is not picked; unless they are all, which is no veto.

    Returns:
        Indexes of the picks; for every other index why it lost; and which picks stay from the earlier run
        although another frame is worth more.
    """
    quality, unlearned = _qualities(scored)
    vetoed = vetoed if len(vetoed) < len(scored) else NOTHING_VETOED
    distance = scene_distances(scored)
    is_near = near_in_time(scored, distance)
    # What may be picked at all does not depend on what was learned from viewers.
    order = np.argsort(unlearned, kind="stable")
    weak = set(order[: int(WEAK_SHARE * len(scored))].tolist()) - preferred
    is_room = set(range(len(scored))) - at_ends - weak - vetoed.keys()
    waiting = at_ends - vetoed.keys() if is_room else frozenset[int]()
    open_to = [i for i in range(len(scored)) if i not in waiting and i not in vetoed]
    picks: list[int] = []
    kept: set[int] = set()
    why = dict(vetoed)
    while open_to and len(picks) < count:
        first = [i for i in open_to if i in preferred] or open_to
        fresh = [i for i in first if not picks or distance[i, picks].min() >= SAME_SCENE] or first
        # The first pick is the best of all, wherever it lies; later ones keep room for those still to come.
        roomy = _leaving_room(fresh, open_to, count - len(picks), is_near) if picks else fresh
        roomy = [second] if len(picks) == 1 and second in open_to else roomy
        worth = {i: quality[i] + NOVELTY * _novelty(distance[i, picks]) for i in roomy}
        best = _steady(worth, earlier)
        if not picks:
            by_hand = _steady({i: unlearned[i] for i in roomy}, earlier)
            best = best if may_lead(scored[best], scored[by_hand]) else by_hand
        picks.append(best)
        kept |= {best} if best in earlier and worth[best] < max(worth.values()) else set()
        # What is too near or too like goes for good, with the first reason found.
        for i in (*open_to, *(waiting - why.keys())):
            if is_near[i, best]:
                why[i] = f"within {MIN_GAP_S:.0f} s of pick {len(picks)}"
            elif distance[i, best] < SAME_PICTURE:
                why[i] = f"too like pick {len(picks)}"
        open_to = [i for i in open_to if i not in why and i not in weak]
        if not open_to and len(picks) < count:
            open_to, waiting = sorted(waiting - why.keys() - weak), frozenset()
    why |= {i: AT_AN_END for i in waiting if i not in why}
    lost = {i: why.get(i) or _why(i, picks, quality, distance) for i in range(len(scored)) if i not in picks}
    return picks, lost, frozenset(kept)


def _steady(worth: Mapping[int, float], earlier: Sequence[int]) -> int:
    """Choose what is worth most, or what an earlier run picked if it is worth hardly less."""
    enough = max(worth.values()) - KEEP_MARGIN
    return next((i for i in earlier if worth.get(i, -np.inf) >= enough), max(worth, key=worth.__getitem__))


def near_in_time(scored: Sequence[Scored], distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which two are too near each other in time; scenes that follow on each other may be.

    Args:
        scored: n frames of one video.
        distance: between them, as `scene_distances` measures it.

    Returns:
        (n, n); true on the diagonal.
    """
    times_s = np.array([one.candidate.time_s for one in scored])
    shots = np.array([one.candidate.shot for one in scored])
    is_one_scene = (distance < SAME_SCENE) | (shots[:, None] == shots)
    return np.asarray(is_one_scene & (np.abs(times_s[:, None] - times_s) < CANDIDATE_GAP_S), np.bool_)


def _leaving_room(
    among: Sequence[int], open_to: Sequence[int], wanted: int, is_near: NDArray[np.bool_]
) -> Sequence[int]:
    """Keep those after which the most of the wanted picks still find a place; in a short video, few do."""
    room = {
        index: min(wanted - 1, _places([i for i in open_to if not is_near[i, index]], is_near))
        for index in among
    }
    return [index for index in among if room[index] == max(room.values())]


def _places(in_order: Sequence[int], is_near: NDArray[np.bool_]) -> int:
    """Count how many of these, in order of time, can be taken so that no two are too near.

    To take each as early as possible leaves the most room for the rest, so this is the most there can be.
    """
    taken: list[int] = []
    for index in in_order:
        if not is_near[index, taken].any():
            taken.append(index)
    return len(taken)


def _qualities(scored: Sequence[Scored]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring scores, and those without a learned head, to units of their spread by hand within the video."""
    scores = np.array([one.score for one in scored], np.float64)
    unlearned = np.array([one.unlearned_score for one in scored], np.float64)
    unit = unit_of(scored)
    return (scores - scores.mean()) / unit, (unlearned - unlearned.mean()) / unit


def unit_of(scored: Sequence[Scored]) -> float:
    """Measure what scores are compared in: the standard deviation of those by hand within the video."""
    return max(float(np.std([one.hand_score for one in scored])), 1e-9)


def _novelty(distances: NDArray[np.float64]) -> float:
    """Tell how unlike all picks a frame is, 0..1: beyond another scene, more unlike is no better."""
    return min(1.0, float(distances.min()) / SAME_SCENE) if len(distances) else 0.0


def _why(
    index: int, picks: Sequence[int], quality: NDArray[np.float64], distance: NDArray[np.float64]
) -> str:
    """Say why a frame lost that no pick excludes: a better score may give way to another scene."""
    is_better = quality[index] > quality[list(picks)].min()
    shown = [number for number, pick in enumerate(picks, 1) if distance[index, pick] < SAME_SCENE]
    return f"same scene as pick {shown[0]}" if is_better and shown else "outscored"
