"""Make a thumbnail of a stranger's picture. Loaded in the confined process only."""

from __future__ import annotations

import contextlib
import io
import warnings

from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from worker.pictures.answer import HEAD, MAX_JPEG_BYTES, MAX_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX, PictureVerdict

FORMATS = ("JPEG", "PNG", "WEBP")  # what browsers send; `worker.pipeline.picture_file` reads more
# Of JPEG: more than 90 is not seen. The others are for noise, which is heavy; nobody sees what it loses.
_QUALITIES = (90, 75, 50)


def answer_to(data: bytes) -> bytes:
    """Decode a file, turn it upright, drop whatever else it holds (place, camera), and encode it anew.

    A larger picture than platforms take is made smaller.

    Returns:
        The whole answer, as `answer.HEAD` begins it. Nothing is raised.
    """
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            warnings.simplefilter("ignore")  # of sizes, and of odd metadata
            if (refusal := _refusal(*image.size)) is not None:
                return HEAD.pack(refusal, *image.size, 0)
            return _encoded(_flat(image))
    except UnidentifiedImageError:
        verdict = PictureVerdict.NO_PICTURE
    except (Image.DecompressionBombError, MemoryError):
        verdict = PictureVerdict.TOO_LARGE
    except Exception:  # noqa: BLE001 - a foreign file fails in whatever way its bytes suggest
        verdict = PictureVerdict.DAMAGED
    return HEAD.pack(verdict, 0, 0, 0)


def _refusal(width_px: int, height_px: int) -> PictureVerdict | None:
    if width_px * height_px > MAX_PIXELS:
        return PictureVerdict.TOO_LARGE
    return PictureVerdict.TOO_SMALL if min(width_px, height_px) < MIN_SIDE_PX else None


def _flat(image: Image.Image) -> Image.Image:
    """Make it upright and RGB, in sRGB; where it is transparent it becomes white."""
    ImageOps.exif_transpose(image, in_place=True)
    _to_srgb(image)
    if not image.has_transparency_data:
        flat = image.convert("RGB")
        flat.info.clear()  # comments would be written again
        return flat
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba)
    return flat


def _to_srgb(image: Image.Image) -> None:
    """Convert from the profile in the file, as phones write one; what is none of RGB is left as it is."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "RGBA"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), inPlace=True)


def _encoded(flat: Image.Image) -> bytes:
    flat.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), reducing_gap=2.0)
    if min(flat.size) < MIN_SIDE_PX:  # it was very long
        return HEAD.pack(PictureVerdict.TOO_SMALL, *flat.size, 0)
    # Pillow gives an optimized JPEG one byte for each pixel; noise needs more.
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 2 * flat.width * flat.height)
    for quality in _QUALITIES:
        encoded = io.BytesIO()
        flat.save(encoded, "JPEG", quality=quality, optimize=True)
        jpeg = encoded.getvalue()
        if len(jpeg) <= MAX_JPEG_BYTES:
            return HEAD.pack(PictureVerdict.PICTURE, *flat.size, len(jpeg)) + jpeg
    return HEAD.pack(PictureVerdict.TOO_HEAVY, *flat.size, 0)
