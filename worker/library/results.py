"""What a program that uses the picker gets: few fields, which stay; a run holds many more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from worker.text import reason_words

if TYPE_CHECKING:
    from worker.pipeline import frames


@dataclass(frozen=True, slots=True)
class Picture:
    """A pick, cut to one aspect ratio."""

    aspect: str  #: as asked, e.g. "16:9" or "source"
    width_px: int
    height_px: int
    jpeg: bytes = field(repr=False)  #: sRGB, upright, with square pixels


@dataclass(frozen=True, slots=True)
class Pick:
    """A frame that was picked."""

    rank: int  #: 1 = best
    time_s: float  #: seconds from the start of the file; a player that seeks there shows this frame
    score: float  #: higher is better; compares frames of one video only
    reasons: tuple[str, ...]  #: why it was picked, by the names in docs/cli.md, e.g. ("taste", "faces")
    why: str  #: the same in words, e.g. "stronger picture, clearer face"
    pictures: tuple[Picture, ...]  #: one for each asked aspect, in the order asked

    @classmethod
    def of(cls, pick: frames.Pick) -> Self:
        """Take what stays from a pick of the pipeline."""
        return cls(
            rank=pick.rank,
            time_s=pick.time_s,
            score=pick.score,
            reasons=pick.reasons,
            why=", ".join(reason_words(reason) for reason in pick.reasons),
            pictures=tuple(
                Picture(crop.aspect, crop.width_px, crop.height_px, crop.jpeg) for crop in pick.crops
            ),
        )


@dataclass(frozen=True, slots=True)
class Picks:
    """What was picked from one video."""

    picks: tuple[Pick, ...]  #: best first, at least one
    duration_s: float  #: of the video
    note: str  #: a sentence for people where the result needs one, e.g. that the whole video is dark; or ""
    model: str  #: which model judged, e.g. "lite"

    @classmethod
    def of(cls, run: frames.Run) -> Self:
        """Take what stays from a run of the pipeline."""
        return cls(tuple(map(Pick.of, run.picks)), run.video.duration_s, run.note, run.model)
