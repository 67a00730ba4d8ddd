"""Which frames the product would leave out, by what a judge says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.pipeline.judging.verdict import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.judging.verdict import Description

LOOK_SHARE = 0.5  #: a fault that more of the pictures have is the look of the video


def vetoed_frames(descriptions: Sequence[Description]) -> dict[int, frozenset[Fault]]:
    """Find the frames at fault, by their places, with the faults that count; empty where all are at fault."""
    common = {
        fault
        for fault in Fault
        if sum(fault in one.faults for one in descriptions) > LOOK_SHARE * len(descriptions)
    }
    found = {place: one.faults - common for place, one in enumerate(descriptions) if one.faults - common}
    return {} if len(found) == len(descriptions) else found
