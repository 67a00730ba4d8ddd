"""Picture files as the models see frames: small, upright, in sRGB."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from worker.errors import UnreadablePicture

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

# Of Pillow's formats those that hold photographs. Others are rare, read by code that few use, or programs:
# EPS starts Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")


class SmallPicture(NamedTuple):
    """A picture made small, and the size that it has in its file."""

    rgb: Rgb
    width_px: int  #: in the file, as shown
    height_px: int


def read_small(path: Path, pixels: int) -> SmallPicture:
    """Read a picture in one of `FORMATS`; of an animation, its first frame.

    Args:
        path: the file.
        pixels: the most that the small picture has; none is enlarged.

    Returns:
        It turned as its EXIF data say, on white where it is transparent, its colours converted to sRGB.

    Raises:
        UnreadablePicture: it is missing, damaged, too large, or no picture; the message names the remedy.
    """
    try:
        with warnings.catch_warnings(), Image.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")  # of sizes and of odd metadata; what matters is raised
            upright = ImageOps.exif_transpose(image)
            small = _shrink(_flat(upright), pixels)
            return SmallPicture(np.asarray(_in_srgb(small, upright.info.get("icc_profile"))), *upright.size)
    except FileNotFoundError:
        raise UnreadablePicture("no such file; check the name") from None
    except IsADirectoryError:
        raise UnreadablePicture("a folder; name the pictures in it") from None
    except PermissionError:
        raise UnreadablePicture("it may not be read by this user; change its permissions") from None
    except UnidentifiedImageError:
        raise UnreadablePicture(
            f"no picture in a format that is known here ({', '.join(FORMATS)}); save it as one of them (of a "
            "video, `thumbs pick` takes frames)"
        ) from None
    except Image.DecompressionBombError:
        raise UnreadablePicture("it has more pixels than can be read safely; make it smaller") from None
    except Exception as error:  # a foreign file fails in whatever way its bytes suggest
        raise UnreadablePicture("the picture is damaged or cut short; save or copy it again") from error


def _flat(image: Image.Image) -> Image.Image:
    """Make it RGB, as a page shows it: on white where it is transparent."""
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow would cut off all levels above 255 of a grey picture of 16 bits.
        levels = np.asarray(image).astype(np.uint32) >> 8
        return Image.fromarray(np.minimum(levels, 255).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba)
    return flat


def _shrink(image: Image.Image, pixels: int) -> Image.Image:
    scale = min(1.0, (pixels / (image.width * image.height)) ** 0.5)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BOX)  # the mean of an area, as frames are made small


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert from the profile in the file; what is no profile of RGB is left as Pillow converted it."""
    if profile is None:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
