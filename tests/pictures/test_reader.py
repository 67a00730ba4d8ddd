"""A stranger's picture is read in a process of its own, which may do and say what it likes."""

from __future__ import annotations

import io
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from tests.support.pictures import deaf_child, hostile_child
from tests.support.waiting import until
from worker.confinement.start import start
from worker.pictures import reader
from worker.pictures.answer import MAX_BYTES, MAX_JPEG_BYTES, PictureVerdict
from worker.pictures.reader import read_picture
from worker.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    """Return an encoded picture."""
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def png(width_px: int, height_px: int, *more: tuple[bytes, bytes]) -> bytes:
    """Return a whole PNG, black, of one bit for each pixel, with more chunks in it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(1)
    row = bytes(1 + (width_px + 7) // 8)
    rows = b"".join([*(packer.compress(row * 1000) for _ in range(height_px // 1000)), packer.flush()])
    head = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), *more, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def bomb() -> bytes:
    """Return a PNG of 30,000 x 30,000 pixels, which takes 900 MB and more where it is decoded."""
    return png(30_000, 30_000)


def text_bomb() -> bytes:
    """Return a PNG whose comment unpacks to 64 MiB."""
    packer = zlib.compressobj(9)
    mib = bytes(1 << 20)
    packed = b"".join([*(packer.compress(mib) for _ in range(64)), packer.flush()])
    return png(1000, 1000, (b"zTXt", b"Comment\0\0" + packed))


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (bomb, PictureVerdict.TOO_LARGE),
        (text_bomb, PictureVerdict.DAMAGED),
        (lambda: png(1000, 1000)[:200], PictureVerdict.DAMAGED),
        (lambda: encoded(Image.new("RGB", (64, 64)), "GIF"), PictureVerdict.NO_PICTURE),
        (lambda: b"<svg><image href='file:///etc/passwd'/></svg>", PictureVerdict.NO_PICTURE),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", PictureVerdict.NO_PICTURE),
        (lambda: bytes(MAX_BYTES + 1024**2), PictureVerdict.NO_PICTURE),
        (lambda: b"", PictureVerdict.NO_PICTURE),
        (lambda: encoded(Image.new("L", (40_000, 100)), "PNG"), PictureVerdict.TOO_SMALL),
    ],
    ids=["bomb", "text", "cut", "gif", "svg", "eps", "heavy", "empty", "ribbon"],
)  # fmt: skip
def test_what_is_no_picture_or_a_bomb_is_told(make: Callable[[], bytes], verdict: PictureVerdict) -> None:
    """A few kilobytes may stand for gigabytes; they are never unpacked."""
    data = make()
    if make in {bomb, text_bomb}:
        assert len(data) < 1024**2, "a bomb is small"

    assert read_picture(data).verdict is verdict


def test_of_a_file_that_is_two_things_only_the_picture_is_kept() -> None:
    """A page with a script may follow a JPEG, or stand in its comment."""
    script = b"<script>alert(1)</script>"
    data = encoded(Image.new("RGB", (64, 32), "teal"), "JPEG", comment=script) + script

    read = read_picture(data)

    assert (read.verdict, read.width_px, read.height_px) == (PictureVerdict.PICTURE, 64, 32)
    assert b"script" not in read.jpeg


def test_the_colours_of_a_phone_stay_what_they_look_like() -> None:
    """Its pictures have a profile of their own, which the JPEG would be without."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The tags of red and of blue (ICC.1, 9.2.4 and 9.2.46) change their names.
    swapped = swapped.replace(b"rXYZ", b"?").replace(b"bXYZ", b"rXYZ").replace(b"?", b"bXYZ")
    data = encoded(Image.new("RGB", (64, 32), "red"), "PNG", icc_profile=swapped)

    with Image.open(io.BytesIO(read_picture(data).jpeg)) as shown:
        red, _, blue = shown.getpixel((30, 15))

    assert blue - red > 150


def test_the_largest_picture_that_is_taken_fits_into_its_memory_and_time() -> None:
    """8K, transparent and turned, so that it is copied as often as can be."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGBA", (7680, 4320), (0, 90, 90, 90)), "PNG", compress_level=1, exif=exif)

    read = read_picture(data)

    assert (read.verdict, read.width_px, read.height_px) == (PictureVerdict.PICTURE, 2160, 3840)


def test_the_photo_of_a_camera_becomes_as_small_as_platforms_take_it() -> None:
    """Else it is shown as chosen, and its write is refused for good."""
    rows = Image.effect_noise((4500, 300), 200).convert("RGB")
    noise = Image.new("RGB", (4500, 4500))
    for top_px in range(0, 4500, 300):
        noise.paste(rows.rotate(180) if top_px % 600 else rows, (0, top_px))
    data = encoded(noise, "JPEG", quality=50)
    assert len(data) <= MAX_BYTES

    read = read_picture(data)

    assert (read.verdict, read.width_px, read.height_px) == (PictureVerdict.PICTURE, 3840, 3840)
    assert len(read.jpeg) <= min(
        platform.capabilities.max_image_bytes or MAX_JPEG_BYTES for platform in PLATFORMS.values()
    )


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a process that was taken over in the place of the reader."""
    monkeypatch.setattr(reader, "MODULE", hostile_child.__name__)


@pytest.mark.usefixtures("hostile")
def test_an_honest_answer_is_believed() -> None:
    """So that the others are refused for what they say."""
    assert read_picture(b"honest").jpeg == hostile_child.REAL


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("lie", [*sorted(hostile_child.ANSWERS.keys() - {b"honest"}), b"endless", b"crash"])
def test_a_process_that_lies_or_dies_is_not_believed(lie: bytes) -> None:
    """Nothing that it says is unpacked, decoded or read without end."""
    assert read_picture(lie) == (PictureVerdict.UNREADABLE, 0, 0, b"")


@pytest.mark.usefixtures("hostile")
def test_a_process_that_is_busy_or_hangs_is_ended() -> None:
    """By its own limit of processor time, or by the clock."""
    began_s = time.monotonic()

    assert read_picture(b"busy").verdict is PictureVerdict.TOO_SLOW
    assert read_picture(b"hang", wall_s=1.0).verdict is PictureVerdict.TOO_SLOW

    assert time.monotonic() - began_s < 40


def test_a_process_that_never_reads_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though a pipe takes only a part of the file."""
    monkeypatch.setattr(reader, "MODULE", deaf_child.__name__)

    assert read_picture(bytes(MAX_BYTES), wall_s=1.0).verdict is PictureVerdict.TOO_SLOW


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means exist on Linux only")
def test_the_process_is_confined_before_it_reads_anything() -> None:
    """The kernel says so: no new privileges, a filter of calls, limits, and not one variable."""
    with start(reader.MODULE) as process:
        place = Path("/proc", str(process.pid))
        until(lambda: "Seccomp:\t2" in (place / "status").read_text())

        assert "NoNewPrivs:\t1" in (place / "status").read_text()
        limits = (place / "limits").read_text()
        assert "unlimited" not in next(line for line in limits.splitlines() if "Max address space" in line)
        process.kill()
