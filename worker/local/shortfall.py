"""Says why a video got fewer picks than were asked for: what became of all its other frames."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from worker.pipeline.selection.ends import AT_AN_END
from worker.text import UNSAFE

if TYPE_CHECKING:
    from worker.pipeline.frames import Loser, Run

_LOOKS_ALIKE = "look like one of these"
_NEAR = "are close in time to one of these"
_WEAK = "are much weaker"
_FAULTY = "have a defect"
_AT_AN_END = "lie at the start or the end"
_AVOIDED = "lie in a range to avoid"
_UNSAFE = "are flagged as unsafe"
# How each reason of the pipeline begins; what is no reason of its is a list of defects.
_GROUPS = (
    ("too like ", _LOOKS_ALIKE),
    ("like a better neighbour", _LOOKS_ALIKE),
    ("eyes shut", _LOOKS_ALIKE),
    ("within ", _NEAR),
    ("outscored", _WEAK),
    ("same scene ", _WEAK),
    ("avoided", _AVOIDED),
    (UNSAFE, _UNSAFE),
    (AT_AN_END, _AT_AN_END),
)


def why_fewer(run: Run, count: int) -> str:
    """Say in a sentence why there are fewer picks than `count`; empty where there are as many."""
    if len(run.picks) >= count:
        return ""
    begin = f"{len(run.picks)} of {count} picks"
    groups = [group for group, _ in Counter(map(_group, run.losers)).most_common()]
    if not groups:
        return f"{begin}: the video has no other frame to show"
    told = groups[0] if len(groups) == 1 else f"{', '.join(groups[:-1])} or {groups[-1]}"
    return f"{begin}: all other frames {told}"


def _group(loser: Loser) -> str:
    return next((group for start, group in _GROUPS if loser.why.startswith(start)), _FAULTY)
