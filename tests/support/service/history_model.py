"""What a platform and the people before it do to videos, as simply as it can be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.support.service import builders
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from worker.platforms.event import Event, EventKind

ASSETS = ("a1", "a2")
LENGTH_S = 200.0  #: of every new file
CUT_S = 60.0  #: what a trim takes away


class Content(NamedTuple):
    """What a video was from one change to the next."""

    duration_s: float
    edit: Timeline | None  #: of the content before; None: another file


@dataclass
class ModelChoice:
    """What a person wants shown."""

    time_s: float
    is_lost: bool = False


@dataclass
class ModelVideo:
    """An asset as the platform has it, and what is to be known of it here."""

    contents: list[Content] = field(default_factory=list)
    is_deleted: bool = False
    shown: str | None = None
    looked_at: int = 0  #: the content of the newest run that was stored; 0 before the first
    choice: ModelChoice | None = None

    @property
    def content(self) -> int:
        """The number of the present content; 0 before it is ready."""
        return len(self.contents)

    @property
    def stands(self) -> ModelChoice | None:
        """The choice that is to be shown."""
        return None if self.choice is None or self.choice.is_lost else self.choice

    def change(self, edit: str) -> Content:
        """Get new content: another file, or what is left without a part of the head or the tail."""
        length_s = self.contents[-1].duration_s if self.contents else LENGTH_S
        if self.is_deleted or not self.contents or edit == "replaced" or length_s <= CUT_S:
            self.contents.append(Content(LENGTH_S, None))
        else:
            kept = Range(CUT_S, length_s) if edit == "head off" else Range(0.0, length_s - CUT_S)
            self.contents.append(Content(kept.length_s, Timeline.of([kept])))
        self.is_deleted = False
        return self.contents[-1]

    def became(self, content: int) -> Timeline | None:
        """What was done to the content of the newest run up to this one; None where it is another file."""
        whole: Timeline | None = Timeline.whole(self.contents[self.looked_at - 1].duration_s)
        for later in self.contents[self.looked_at : content]:
            whole = whole.then(later.edit) if whole and later.edit else None
        return whole

    def look(self, content: int, timeline: Timeline | None, *, is_other: bool) -> None:
        """Store a run: a standing choice goes where the edit took it, or is lost.

        Args:
            content: that the run saw.
            timeline: what is known of how it came from the one before.
            is_other: whether the content is new, or the asset was deleted meanwhile.
        """
        self.looked_at, choice = content, self.stands
        if choice is None:
            return
        places_s = [] if timeline is None else list(timeline.places_of(choice.time_s))
        if places_s:
            choice.time_s = places_s[0]
        elif timeline is not None or is_other:
            duration_s = self.contents[content - 1].duration_s
            choice.is_lost = timeline is not None or choice.time_s >= duration_s


@dataclass
class ModelPlatform:
    """The truth, and the events it has sent about it."""

    videos: dict[str, ModelVideo] = field(default_factory=lambda: {name: ModelVideo() for name in ASSETS})
    minute: int = 0
    sent: list[Event] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)

    def send(self, kind: EventKind, asset_id: str, skew_min: int = 0, edit: Timeline | None = None) -> None:
        """Something happened; its event will be delivered some time."""
        self.minute += 1
        told = [range_._asdict() for range_ in edit.ranges] if edit else None
        self.sent.append(
            builders.event(
                kind,
                minute=self.minute + skew_min,
                asset_id=asset_id,
                delivery_id=f"d{len(self.sent)}",
                detail={"kind": "trimmed", "kept": told} if told else {},
            )
        )
