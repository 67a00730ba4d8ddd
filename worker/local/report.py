"""Write the report: one HTML page that shows what was picked, from what, and why the rest lost.

The page stands alone: pictures, style and script are inside it, and its content security policy lets
nothing else load or run. Every text in it is escaped, so a file may be named `<script>.mp4`.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker.local.bars import BarScale
from worker.local.fates import group_of, judge_words, size_words, why_lost, why_taken
from worker.local.verdicts import verdict_words
from worker.pipeline.frames import Box
from worker.pipeline.jpeg import encode_jpeg
from worker.text import clock, part_words, printable, reason_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.local.bars import BarChart
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
    "printable": printable,
}


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A picture and where the faces in it are."""

    jpeg: bytes
    width_px: int
    height_px: int
    faces: tuple[Box, ...]  #: in pixels of this picture
    aspect: str = ""  #: the ratio of a crop, as asked; "" for a loser's picture
    note: str = ""  #: what people should know of the size of a crop

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
    bars: BarChart | None  #: None where the candidate was never scored
    pictures: tuple[EmbeddedPicture, ...]  #: each crop of a pick; the one small picture of a loser
    fate: str  #: "pick 1", or why it lost
    rank: int = 0  #: 0 for a loser
    reasons: tuple[str, ...] = ()  #: for a pick
    sentences: tuple[str, ...] = ()  #: for a pick: why it was taken
    by_judge: str = ""  #: what a judge said of it; "" where it was not shown to one

    @property
    def group(self) -> str:
        """Kind of fate, for the page's filter."""
        return "picked" if self.rank else group_of(self.fate)

    @property
    def is_in_one_row(self) -> bool:
        """Whether the crops stand beside each other: upright ones would leave half of the card empty."""
        return len(self.pictures) > 1 and self.pictures[0].width_px <= self.pictures[0].height_px


def render_report(run: Run) -> str:
    """Write the page of one run.

    Returns:
        A whole HTML document, in characters that UTF-8 can encode.
    """
    scale = BarScale(run.picks)
    picks = [_pick_entry(pick, run.video, scale) for pick in run.picks]
    lost = [_loser_entry(loser, run.picks, scale) for loser in run.losers]
    entries = sorted([*picks, *lost], key=lambda entry: entry.time_s)
    script = _source("report.js")
    # The security policy lets one script run, the one with this hash: text of a video's name never does.
    return _ENVIRONMENT.get_template("report.html").render(
        run=run,
        name=printable(run.video.path.name),
        facts=video_facts(run.video),
        judge=verdict_words(run.verdict) if run.verdict else "",
        shots=_shots(run),
        picks=picks,
        entries=entries,
        heights=_heights(entries),
        groups=Counter(entry.group for entry in lost).most_common(),
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


def _pick_entry(pick: Pick, video: Video, scale: BarScale) -> CandidateEntry:
    return CandidateEntry(
        pick.time_s,
        pick.shot,
        pick.score,
        scale.of_pick(pick),
        tuple(_crop_picture(crop, pick.faces, video) for crop in pick.crops),
        fate=f"pick {pick.rank}",
        rank=pick.rank,
        reasons=pick.reasons,
        sentences=tuple(why_taken(pick)),
        by_judge=judge_words(pick),
    )


def _crop_picture(crop: Crop, faces: Sequence[Face], video: Video) -> EmbeddedPicture:
    """Show a crop with the faces of its still that are, at least in part, inside it."""
    boxes = (_in_crop(face.box, crop) for face in faces)
    visible = tuple(
        box
        for box in boxes
        if box.right > 0 and box.bottom > 0 and box.left < crop.width_px and box.top < crop.height_px
    )
    note = size_words(crop, video)
    return EmbeddedPicture(crop.jpeg, crop.width_px, crop.height_px, visible, crop.aspect, note)


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


def _loser_entry(loser: Loser, picks: Sequence[Pick], scale: BarScale) -> CandidateEntry:
    candidate, scored = loser.candidate, loser.scored
    height_px, width_px = candidate.rgb.shape[:2]
    faces = tuple(face.box for face in scored.faces) if scored else ()
    # Of losers only the small frame of the scan is there: no still was decoded for them.
    picture = EmbeddedPicture(encode_jpeg(candidate.rgb, _STRIP_QUALITY), width_px, height_px, faces)
    return CandidateEntry(
        candidate.time_s,
        candidate.shot,
        scored.score if scored else 0.0,
        scale.of_loser(scored) if scored else None,
        (picture,),
        fate=why_lost(loser, picks),
        by_judge=judge_words(scored) if scored else "",
    )


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
