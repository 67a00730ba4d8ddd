"""What a platform tells of how often a video is seen."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class Counts(enum.StrEnum):
    """What a platform's statistics tell of one video, hour by hour or day by day."""

    NONE = "none"  #: nothing that we can read
    VIEWS = "views"  #: how often it was played
    PLAY_RATE = "play rate"  #: that, and how often its player was loaded, so how many of them pressed play


class Granularity(enum.StrEnum):
    """How finely they are told."""

    HOUR = "hour"
    DAY = "day"  #: of UTC


class Hour(NamedTuple):
    """What was counted in one hour, or on one day where a platform tells only days."""

    at: datetime  #: aware; when it begins
    views: int
    watch_s: float | None = None  #: None: it is not told, or not in which unit
    impressions: int | None = None  #: how often the player was loaded
