"""Write the report: one HTML page that shows what was picked, from what, and why the rest lost.

The page stands alone: pictures, style and script are inside it, and its content security policy lets
nothing else load or run. Every text in it is escaped, so a file may be named `<script>.mp4`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker.pipeline.frames import Box
from worker.pipeline.jpeg import encode_jpeg
from worker.text import clock, fault_words, part_words, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.pipeline.frames import Crop, Face, Loser, Pick, Run
    from worker.pipeline.media import Video

_STRIP_QUALITY = 72  # JPEG: the pictures of the strip are about 320 px wide, and there may be hundreds
_CHART_MARGIN = 6.0  # per cent of the chart's height, so that its best and worst dots are not cut
_DEPTH = 1.5  # the chart goes so much further below the median score than above it

_ENVIRONMENT = Environment(
    loader=PackageLoader("worker.local"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "clock": clock,
    "part_words": part_words,
    "reason_words": reason_words,
    "fault_words": fault_words,
    "printable": printable,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a score: from a middle line to the right or, where it counts against, to the left."""

    name: str
    value: float
    percent: float  #: length, of half the width


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A picture and where the faces in it are."""

    jpeg: bytes
    width_px: int
    height_px: int
    faces: tuple[Box, ...]  #: in pixels of this picture
    aspect: str = ""  #: the ratio of a crop, as asked; "" for a loser's picture

    @property
    def address(self) -> str:
        """Picture as a `data:` address, which needs no file."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


@dataclass(frozen=True, slots=True)
class CandidateEntry:
    """One candidate: a dot of the chart and a square of the filmstrip; picks also stand large above."""

    time_s: float
    shot: int
    score: float
    bars: tuple[Bar, ...]  #: empty where the candidate was never scored
    pictures: tuple[EmbeddedPicture, ...]  #: each crop of a pick; the one small picture of a loser
    rank: int = 0  #: 0 for a loser
    reasons: tuple[str, ...] = ()  #: for a pick
    why: str = ""  #: for a loser

    @property
    def group(self) -> str:
        """Kind of loser, for the page's filter: its first fault, with any pick's number left out."""
        return re.sub(r"\bpick \d+", "a pick", self.why.partition(", ")[0])


def render_report(run: Run) -> str:
    """Write the page of one run.

    Returns:
        A whole HTML document, in characters that UTF-8 can encode.
    """
    # One scale for all: a bar of half the width is the largest part that any pick has.
    widest = max((abs(value) for pick in run.picks for value in pick.parts.values()), default=0.0) or 1.0
    picks = [_pick_entry(pick, widest) for pick in run.picks]
    entries = sorted(
        [*picks, *(_loser_entry(loser, widest) for loser in run.losers)], key=lambda entry: entry.time_s
    )
    script = _source("report.js")
    # The security policy lets one script run, the one with this hash: text of a video's name never does.
    return _ENVIRONMENT.get_template("report.html").render(
        run=run,
        name=printable(run.video.path.name),
        facts=video_facts(run.video),
        shots=_shots(run),
        picks=picks,
        entries=entries,
        heights=_heights(entries),
        groups=Counter(entry.group for entry in entries if entry.why).most_common(),
        has_faces=any(picture.faces for entry in entries for picture in entry.pictures),
        style=_source("report.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def video_facts(video: Video) -> list[str]:
    """Say what a video file is, in a few short phrases."""
    facts = [clock(video.duration_s), f"{video.width_px} × {video.height_px}", video.codec]  # noqa: RUF001  the sign for sizes
    if video.frame_rate is not None:
        facts.append(f"{float(video.frame_rate):.4g} frames/s")
    if video.is_vfr:
        facts.append("variable frame rate")
    if video.is_interlaced:
        facts.append("interlaced")
    if video.transfer != "sdr":
        facts.append(f"HDR ({video.transfer.upper()})")
    if video.is_mirrored and video.rotation_deg:
        facts.append(f"mirrored, then turned by {video.rotation_deg}° clockwise")
    elif video.is_mirrored:
        facts.append("mirrored")
    elif video.rotation_deg:
        facts.append(f"turned by {video.rotation_deg}° clockwise")
    return facts


def _source(name: str) -> str:
    return _ENVIRONMENT.get_template(name).render()


def _bars(parts: Mapping[str, float], widest: float) -> tuple[Bar, ...]:
    """Draw parts, strongest first, to the scale of the picks; what is beyond it fills its half."""
    strongest_first = sorted(parts.items(), key=lambda part: -abs(part[1]))
    return tuple(Bar(name, value, min(abs(value) / widest, 1) * 100) for name, value in strongest_first)


def _pick_entry(pick: Pick, widest: float) -> CandidateEntry:
    pictures = tuple(_crop_picture(crop, pick.faces) for crop in pick.crops)
    bars = _bars(pick.parts, widest)
    return CandidateEntry(
        pick.time_s, pick.shot, pick.score, bars, pictures, rank=pick.rank, reasons=pick.reasons
    )


def _crop_picture(crop: Crop, faces: Sequence[Face]) -> EmbeddedPicture:
    """Show a crop with the faces of its still that are, at least in part, inside it."""
    boxes = (_in_crop(face.box, crop) for face in faces)
    visible = tuple(
        box
        for box in boxes
        if box.right > 0 and box.bottom > 0 and box.left < crop.width_px and box.top < crop.height_px
    )
    return EmbeddedPicture(crop.jpeg, crop.width_px, crop.height_px, visible, crop.aspect)


def _in_crop(box: Box, crop: Crop) -> Box:
    """Move a box from pixels of the still to pixels of a crop, which may have been scaled."""
    ratio = crop.width_px / crop.box.width
    left, top = crop.box.left, crop.box.top
    return Box(
        round((box.left - left) * ratio),
        round((box.top - top) * ratio),
        round((box.right - left) * ratio),
        round((box.bottom - top) * ratio),
    )


def _loser_entry(loser: Loser, widest: float) -> CandidateEntry:
    candidate, scored = loser.candidate, loser.scored
    height_px, width_px = candidate.rgb.shape[:2]
    faces = tuple(face.box for face in scored.faces) if scored else ()
    # Of losers only the small frame of the scan is there: no still was decoded for them.
    picture = EmbeddedPicture(encode_jpeg(candidate.rgb, _STRIP_QUALITY), width_px, height_px, faces)
    bars = _bars(scored.parts, widest) if scored else ()
    score = scored.score if scored else 0.0
    return CandidateEntry(candidate.time_s, candidate.shot, score, bars, (picture,), why=loser.why)


def _shots(run: Run) -> list[tuple[float, float]]:
    """List start and end of each shot, in seconds."""
    ends = [*run.shot_starts_s, max(run.video.duration_s, *run.shot_starts_s)]
    return list(pairwise(ends))


def _heights(entries: Sequence[CandidateEntry]) -> list[float]:
    """Place each entry's dot in the chart, in per cent of its height from the bottom.

    The scale keeps the better ones apart: what is far below the middle, or unscored, lies at the bottom.
    """
    scores = [entry.score for entry in entries if entry.bars] or [0.0]
    high, middle = max(scores), median(scores)
    low = max(min(scores), middle - _DEPTH * (high - middle))
    spread = (high - low) or 1.0
    room = 100 - 2 * _CHART_MARGIN
    return [
        _CHART_MARGIN + room * max((entry.score - low) / spread, 0) if entry.bars else 0 for entry in entries
    ]
