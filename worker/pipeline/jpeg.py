"""Pictures as JPEG: the same picture gives the same bytes."""

from __future__ import annotations

import io
import struct
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageFile

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

# JPEG quality, Pillow's scale. Above, files grow fast and eyes see no difference; below, skies show blocks.
JPEG_QUALITY = 90
# Colour at full size (4:4:4): stills are mostly scaled down, so they have it, and red edges stay sharp.
_JPEG_SUBSAMPLING = 0
# A Full HD poster. At this quality it stays under 1 MB; platforms take 2 MB.
MAX_SIDE_PX = 1920

# Pillow gives a progressive JPEG one byte for each pixel; pure noise at this quality needs more.
ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 3 * MAX_SIDE_PX**2)


def encode_jpeg(rgb: Rgb, quality: int = JPEG_QUALITY) -> bytes:
    """Encode as a progressive JPEG with an sRGB profile and no other metadata; same picture, same bytes.

    Args:
        rgb: (height, width, 3) uint8 sRGB.
        quality: on Pillow's scale, 1..95.
    """
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(
        buffer,
        "JPEG",
        quality=quality,
        subsampling=_JPEG_SUBSAMPLING,
        progressive=True,
        optimize=True,
        icc_profile=_srgb_profile(),
    )
    return buffer.getvalue()


def decode_jpeg(jpeg: bytes) -> Rgb:
    """Read a picture that `encode_jpeg` made: (height, width, 3) uint8 RGB."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("RGB"))


@cache
def _srgb_profile() -> bytes:
    """Make the ICC profile of sRGB, with a fixed date in its header (ICC.1:2010, table 17, bytes 24 to 35).

    LittleCMS writes the time of day there, which would give the same picture other bytes every second.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)
