"""The edit that an event reports, as a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.platforms.event import EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from datetime import datetime

    from worker.platforms.event import Event

# Which field of `edit` holds the ranges. Those of a clip are not read: they are of another video.
RANGES_IN = {"trimmed": "kept", "reordered": "order"}


def reported_edit(event: Event, last_event_at: datetime | None) -> Timeline | None:
    """Read what an event says was done to this very video; None where it does not say.

    Args:
        event: what happened.
        last_event_at: when the newest event before it happened. What came late tells of an earlier video
            than the one that is known, and of two at once the order is not known.
    """
    ranges = event.detail.get(RANGES_IN.get(event.detail.get("kind", ""), ""))
    is_newest = event.happened_at is not None and (last_event_at is None or event.happened_at > last_event_at)
    if event.kind is not EventKind.EDITED or ranges is None or not is_newest:
        return None
    return Timeline.of(Range(float(this["start_s"]), float(this["end_s"])) for this in ranges)
