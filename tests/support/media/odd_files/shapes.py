"""Pictures not shown as they are stored: two eyes, spheres, a clean aperture, alpha, odd pixels and sizes."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.support.media import clips, container_edits, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import OddFile, Truth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SHIFT_PX = 6  #: how far the right eye's picture lies from the left one's
EDGE_PX = (24, 12)  #: of junk around a clean aperture
HIDDEN = (slice(100, 200), slice(40, 300))  #: rows and columns that alpha hides


def both_eyes(*, is_half: bool, is_stacked: bool) -> list[Rgb]:
    """Return frames with the left eye's picture first and the right eye's beside or below it."""
    frames = []
    for rgb in stamped.film():
        eyes = [
            rgb,
            np.roll(rgb[::-1], SHIFT_PX, axis=1),
        ]  # upside down, so that it is told from the left one
        if is_half:
            size = (rgb.shape[1], rgb.shape[0] // 2) if is_stacked else (rgb.shape[1] // 2, rgb.shape[0])
            eyes = [cv2.resize(eye, size, interpolation=cv2.INTER_AREA) for eye in eyes]
        frames.append(np.concatenate(eyes, axis=0 if is_stacked else 1))
    return frames


def stereo_matroska(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that Matroska tells."""
    plain = clips.write(
        path.with_name(f"plain-{path.name}"), both_eyes(is_half=is_half, is_stacked=is_stacked)
    )
    raw.copy(plain, path, metadata={"stereo_mode": "top_bottom" if is_stacked else "left_right"})
    plain.unlink()


def stereo_box(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that Google's `st3d` box tells (Spatial Media, Spherical Video V2)."""
    clips.write(path, both_eyes(is_half=is_half, is_stacked=is_stacked))
    container_edits.add_to_sample_entry(path, container_edits.stereo(1 if is_stacked else 2))


def stereo_h264(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that a frame-packing message of H.264 tells."""
    packing = {"x264-params": f"frame-packing={4 if is_stacked else 3}"}
    clips.write(path, both_eyes(is_half=is_half, is_stacked=is_stacked), Format(options=packing))


def sphere(path: Path) -> None:
    """Write an equirectangular film in whose front the film stands: 120 degrees wide and 67.5 high."""
    width, height = stamped.SIZE
    top, left = (height * 8 // 3 - height) // 2, width
    frames = []
    for rgb in stamped.film(40):
        around = cv2.GaussianBlur(cv2.resize(rgb, (3 * width, height * 8 // 3)), (0, 0), 9)
        around[top : top + height, left : left + width] = rgb
        frames.append(around)
    clips.write(path, frames)
    container_edits.add_to_sample_entry(path, container_edits.equirectangular())


def clean_aperture(path: Path) -> None:
    """Write an MP4 that shows only the middle of what is stored."""
    clips.write(path, _framed())
    container_edits.add_to_sample_entry(path, container_edits.clean_aperture(*stamped.SIZE))


def pixel_crop(path: Path) -> None:
    """Write a Matroska file that crops what is stored."""
    clips.write(path, _framed())
    x, y = EDGE_PX
    container_edits.add_to_matroska_track(path, video=container_edits.pixel_crop(x, y, x, y))


def _framed() -> list[Rgb]:
    x, y = EDGE_PX
    return [
        cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_CONSTANT, value=(0, 200, 60)) for rgb in stamped.film()
    ]


def with_alpha(path: Path, codec: str, pix_fmt: str) -> None:
    """Write a film with a part that is fully transparent, under which the picture goes on."""
    options = {"profile": "4444"} if codec == "prores_ks" else {}
    frames = []
    for rgb in stamped.film(25):
        alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
        alpha[HIDDEN] = 0
        frames.append(av.VideoFrame.from_ndarray(np.dstack([rgb, alpha]), "rgba").reformat(format=pix_fmt))
    raw.write_frames(path, frames, codec, options=options, is_full_range=None)


def look_on_black(rgb: Rgb) -> Rgb:
    """Blend what alpha hides on black."""
    shown = rgb.copy()
    shown[HIDDEN] = 0
    return shown


def scaled(path: Path, size: tuple[int, int]) -> None:
    """Write the film at another size."""
    frames = [cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for rgb in stamped.film(25)]
    is_tiny = size[0] % 2 or size[1] % 2
    form = Format("ffv1", "bgr0") if is_tiny else Format()
    clips.write(path, frames, form)


def look_at_size(size: tuple[int, int]) -> Callable[[Rgb], Rgb]:
    """Stretch the picture to another shape."""
    return lambda rgb: cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def other_pixels(path: Path) -> None:
    """Write anamorphic samples."""
    clips.write(path, stamped.film(), Format(sample_aspect_ratio=Fraction(4, 3)))


def interlaced(path: Path) -> None:
    """Write pictures of two fields each."""
    clips.write(path, stamped.film(), Format(codec="mpeg2video", is_interlaced=True))


_STEREO = (
    (False, False, "side by side"),
    (True, False, "side by side, halved"),
    (True, True, "top and bottom, halved"),
)
_SIZES = ((16, 4000), (4000, 16), (2000, 60), (64, 8192), (2, 4000), (16, 16), (8, 8), (2, 2), (1, 1))

KINDS = (
    *(
        OddFile(
            f"{name}, told by {told}",
            "two eyes",
            suffix,
            partial(make, is_half=is_half, is_stacked=is_stacked),
        )
        for told, suffix, make in (
            ("Matroska", ".mkv", stereo_matroska),
            ("st3d", ".mp4", stereo_box),
            ("H.264", ".mp4", stereo_h264),
        )
        for is_half, is_stacked, name in _STEREO
    ),
    OddFile("equirectangular", "spheres", ".mp4", sphere, Truth(frames=40)),
    OddFile("clean aperture", "part of the picture", ".mp4", clean_aperture),
    OddFile("PixelCrop", "part of the picture", ".mkv", pixel_crop),
    *(
        OddFile(
            f"alpha, {codec}",
            "alpha",
            suffix,
            partial(with_alpha, codec=codec, pix_fmt=pix_fmt),
            Truth(look=look_on_black, frames=25),
        )
        for codec, suffix, pix_fmt in (
            ("qtrle", ".mov", "argb"),
            ("png", ".mov", "rgba"),
            ("prores_ks", ".mov", "yuva444p10le"),
            ("ffv1", ".mkv", "yuva420p"),
        )
    ),
    OddFile("anamorphic", "shape", ".mp4", other_pixels),
    OddFile("interlaced", "shape", ".ts", interlaced),
    *(
        OddFile(
            f"{width}x{height}",
            "extreme sizes",
            ".mkv" if 1 in (width, height) else ".mp4",
            partial(scaled, size=(width, height)),
            Truth(look=look_at_size((width, height)), frames=25, is_measured=False),
        )
        for width, height in _SIZES
    ),
)
