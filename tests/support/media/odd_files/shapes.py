"""Pictures that are not shown as they are stored: two eyes, a clean aperture, alpha, other pixels, odd sizes."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from tests.support.media import clips, stamped
from tests.support.media.clips import Format
from tests.support.media.odd_files import raw
from tests.support.media.odd_files.kind import Kind, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Rgb

SHIFT_PX = 6  #: how far the right eye's picture lies from the left one's
EDGE_PX = (24, 12)  #: of junk around a clean aperture
HIDDEN = (slice(100, 200), slice(40, 300))  #: rows and columns that alpha hides


def both_eyes(*, is_half: bool, is_stacked: bool) -> list[Rgb]:
    """Return frames with the left eye's picture first and the right eye's beside or below it."""
    frames = []
    for rgb in stamped.film():
        eyes = [rgb, np.roll(rgb[::-1], SHIFT_PX, axis=1)]  # upside down, so that it is told from the left one
        if is_half:
            size = (rgb.shape[1], rgb.shape[0] // 2) if is_stacked else (rgb.shape[1] // 2, rgb.shape[0])
            eyes = [cv2.resize(eye, size, interpolation=cv2.INTER_AREA) for eye in eyes]
        frames.append(np.concatenate(eyes, axis=0 if is_stacked else 1))
    return frames


def stereo_matroska(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that Matroska tells."""
    plain = clips.write(path.with_name(f"plain-{path.name}"), both_eyes(is_half=is_half, is_stacked=is_stacked))
    raw.copy(plain, path, metadata={"stereo_mode": "top_bottom" if is_stacked else "left_right"})
    plain.unlink()


def stereo_box(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that Google's `st3d` box tells (Spatial Media, Spherical Video V2)."""
    clips.write(path, both_eyes(is_half=is_half, is_stacked=is_stacked))
    body = bytes(4) + bytes([1 if is_stacked else 2])
    path.write_bytes(raw.with_box(path.read_bytes(), b"avc1", raw.box(b"st3d", body)))


def stereo_h264(path: Path, *, is_half: bool, is_stacked: bool) -> None:
    """Write two eyes that a frame-packing message of H.264 tells."""
    packing = {"x264-params": f"frame-packing={4 if is_stacked else 3}"}
    clips.write(path, both_eyes(is_half=is_half, is_stacked=is_stacked), Format(options=packing))


def clean_aperture(path: Path) -> None:
    """Write an MP4 that shows only the middle of what is stored."""
    clips.write(path, _framed())
    width, height = stamped.SIZE
    body = struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1)  # size, then the middle's offset, as fractions
    path.write_bytes(raw.with_box(path.read_bytes(), b"avc1", raw.box(b"clap", body)))


def pixel_crop(path: Path) -> None:
    """Write a Matroska file that crops what is stored (PixelCropTop and its three siblings)."""
    clips.write(path, _framed())
    content = path.read_bytes()
    # The elements go into an EBML Void inside the track's Video master, which the muxer does not leave: so
    # the master grows, and with it all that hold it.
    x, y = EDGE_PX
    crops = b"".join(element + b"\x81" + bytes([px]) for element, px in (
        (b"\x54\xaa", y), (b"\x54\xbb", y), (b"\x54\xcc", x), (b"\x54\xdd", x),
    ))  # fmt: skip
    path.write_bytes(_with_video_elements(content, crops))


_EBML_PARENTS = {b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0"}  #: segment, tracks, entry, video


def _with_video_elements(content: bytes, extra: bytes) -> bytes:
    """Put elements at the end of the first track's Video."""
    sizes, at = [], 0
    for _ in range(100):
        id_bytes = 1 + f"{content[at]:08b}".index("1")
        kind, size_at = content[at : at + id_bytes], at + id_bytes
        size_bytes = 1 + f"{content[size_at]:08b}".index("1")
        size = int.from_bytes(content[size_at : size_at + size_bytes], "big") & ((1 << (7 * size_bytes)) - 1)
        body = size_at + size_bytes
        if kind not in _EBML_PARENTS:
            at = body + size
            continue
        sizes.append((size_at, size_bytes, size))
        at = body
        if kind == b"\xe0":
            return _grown(content, sizes, body + size, extra)
    raise ValueError("no Video element")


def _grown(content: bytes, sizes: Sequence[tuple[int, int, int]], end: int, extra: bytes) -> bytes:
    """Insert and make each size around it larger; sizes that get longer make those around larger still."""
    grown, more = bytearray(content[:end] + extra + content[end:]), len(extra)
    for size_at, size_bytes, size in reversed(sizes):
        if size == (1 << (7 * size_bytes)) - 1:  # unknown, to the end
            continue
        longer = max(size_bytes, 8 if size + more >= (1 << (7 * size_bytes)) - 1 else size_bytes)
        coded = (size + more | 1 << (7 * longer)).to_bytes(longer, "big")
        grown[size_at : size_at + size_bytes] = coded
        more += longer - size_bytes
    return bytes(grown)


def _framed() -> list[Rgb]:
    x, y = EDGE_PX
    return [cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_CONSTANT, value=(0, 200, 60)) for rgb in stamped.film()]


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
    options = {} if min(size) > 1 else {}
    frames = [cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) for rgb in stamped.film(25)]
    is_tiny = size[0] % 2 or size[1] % 2
    form = Format("ffv1", "bgr0", options=options) if is_tiny else Format()
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


_STEREO = ((False, False, "side by side"), (True, False, "side by side, halved"), (True, True, "top and bottom, halved"))
_SIZES = ((16, 4000), (4000, 16), (2000, 60), (64, 8192), (2, 4000), (16, 16), (8, 8), (2, 2), (1, 1))

KINDS = (
    *(
        Kind(f"{name}, told by {told}", "two eyes", suffix, partial(make, is_half=is_half, is_stacked=is_stacked))
        for told, suffix, make in (
            ("Matroska", ".mkv", stereo_matroska), ("st3d", ".mp4", stereo_box), ("H.264", ".mp4", stereo_h264),
        )
        for is_half, is_stacked, name in _STEREO
    ),
    Kind("clean aperture", "part of the picture", ".mp4", clean_aperture),
    Kind("PixelCrop", "part of the picture", ".mkv", pixel_crop),
    *(
        Kind(f"alpha, {codec}", "alpha", suffix, partial(with_alpha, codec=codec, pix_fmt=pix_fmt),
             Truth(look=look_on_black, frames=25))
        for codec, suffix, pix_fmt in (
            ("qtrle", ".mov", "argb"), ("png", ".mov", "rgba"), ("prores_ks", ".mov", "yuva444p10le"), ("ffv1", ".mkv", "yuva420p"),
        )
    ),
    Kind("anamorphic", "shape", ".mp4", other_pixels),
    Kind("interlaced", "shape", ".ts", interlaced),
    *(
        Kind(f"{width}x{height}", "extreme sizes", ".mkv" if 1 in (width, height) else ".mp4", partial(scaled, size=(width, height)),
             Truth(look=look_at_size((width, height)), frames=25, is_measured=False))
        for width, height in _SIZES
    ),
)  # fmt: skip
