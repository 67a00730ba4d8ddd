"""A person's own picture is checked before it is stored."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from worker.choices.own_picture import OwnPicture, PictureRefused
from worker.pictures.answer import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    """Return an encoded picture."""
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def bomb(width_px: int, height_px: int) -> bytes:
    """Return a PNG of a few bytes that claims to be huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def opened(picture: OwnPicture) -> Image.Image:
    """Decode it."""
    return Image.open(io.BytesIO(picture.jpeg))


def test_a_turned_picture_is_stored_upright_without_where_it_was_taken() -> None:
    """A phone writes both into the file."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010F] = "a camera"

    picture = OwnPicture.of_upload(encoded(Image.new("RGB", (64, 32)), "JPEG", exif=exif))

    assert (picture.width_px, picture.height_px) == (32, 64)
    assert not opened(picture).getexif()


def test_what_is_transparent_becomes_white() -> None:
    """A JPEG has no transparency, and black would look like a mistake."""
    picture = OwnPicture.of_upload(encoded(Image.new("RGBA", (64, 32), (0, 0, 0, 0)), "PNG"))

    assert opened(picture).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no picture"),
        (b"<svg/>", "is no picture"),
        (encoded(Image.new("RGB", (64, 32)), "GIF"), "is no picture in JPEG, PNG, WEBP; convert it"),
        (encoded(Image.effect_noise((64, 64), 90), "PNG")[:300], "is damaged"),
        (encoded(Image.effect_noise((64, 64), 90), "JPEG")[:300], "is damaged"),
        (encoded(Image.new("RGB", (15, 64)), "PNG"), "needs more"),
        (bomb(7681, 4320), "more than 8K"),
        (bomb(60_000, 60_000), "many times more pixels, more than 8K"),
        (bytes(MAX_BYTES + 1), "more than 10 MiB"),
    ],
    ids=["empty", "svg", "gif", "cut-png", "cut-jpeg", "tiny", "large", "bomb", "heavy"],
)
def test_what_cannot_be_shown_is_refused(data: bytes, says: str) -> None:
    """With what to do about it."""
    with pytest.raises(PictureRefused, match=says):
        OwnPicture.of_upload(data)


def test_a_file_is_read_no_further_than_it_may_be_long(tmp_path: Path) -> None:
    """Somebody may name a video by mistake."""
    file = tmp_path / "video.mp4"
    with file.open("wb") as sparse:
        sparse.truncate(100 * 1024**3)

    with pytest.raises(PictureRefused, match="more than 10 MiB"):
        OwnPicture.of_file(file)
