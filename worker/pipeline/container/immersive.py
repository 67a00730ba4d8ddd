"""Stereo and spherical pictures: which part of the stored picture a flat thumbnail shows.

FFmpeg tells both beside a decoded frame, from wherever they stand: Matroska's StereoMode and Projection, the
boxes st3d, sv3d and vexu of MP4, the frame packing SEI of H.264 and HEVC.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from av.sidedata.sidedata import Type

from worker.pipeline.display.side_data import side_numbers

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from worker.pipeline.container.headers.track_header import TrackHeader
    from worker.pipeline.media import Region

_WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

# AVStereo3D (libavutil/stereo3d.h) begins with the layout and the flags, each 32 bits.
_SIDE_BY_SIDE, _TOP_BOTTOM, _IN_TURN, _CHECKERBOARD, _QUINCUNX, _LINES, _COLUMNS = range(1, 8)
_WOVEN = {_CHECKERBOARD, _LINES, _COLUMNS}
_RIGHT_EYE_FIRST = 1  # a flag

# Whether the views of a stereo picture are squeezed to half is tagged nowhere that can be relied on, but the
# shape of the whole tells. Side by side, two full views make 2.5 (of 5:4) and wider, two halves at most 2.4
# (of a wide film); on top of each other, two full views make 1.2 (of a wide film) and narrower, two halves
# at least 1.25 (of 5:4).
_FULL_SIDE_BY_SIDE, _FULL_TOP_BOTTOM = Fraction(245, 100), Fraction(122, 100)

# AVSphericalMapping (libavutil/spherical.h): the projection, three angles, and how much is missing at the
# left, top, right and bottom, as shares of 2^32; each 32 bits.
_EQUIRECTANGULAR, _CUBE, _PART_OF_EQUIRECTANGULAR, _HALF_EQUIRECTANGULAR, _FLAT = range(5)
_BOUNDS_UNIT = 1 << 32  # they are unsigned
_SPHERICAL_NUMBERS = 8

# What is shown of a sphere: about what a headset shows at once, in 16:9. Lines bend more the wider the view;
# a narrower one has too few pixels: of a 4K sphere these 120 degrees are 1,280 px.
_VIEW_DEG = (120.0, 67.5)
_SPHERE_DEG = (360.0, 180.0)
# The six faces of a cube stand in three columns and two rows; the front is the middle of the lower row
# (Spherical Video V2, layout 0, the only one that FFmpeg reads).
_CUBE_FRONT: Region = (1 / 3, 1 / 2, 2 / 3, 1.0)


class Viewport(NamedTuple):
    """What of a stored picture is shown."""

    region: Region
    note: str  #: says so, to people
    stretch: Fraction = Fraction(1)  #: by which samples are wider than the container says


def one_eye(frame: VideoFrame, shape: Fraction, *, is_sphere: bool) -> Viewport | None:
    """Find the left eye's view in a stereo picture; None where the picture is none.

    Args:
        frame: the first.
        shape: width over height of the picture with both views as shown.
        is_sphere: the views are spherical, whose shape says nothing about a squeeze; none is made of them.
    """
    layout, flags, *_ = [*side_numbers(frame, Type.STEREO3D), 0, 0]
    is_second = bool(flags & _RIGHT_EYE_FIRST)
    if layout in {_SIDE_BY_SIDE, _QUINCUNX}:
        is_half = not is_sphere and shape < _FULL_SIDE_BY_SIDE
        return Viewport(
            (0.5, 0.0, 1.0, 1.0) if is_second else (0.0, 0.0, 0.5, 1.0),
            "the film is in stereo, side by side: the left eye is shown",
            Fraction(2 if is_half else 1),
        )
    if layout == _TOP_BOTTOM:
        is_half = not is_sphere and shape > _FULL_TOP_BOTTOM
        return Viewport(
            (0.0, 0.5, 1.0, 1.0) if is_second else (0.0, 0.0, 1.0, 0.5),
            "the film is in stereo, one eye above the other: the left eye is shown",
            Fraction(1, 2 if is_half else 1),
        )
    if layout == _IN_TURN:
        return Viewport(
            _WHOLE, "the film is in stereo, its frames for either eye in turn: each shows one of them"
        )
    if layout in _WOVEN:
        return Viewport(
            _WHOLE, "the film is in stereo, both eyes woven into one picture: it is shown as it is stored"
        )
    return None


def front(frame: VideoFrame, header: TrackHeader) -> Viewport | None:
    """Find what lies in front in a spherical picture; None where the picture is flat."""
    numbers = side_numbers(frame, Type.SPHERICAL)
    if len(numbers) < _SPHERICAL_NUMBERS:
        # A projection that FFmpeg does not know, as the mesh of VR180 cameras, which span 180 degrees.
        return _equirectangular(0.25, 0, 0.25, 0) if "sv3d" in header.boxes else None
    projection = numbers[0]
    if projection == _CUBE:
        return Viewport(_CUBE_FRONT, "the film is a sphere, stored as a cube: its front is shown")
    if projection == _HALF_EQUIRECTANGULAR:
        return _equirectangular(0.25, 0, 0.25, 0)
    if projection in {_EQUIRECTANGULAR, _PART_OF_EQUIRECTANGULAR}:
        return _equirectangular(*(number % _BOUNDS_UNIT / _BOUNDS_UNIT for number in numbers[4:8]))
    if projection == _FLAT:
        return None
    return Viewport(_WHOLE, "the film is a wide view for headsets: it is shown as it is stored")


def _equirectangular(left: float, top: float, right: float, bottom: float) -> Viewport | None:
    """Find the view in a picture of a sphere, of which shares at the edges are missing."""
    x0, x1 = _view(_VIEW_DEG[0] / _SPHERE_DEG[0], left, right)
    y0, y1 = _view(_VIEW_DEG[1] / _SPHERE_DEG[1], top, bottom)
    span_deg = round(_SPHERE_DEG[0] * (1 - left - right))
    return Viewport((x0, y0, x1, y1), f"the film looks {span_deg} degrees around: its middle is shown")


def _view(share: float, before: float, after: float) -> tuple[float, float]:
    """Place a view in the middle of a full circle on what is there of it; all where nothing of it is."""
    there = 1 - before - after
    if there <= 0:
        return 0.0, 1.0
    first, last = ((0.5 + side * share / 2 - before) / there for side in (-1, 1))
    first, last = max(0.0, first), min(1.0, last)
    return (first, last) if first < last else (0.0, 1.0)
