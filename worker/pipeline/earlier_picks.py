"""Finds what an earlier run picked in a video that is looked at again, so that viewers keep their picture.

Another encoding is enough to change the order among good frames, and another face on a video that did not
change looks like a fault. So an earlier pick stays, as long as the video still shows it and nothing is
clearly better (`selection/diversity.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.pipeline.cues.difference import look_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Candidate, Rgb

# The scan may keep another frame of the same moment, and cuts fall beside where they are said to.
REACH_S = 0.5
# Up to this difference it is the same picture. In other encodings of 12 clips, the most alike frame of the
# moment was within 0.07 in 95 % of cases, and 0.17 at most; other moments of a moving picture differ by more.
SAME_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class EarlierPick:
    """A frame that an earlier run picked."""

    rgb: Rgb  #: small, as a candidate
    places_s: (
        tuple[float, ...] | None
    )  #: when it is shown now; none if cut away; None where that is not known


def find_again(picks: Sequence[EarlierPick], candidates: Sequence[Candidate]) -> list[int]:
    """Find the candidates that show what was picked before, in the order of these picks.

    Returns:
        Indexes of the most alike candidate of each pick; a pick that is not shown any more is left out.
    """
    found = (_most_alike(pick, candidates) for pick in picks)
    return list(dict.fromkeys(index for index in found if index is not None))


def _most_alike(pick: EarlierPick, candidates: Sequence[Candidate]) -> int | None:
    differences = {
        index: look_difference(pick.rgb, one.rgb)
        for index, one in enumerate(candidates)
        if pick.places_s is None or any(abs(one.time_s - place_s) <= REACH_S for place_s in pick.places_s)
    }
    best = min(differences, key=differences.__getitem__, default=None)
    return None if best is None or differences[best] > SAME_LOOK else best
