"""The filmstrip: every frame that was looked at, in order of time, with its score and why it lost."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

from worker.admin.judge.said import judged_of, tied_places
from worker.text import lost_words, short_clock

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from worker.admin.candidates import Numbered
    from worker.admin.judge.said import JudgeRemark
    from worker.database.models import Thumbnail

# The drawing of scores, in units of its own, which the page stretches.
CHART_WIDTH = 1000.0
CHART_HEIGHT = 60.0
_LEAST_HEIGHT = 4.0  # of what has the lowest score, or none

_ALIKE = re.compile(r"(too like|within [\d.]+ s of|same scene as) pick \d+")


class Fate(enum.StrEnum):
    """What became of a frame."""

    PICKED = "picked"
    ALIKE = "alike"  #: it shows what a pick shows, or stands beside one
    OUTSCORED = "outscored"
    UNFIT = "unfit"  #: it has a defect, or nobody wants it


class Frame(NamedTuple):
    """A candidate as the strip shows it."""

    id: int  #: of the candidate
    number: int  #: as `numbered_candidates` gives it
    time_s: float
    score: float | None  #: None where it was left out before scoring
    fate: Fate
    says: str  #: "pick 1", or why it lost
    judged: JudgeRemark | None = None  #: what a judge said of it; None where none was shown it

    @property
    def name(self) -> str:
        """What a screen reader says: "frame at 0:07.7, score 2.94, others score higher"."""
        score = "no score" if self.score is None else f"score {self.score:.2f}"
        return f"frame at {short_clock(self.time_s)}, {score}, {self.says}"


class Chart(NamedTuple):
    """The scores over time, as the paths of an SVG: a line from the bottom for each frame."""

    lines: dict[Fate, str]
    avoided: list[tuple[float, float]]  #: left edge and width of each range to avoid
    preferred: list[tuple[float, float]]


def scores_by_rank(picks: Sequence[Thumbnail]) -> dict[int, float]:
    """Return the score of each pick, by its rank."""
    return {pick.rank: pick.score for pick in picks}


def frames_in_time(candidates: Sequence[Numbered], picks: Mapping[int, float]) -> list[Frame]:
    """Describe every candidate, in order of time.

    Args:
        candidates: of the newest run.
        picks: the score of each of its picks, by rank.
    """
    tied = tied_places(candidates)
    frames = [describe(one, picks, tied) for one in candidates]
    return sorted(frames, key=lambda frame: (frame.time_s, frame.id))


def describe(one: Numbered, picks: Mapping[int, float], tied: Collection[int]) -> Frame:
    """Describe one candidate.

    Args:
        one: the candidate.
        picks: as of `frames_in_time`.
        tied: the places that a judge gave to several; see `tied_places`.
    """
    number, candidate = one
    is_pick = number in picks
    if candidate.lost_because is None or is_pick:
        fate, says = Fate.PICKED, f"pick {number}" if is_pick else "picked"
    else:
        fate = _fate(candidate.lost_because)
        says = lost_words(candidate.lost_because, candidate.score, picks)
    judged = judged_of(candidate, tied)
    return Frame(candidate.id, number, candidate.time_s, candidate.score, fate, says, judged)


def chart_of(
    frames: Sequence[Frame],
    duration_s: float,
    avoided: Sequence[tuple[float, float]],
    preferred: Sequence[tuple[float, float]],
) -> Chart:
    """Draw the scores.

    Args:
        frames: in order of time.
        duration_s: of the video.
        avoided: start and end of each range, in seconds.
        preferred: the same.
    """
    scale = CHART_WIDTH / max(duration_s, *(frame.time_s for frame in frames), 0.001)
    scores = [frame.score for frame in frames if frame.score is not None]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    lines: dict[Fate, str] = {}
    for frame in frames:
        share = 0.0 if frame.score is None or high == low else (frame.score - low) / (high - low)
        top = CHART_HEIGHT - _LEAST_HEIGHT - share * (CHART_HEIGHT - 2 * _LEAST_HEIGHT)
        line = f"M{frame.time_s * scale:.1f} {CHART_HEIGHT:.0f}V{top:.1f}"
        lines[frame.fate] = lines.get(frame.fate, "") + line

    return Chart(lines, _bands(avoided, scale), _bands(preferred, scale))


def _bands(ranges: Sequence[tuple[float, float]], scale: float) -> list[tuple[float, float]]:
    return [(start_s * scale, (end_s - start_s) * scale) for start_s, end_s in ranges if end_s > start_s]


def _fate(lost_because: str) -> Fate:
    if _ALIKE.match(lost_because):
        return Fate.ALIKE
    return Fate.OUTSCORED if lost_because == "outscored" else Fate.UNFIT
