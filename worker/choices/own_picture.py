"""A person's own picture: checked, and made into the JPEG that platforms and players take."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from worker.errors import PermanentError, TransientError
from worker.pictures.answer import MAX_BYTES, MAX_JPEG_BYTES, PictureVerdict
from worker.pictures.jpeg_size import jpeg_size
from worker.pictures.reader import read_picture

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pictures.reader import PictureReading

_MIB = 1024 * 1024
_FORMATS = "JPEG, PNG, WEBP"


class PictureRefused(PermanentError):
    """The file is no picture that can be a thumbnail; the message names the remedy."""


class PicturesBusy(TransientError):
    """Other pictures are being read; nothing is wrong with this one."""


@dataclass(frozen=True, slots=True)
class OwnPicture:
    """A JPEG that can be shown."""

    jpeg: bytes | None  #: None: it is stored already, in the bucket
    sha256: str  #: of the JPEG, in hex; its address at the receiver
    width_px: int
    height_px: int

    @classmethod
    def of_jpeg(cls, jpeg: bytes) -> Self:
        """Take a JPEG of ours as it is; only its size is read."""
        return cls(jpeg, hashlib.sha256(jpeg).hexdigest(), *jpeg_size(jpeg))

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Read a person's file. Raises PictureRefused as `of_upload`."""
        with path.open("rb") as file:
            return cls.of_upload(file.read(MAX_BYTES + 1))

    @classmethod
    def of_upload(cls, data: bytes) -> Self:
        """Have a file decoded in a confined process, turned upright, stripped, and encoded anew.

        Raises:
            PictureRefused: too many bytes or pixels, damaged, hostile, or of another format.
            PicturesBusy: it was not read, as others are.
        """
        if len(data) > MAX_BYTES:
            raise PictureRefused(f"the picture has more than {MAX_BYTES // _MIB} MiB; make it smaller")
        read = read_picture(data)
        if read.verdict is PictureVerdict.BUSY:
            raise PicturesBusy("other pictures are being read; try again in a few seconds")
        if read.verdict is not PictureVerdict.PICTURE:
            raise PictureRefused(_refusal(read))
        return cls(read.jpeg, hashlib.sha256(read.jpeg).hexdigest(), read.width_px, read.height_px)


def _refusal(read: PictureReading) -> str:
    size = f"{read.width_px} x {read.height_px} pixels" if read.width_px else "many times more pixels"
    most_mib = MAX_JPEG_BYTES // _MIB
    return {
        PictureVerdict.NO_PICTURE: f"the file is no picture in {_FORMATS}; convert it",
        PictureVerdict.TOO_LARGE: f"the picture has {size}, more than 8K; make it smaller",
        PictureVerdict.TOO_SMALL: f"the picture has {size}; a thumbnail needs more",
        PictureVerdict.DAMAGED: "the picture is damaged or cut short; save it again",
        PictureVerdict.TOO_HEAVY: f"as a JPEG the picture has more than {most_mib} MiB; make it smaller",
        PictureVerdict.TOO_SLOW: (
            "the picture takes too long to read; make it smaller, or save it as a plain JPEG"
        ),
    }.get(read.verdict, "the picture cannot be read safely; save it as a plain JPEG")
