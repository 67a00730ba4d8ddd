"""A person's own picture: checked, and made into the JPEG that platforms and players take."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from PIL import Image, ImageOps, UnidentifiedImageError

from worker.errors import PermanentError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("JPEG", "PNG", "WEBP")  #: what browsers send; `worker.pipeline.picture_file` reads more
MAX_BYTES = 10 * 1024 * 1024  # a thumbnail of 4K in PNG has less
# A picture of 8K. Pillow would read many times more, and a few kilobytes of PNG can hold that.
MAX_PIXELS = 7680 * 4320
MIN_SIDE_PX = 16
QUALITY = 90  #: of JPEG; more is not seen


class PictureRefused(PermanentError):
    """The file is no picture that can be a thumbnail; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class OwnPicture:
    """A JPEG that can be shown."""

    jpeg: bytes
    width_px: int
    height_px: int

    @property
    def sha256(self) -> str:
        """SHA-256 of the JPEG, in hex; its address at the receiver."""
        return hashlib.sha256(self.jpeg).hexdigest()

    @classmethod
    def of_jpeg(cls, jpeg: bytes) -> Self:
        """Take a JPEG of ours as it is; only its size is read."""
        with Image.open(io.BytesIO(jpeg)) as image:
            return cls(jpeg, *image.size)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Read a person's file. Raises PictureRefused as `of_upload`."""
        with path.open("rb") as file:
            return cls.of_upload(file.read(MAX_BYTES + 1))

    @classmethod
    def of_upload(cls, data: bytes) -> Self:
        """Decode a file, turn it upright, drop whatever else it holds (place, camera), and encode it anew.

        Raises:
            PictureRefused: too many bytes or pixels, damaged, or of another format.
        """
        if len(data) > MAX_BYTES:
            raise PictureRefused(f"the picture has more than {MAX_BYTES // 1024**2} MiB; make it smaller")
        try:
            with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is lower
                _check_size(*image.size)
                upright = ImageOps.exif_transpose(image)
                flat = Image.new("RGB", upright.size, "white")
                rgba = upright.convert("RGBA")
                flat.paste(rgba, mask=rgba)
        except PictureRefused:
            raise
        except UnidentifiedImageError:
            raise PictureRefused(f"the file is no picture in {', '.join(FORMATS)}; convert it") from None
        except Image.DecompressionBombError:
            raise PictureRefused("the picture has many times more than 8K pixels; make it smaller") from None
        except Exception as exc:  # a foreign file fails in whatever way its bytes suggest
            raise PictureRefused(f"the picture is damaged ({exc}); save it again") from exc
        encoded = io.BytesIO()
        flat.save(encoded, "JPEG", quality=QUALITY, optimize=True)
        return cls(encoded.getvalue(), *flat.size)


def _check_size(width_px: int, height_px: int) -> None:
    size = f"the picture has {width_px} x {height_px} pixels"
    if width_px * height_px > MAX_PIXELS:
        raise PictureRefused(f"{size}, more than 8K; make it smaller")
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise PictureRefused(f"{size}; a thumbnail needs more")
