"""What would be picked first without what was learned from viewers: a learned head is compared with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from worker.pipeline.frames import LEARNED
from worker.pipeline.selection.diversity import NOTHING_VETOED, pick_diverse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.pipeline.frames import Scored


def without_learned(scored: Sequence[Scored]) -> list[Scored]:
    """Take the part `learned` from each score, in the order given."""
    return [
        replace(
            one,
            score=one.unlearned_score,
            parts={name: value for name, value in one.parts.items() if name != LEARNED},
        )
        for one in scored
    ]


def first_by_hand(
    scored: Sequence[Scored],
    preferred: frozenset[int],
    earlier: Sequence[int],
    at_ends: frozenset[int],
    vetoed: Mapping[int, str] = NOTHING_VETOED,
) -> int:
    """Find the index of what `pick_diverse`, asked for the same, would pick first without a learned head."""
    picks, *_ = pick_diverse(without_learned(scored), 1, preferred, earlier, at_ends, vetoed=vetoed)
    return picks[0]
