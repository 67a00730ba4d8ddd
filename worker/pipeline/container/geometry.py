"""How the stored picture of a video is to be shown: which part of it, which way up, in which shape."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from worker.pipeline.container.immersive import front, one_eye
from worker.pipeline.display.display import square_size
from worker.pipeline.display.orientation import Orientation, orientation
from worker.pipeline.display.visible import visible_box

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from worker.pipeline.container.headers.track_header import TrackHeader
    from worker.pipeline.media import Region

# No camera and no broadcast standard stretches samples further; such a flag is damage.
MAX_SAMPLE_ASPECT = 4

_WHOLE: Region = (0.0, 0.0, 1.0, 1.0)
_SQUARE = Fraction(1)

# ISO/IEC 14496-12, 12.1.4: width, height, and how far the middle lies to the right and down, as fractions.
_CLEAN_APERTURE = struct.Struct(">IIIIiIiI")


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a stored picture is shown. The order: cut out what is visible, stretch it, mirror it, turn it."""

    visible: Region | None  #: of the stored picture; None for all of it
    sample_aspect_ratio: Fraction
    orientation: Orientation
    width_px: int  #: as shown
    height_px: int  #: as shown
    notes: tuple[str, ...] = ()  #: for people


def geometry(frame: VideoFrame, header: TrackHeader, aspect: Fraction | None) -> Geometry:
    """Work out how a video is shown.

    Args:
        frame: the first.
        header: of its track.
        aspect: the sample aspect ratio that the container or the stream states; None where neither does.
    """
    aspect = aspect or _SQUARE
    if max(aspect, 1 / aspect) > MAX_SAMPLE_ASPECT:
        aspect = _SQUARE
    # What is cut away comes first: a stereo picture is halved, and a sphere measured, by what is left.
    visible = _clean(header, frame.width, frame.height)
    sphere = front(frame, header)
    box = visible_box(frame, visible)
    eye = one_eye(frame, box.width * aspect / box.height, is_sphere=sphere is not None)
    notes = tuple(part.note for part in (eye, sphere) if part)
    for part in (eye, sphere):
        if part:
            visible = _within(visible, part.region)
            aspect *= part.stretch
    box = visible_box(frame, visible)
    width, height = square_size(box.width, box.height, aspect)
    turn = orientation(frame)
    if turn.rotation_deg % 180:
        width, height = height, width
    return Geometry(None if visible == _WHOLE else visible, aspect, turn, width, height, notes)


def _within(outer: Region, inner: Region) -> Region:
    """Express a part of a part as a part of the whole."""
    left, top, right, bottom = outer
    width, height = right - left, bottom - top
    return (
        left + inner[0] * width,
        top + inner[1] * height,
        left + inner[2] * width,
        top + inner[3] * height,
    )


def _clean(header: TrackHeader, width_px: int, height_px: int) -> Region:
    """Find what is left once the container has cut the edges off; all where what it says cannot be."""
    left, top, right, bottom = header.cut_px
    edges_px = (Fraction(left), Fraction(top), Fraction(width_px - right), Fraction(height_px - bottom))
    clap = header.boxes.get("clap", b"")
    if len(clap) >= _CLEAN_APERTURE.size:
        numbers = _CLEAN_APERTURE.unpack_from(clap)
        if 0 in numbers[1::2]:
            return _WHOLE
        clean_width, clean_height, right_by, down_by = map(Fraction, numbers[::2], numbers[1::2])
        first_column = (width_px - clean_width) / 2 + right_by
        first_row = (height_px - clean_height) / 2 + down_by
        edges_px = (first_column, first_row, first_column + clean_width, first_row + clean_height)
    x0, y0, x1, y1 = edges_px
    if not (0 <= x0 < x1 <= width_px and 0 <= y0 < y1 <= height_px):
        return _WHOLE
    return (float(x0 / width_px), float(y0 / height_px), float(x1 / width_px), float(y1 / height_px))
