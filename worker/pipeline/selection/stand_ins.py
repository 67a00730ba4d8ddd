"""What may be shown in place of a pick in which somebody's eyes turn out to be shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.selection.diversity import WEAK_SHARE
from worker.pipeline.selection.ends import AT_AN_END

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from worker.pipeline.frames import Scored


def stand_ins(
    scored: Sequence[Scored],
    lost: Mapping[int, str],
    preferred: frozenset[int],
    vetoed: Collection[int] = (),
) -> list[int]:
    """List what is as good as a pick has to be, and where it is preferred.

    Args:
        scored: all that were scored.
        lost: why those lost that were not picked, by index.
        preferred: indexes in ranges that the caller prefers; where there are any, only these may stand in.
        vetoed: indexes of what must not come back by this way either.
    """
    scores = [one.unlearned_score for one in scored]
    least = sorted(scores)[int(WEAK_SHARE * len(scores))]
    usable = (index for index, why in lost.items() if why != AT_AN_END and index not in vetoed)
    fits = preferred or {index for index, score in enumerate(scores) if score >= least}
    return [index for index in usable if index in fits]
