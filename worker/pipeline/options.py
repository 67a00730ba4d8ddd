"""What a caller may ask of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.time_ranges import TimeRange


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller wants."""

    count: int = 3  #: at most so many picks
    aspects: tuple[str, ...] = ("16:9",)  #: one crop each: "W:H", or "source" for the whole picture
    title: str = ""  #: what the video is about, if known
    avoid: tuple[TimeRange, ...] = ()  #: ranges of the video to pick nothing from
    prefer: tuple[TimeRange, ...] = ()  #: ranges to pick from first
    chosen_s: float | None = None  #: a moment that a person chose, in seconds: its still is taken too
    #: Give the second place to what would be the first without a learned head, so that both can be compared.
    shows_hand_pick: bool = False

    def chosen_within(self, start_s: float, end_s: float) -> list[float]:
        """List the moment that a person chose, if it lies there: an edit may have cut it off."""
        return [] if self.chosen_s is None or not start_s <= self.chosen_s < end_s else [self.chosen_s]
