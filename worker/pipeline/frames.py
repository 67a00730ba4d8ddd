"""The values that flow through the pipeline.

Every picture is (height, width, 3) uint8 RGB in display orientation with square pixels, unless its
name says otherwise. Every `time_s` counts seconds on the clock of a player that plays the whole video
(`container/clock.py`), and is exact: when the frame is shown, rounded down to a microsecond.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.pipeline.media import Region
from worker.text import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.pipeline.judging.verdict import Fault, Verdict
    from worker.pipeline.media import Video

Rgb = NDArray[np.uint8]
"""(height, width, 3) uint8 RGB."""

Active = Region
"""Where the picture is, without bars or blurred fill around it: left, top, right, bottom as shares (0..1)
of the picture as shown."""


STILL_REACH_S = 0.4
"""How far the still of a pick may lie from the candidate: a blink with its half-closed ends is shorter.
More than half of it is gone for the sake of people only, since a gesture is another one by then."""

STILL_APPROACH = 1 / 12
"""The share of the way from a candidate to the next pick of its shot that its still may go at most."""


class Box(NamedTuple):
    """A rectangle in pixels; x grows right, y grows down; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top


class Cues(NamedTuple):
    """What cheap measurements say about one frame. All in 0..1."""

    brightness: float  #: mean luma
    contrast: float  #: spread of luma (its standard deviation, full scale = 0.5), small bright signs apart
    clipped: float  #: share of pixels that are crushed to black or blown to white
    uniformity: float  #: share of pixels in the few commonest luma levels; 1 = one flat colour
    sharpness: float  #: noise-corrected detail, before comparison with the shot
    relative_sharpness: float  #: sharpness over the best of the shot
    stillness: float  #: 1 = identical to both neighbours, 0 = fast motion
    transition: float  #: 1 = inside a fade or dissolve
    color_bars: float  #: 1 = a test pattern
    title_card: float  #: 1 = flat ground with text or a logo, nothing else
    blockiness: float  #: 1 = coarse blocks of a broken or starved coding
    # Of a single picture these are not known.
    decoder_fill: float = 0.0  #: 1 = a large area that the decoder had nothing to show for
    data_loss: float = 0.0  #: 1 = something was lost between the frame and the keyframe in front of it
    writing: float = 0.0  #: 1 = many lines on flat ground, however dim


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame worth scoring, kept small."""

    time_s: float
    shot: int  #: index of its shot, from 0
    rgb: Rgb  #: as many pixels as 320x180 at most, without bars
    cues: Cues
    active: Active | None = None  #: where the picture is, if it has bars around it


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the video found."""

    candidates: tuple[Candidate, ...]  #: in order of time
    shot_starts_s: tuple[float, ...]  #: start of each shot; the first is the first frame
    frames_seen: int  #: frames that were looked at
    is_sampled: bool  #: True where only the surroundings of keyframes were decoded (long videos)


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture, in pixels of that picture."""

    box: Box
    confidence: float  #: 0..1


class FaceLook(NamedTuple):
    """What the landmarks of a face say. The ratios compare a person with himself only."""

    box: Box  #: of the face, in pixels of the picture; may reach beyond it
    presence: float  #: 0..1: how surely this is a face
    eye_opening: float  #: height over width of the eye that is open more widely
    yaw: float  #: the nose between the cheeks: 0.5 = frontal, towards 0 or 1 = turned away
    pitch: float  #: the nose between forehead and chin: about 0.55 = level, less = looking up, more = down
    lip_lift: float  #: how far the corners of the mouth are above its middle, in distances between the eyes
    mouth_opening: float  #: height over width
    is_inside: bool  #: no edge of the picture cuts the face


class Eyes(enum.StrEnum):
    """What is known of the eyes of the main people of a still, each compared with himself."""

    OPEN = "open"  #: of everybody who could be compared
    SHUT = "shut"  #: of somebody, who has them open at another moment
    NARROW = "narrow"  #: of somebody, all the time that was looked at: shut, or so by nature
    UNKNOWN = "unknown"  #: nobody, too small, turned away, or seen too briefly


@dataclass(frozen=True, slots=True)
class SeenCandidate:
    """A candidate of an earlier run, with what was found out about it; at its time in the video of then."""

    candidate: Candidate
    embedding: NDArray[np.float32] | None  #: (d,) by the model that judges now; None where it has not seen it
    faces: tuple[Face, ...] | None  #: in pixels of the candidate; None where they were not looked for
    was_kept: bool | None  #: when it was compared with its neighbours' looks; None where it was not
    taste: float = 0.0  #: by the same model, on its own scale; means nothing without an embedding


LEARNED = "learned"
"""The part of a score that comes from what viewers like (`scoring.learned_head`); the others are by hand."""

JUDGED = "judge"
"""The part of a score that a vision-language model gave (`pipeline.judging`)."""


class ByJudge(NamedTuple):
    """What a judge said of a candidate that it was shown."""

    subject: str  #: in a few words of the judge: content, never instructions
    faults: tuple[Fault, ...]  #: sorted by name
    place: int | None  #: 1 = best; those between which it did not decide share one; None: it gave no order
    pictures: int  #: how many it was shown


NOTHING_SEEN: Mapping[float, SeenCandidate] = MappingProxyType({})
"""What is known of candidates, by their times, where no earlier run has looked at the video."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with everything that speaks for or against it."""

    candidate: Candidate
    embedding: NDArray[np.float32]  #: (d,) L2-normalized
    faces: tuple[Face, ...]  #: in pixels of `candidate.rgb`
    parts: Mapping[str, float]  #: weighted contributions; they add up to `score`
    score: float  #: higher is better; comparable within one video only
    prompts: Mapping[str, float] = field(default_factory=dict)
    """By prompt pair, what it gave to the part "appeal"; they add up to it."""
    taste: float = 0.0  #: as the model measured it, on its own scale; 0 where it has no taste
    text_lines: int | None = (
        None  #: in it, those that all frames show too; None where they were not looked for
    )
    by_judge: ByJudge | None = None  #: None: it was not shown to a judge

    @property
    def hand_score(self) -> float:
        """The score by hand-made weights: without what was learned from viewers, and without a judge."""
        return self.unlearned_score - self.parts.get(JUDGED, 0.0)

    @property
    def unlearned_score(self) -> float:
        """The score without what was learned from viewers."""
        return self.score - self.parts.get(LEARNED, 0.0)


@dataclass(frozen=True, slots=True)
class Still:
    """The final frame at full resolution: upright, square pixels, SDR sRGB, bars trimmed."""

    time_s: float  #: the moment asked for, or a better one beside it
    rgb: Rgb
    looks: tuple[FaceLook, ...] = ()  #: of the main faces, largest first, in pixels of the still
    eyes: Eyes = Eyes.UNKNOWN


@dataclass(frozen=True, slots=True)
class Crop:
    """A pick cut to one aspect ratio and encoded."""

    aspect: str  #: as asked, e.g. "16:9" or "source"
    box: Box  #: in pixels of the still
    width_px: int
    height_px: int
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen frame."""

    rank: int  #: 1 = best
    time_s: float  #: seeks back to exactly this frame
    shot: int
    score: float
    parts: Mapping[str, float]  #: weighted contributions; they add up to `score`
    reasons: tuple[str, ...]  #: machine-readable, in the order of docs/cli.md, e.g. ("taste", "faces")
    faces: tuple[Face, ...]  #: in pixels of the still
    still_width_px: int
    still_height_px: int
    crops: tuple[Crop, ...]  #: one for each asked aspect, in the order asked
    prompts: Mapping[str, float] = field(default_factory=dict)  #: as of `Scored`
    runner_up: Scored | None = field(default=None, compare=False)
    """What it was compared with for the reasons; None where nothing else was left that scored no higher."""
    instead_of: Scored | None = field(default=None, compare=False)
    """What was chosen first, and gave way because somebody's eyes are shut in it; None as a rule."""
    by_judge: ByJudge | None = None  #: what a judge said of the candidate, as of `Scored`


@dataclass(frozen=True, slots=True)
class Loser:
    """A candidate that was not picked, and why: one square of the filmstrip."""

    candidate: Candidate
    why: str  #: e.g. "black", "too like pick 1", "outscored"
    scored: Scored | None = None  #: None where it was not worth scoring


@dataclass(frozen=True, slots=True)
class Run:
    """The result of the pipeline on one video."""

    video: Video
    picks: tuple[Pick, ...]  #: best first, at least one
    losers: tuple[Loser, ...]  #: in order of time
    shot_starts_s: tuple[float, ...]
    model: str  #: which model scored, e.g. "lite"
    timings_s: Mapping[str, float]  #: seconds by stage: probe, scan, score, judge, pick, stills
    note: str = ""  #: a sentence for people where the result needs one, e.g. "the whole video is dark"
    chosen: tuple[Scored, ...] = ()  #: what each of `picks` was before its still was taken
    wanted: tuple[Crop, ...] = ()  #: of the moment that a person chose
    wanted_embedding: NDArray[np.float32] | None = field(default=None, compare=False)
    """(d,) L2-normalized, of that moment; None where `wanted` is empty."""
    recalled: int = 0  #: candidates that an earlier run had measured; 0 where the whole video was looked at
    sight: str = ""  #: `model` with its files and the way it looks (`ClipScorer.sight`)
    head_id: int | None = None  #: of the learned head that had a say; None: none had, or a judge led
    hand_rank: int | None = None
    """Of `picks`, the rank of the one that would be the first without that head; None where it is none of
    them, or no head had a say."""
    verdict: Verdict | None = None  #: of a judge; None: none was asked, or it gave none, which `note` tells
    unjudged: str = ""  #: why a judge gave no verdict, in the word of `Unjudged`
    is_wanted_unsafe: bool = False  #: whether a picture of `wanted` is flagged

    @property
    def is_flagged(self) -> bool:
        """Whether the picks are flagged as unsafe: all of them, since flagged ones are left out otherwise."""
        return UNSAFE in self.picks[0].reasons
