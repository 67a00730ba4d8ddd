"""Why a frame was picked: the few parts of its score that decided against the runner-up.

A reason is a name for programs; `worker/text.py` has the words for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from worker.pipeline.frames import JUDGED
from worker.pipeline.scoring import text_cost
from worker.pipeline.selection.scenes import SAME_SCENE, scene_distances

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from worker.pipeline.frames import Scored

# Reasons that are no part of the score. The first four say why others, which scored higher, were not taken.
ANOTHER_SCENE = "another_scene"  #: it shows a scene that no earlier pick shows
ANOTHER_MOMENT = "another_moment"  #: it differs more from the earlier picks
KEPT = "kept"  #: an earlier run picked it, and nothing else is clearly better
PREFERRED = "preferred"  #: it lies in a range that the caller prefers
CLOSE_CALL = "close_call"  #: no part of it is clearly better than the runner-up's
ONLY_CHOICE = "only_choice"  #: nothing else was left that could be picked
BY_HAND = "by_hand"  #: the first pick without what was learned from viewers, which it is compared with
NO_TEXT = "no_text"  #: it was looked at and has none; the runner-up has some, or was not looked at

# More reasons than this explain nothing.
MAX_REASONS = 3
# A part that leads by a smaller share of the video's range of scores is no reason: coding alone moves a score
# so far.
MIN_LEAD_SHARE = 0.06

# What shows the same as a pick cannot be picked; what merely gave way to another scene was still open.
_RULED_OUT_BY = re.compile(r"\b(?:within [\d.]+ s of|too like) pick (\d+)")


class Explanation(NamedTuple):
    """Why one frame was picked."""

    reasons: tuple[str, ...]  #: at least one, the most important first
    runner_up: Scored | None  #: what it was compared with; None where nothing else was left


def explain(
    chosen: Sequence[int],
    scored: Sequence[Scored],
    lost: Mapping[int, str],
    preferred: frozenset[int] = frozenset(),
    *,
    kept: frozenset[int] = frozenset(),
    no_rivals: AbstractSet[int] = frozenset(),
    by_hand: int | None = None,
    is_led: bool = False,
) -> list[Explanation]:
    """Explain each pick by what set it apart from the runner-up for its place.

    Args:
        chosen: indexes of the picks, best first.
        scored: all that were scored.
        lost: why each other index lost, as `pick_diverse` says it.
        preferred: indexes of those in the ranges that the caller prefers.
        kept: picks that stay from an earlier run although another frame is worth more.
        no_rivals: indexes of those at the ends of the video, or vetoed, that were no rivals of the others.
        by_hand: the index that has the second place for what it would be without a learned head.
        is_led: whether a judge's order stands in place of the scores.
    """
    scores = [one.score for one in scored]
    min_lead = MIN_LEAD_SHARE * (max(scores) - min(scores))
    distance = scene_distances(scored)
    ruled_out_by = {index: _ruled_out_by(why) for index, why in lost.items()}
    explanations = []
    for number, index in enumerate(chosen, start=1):
        # What was still open when this place was filled; of these, its pick ruled out what shows the same.
        rivals = {i for i, by in ruled_out_by.items() if not 0 < by < number} | {*chosen[number:]}
        rivals -= no_rivals if index not in no_rivals else frozenset()
        unlike = {i for i in rivals if ruled_out_by.get(i) != number}
        instead: tuple[str, ...] = ()
        if index in kept:
            instead = (KEPT,)
        elif index == by_hand and number > 1:
            instead = (BY_HAND,)
        elif any(scores[i] > scores[index] for i in rivals):
            new = {i for i in (*rivals, index) if (distance[i, chosen[: number - 1]] >= SAME_SCENE).all()}
            instead = _taken_instead(index, is_first=number == 1, preferred=preferred, new_scenes=new)
            unlike = unlike & new if ANOTHER_SCENE in instead else unlike
        explanations.append(
            _explain(
                scored[index],
                instead,
                rivals=[scored[i] for i in sorted(rivals)],
                unlike=[scored[i] for i in sorted(unlike)],
                min_lead=min_lead,
                is_led=is_led,
            )
        )
    return explanations


def deciding_parts(pick: Scored, other: Scored, min_lead: float) -> tuple[str, ...]:
    """Name the fewest parts without which a frame would not lead over another, the largest lead first.

    What a judge gave is named however small it is, if it decided: no coding moved it.

    Args:
        pick: the frame that won.
        other: the one that it is compared with.
        min_lead: a part that leads by less is not named.
    """
    names = dict.fromkeys([*pick.parts, *other.parts])
    leads = {name: pick.parts.get(name, 0.0) - other.parts.get(name, 0.0) for name in names}
    rest = sum(leads.values())
    is_by_judge = rest - leads.get(JUDGED, 0.0) <= 0
    deciding: list[str] = []
    for name in sorted(leads, key=lambda name: -leads[name]):
        if deciding and rest <= 0:
            break
        if leads[name] <= (0.0 if name == JUDGED and is_by_judge else min_lead):
            continue
        rest -= leads[name]
        if name != text_cost.PART:
            deciding.append(name)
        elif told := _told_of_text(pick, other):
            deciding.append(told)
    return tuple(deciding)


def _told_of_text(pick: Scored, other: Scored) -> str | None:
    """Name what a lead in text means; frames that were not looked at lose the mean, which tells nothing."""
    if pick.text_lines == 0:
        return NO_TEXT
    return text_cost.PART if pick.text_lines and other.text_lines else None


def _ruled_out_by(why: str) -> int:
    """Read the number of the pick that ruled a frame out; 0 where none did."""
    named = _RULED_OUT_BY.search(why)
    return int(named[1]) if named else 0


def _explain(
    pick: Scored,
    instead: tuple[str, ...],
    *,
    rivals: Sequence[Scored],
    unlike: Sequence[Scored],
    min_lead: float,
    is_led: bool,
) -> Explanation:
    runner_up = _best_below(pick, unlike) or _best_below(pick, rivals)
    if runner_up is None:
        return Explanation(instead or (ONLY_CHOICE,), None)
    is_by_judge = is_led and _put_before(pick, runner_up)
    deciding = (JUDGED,) if is_by_judge else deciding_parts(pick, runner_up, min_lead)
    reasons = (*instead, *deciding) or (CLOSE_CALL,)
    return Explanation(reasons[:MAX_REASONS], runner_up)


def _put_before(pick: Scored, other: Scored) -> bool:
    """Tell whether a judge put one frame before another: whatever else sets them apart did not count then."""
    place, behind = (one.by_judge.place if one.by_judge else None for one in (pick, other))
    return place is not None and behind is not None and place < behind


def _taken_instead(
    index: int, *, is_first: bool, preferred: frozenset[int], new_scenes: set[int]
) -> tuple[str, ...]:
    """Say why a frame was taken before those that scored higher; nothing where that is not known."""
    if index in preferred:
        return (PREFERRED,)
    if is_first:
        return ()
    return (ANOTHER_SCENE if index in new_scenes else ANOTHER_MOMENT,)


def _best_below(pick: Scored, others: Iterable[Scored]) -> Scored | None:
    """Find the best frame of those that did not score higher than a pick; None without any."""
    return max((one for one in others if one.score <= pick.score), key=lambda one: one.score, default=None)
