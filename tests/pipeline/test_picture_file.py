"""Picture files of all kinds come out as models see frames: upright, in sRGB, small."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngImageFile

from worker.errors import UnreadablePicture
from worker.pipeline.picture_file import read_small

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = 320 * 180


def saved(image: Image.Image, path: Path, **how: object) -> Path:
    """Write a picture in the format that the name says."""
    image.save(path, **how)
    return path


def test_a_large_picture_is_made_small_and_keeps_its_shape(tmp_path: Path) -> None:
    """The size in the file is told beside it."""
    picture = read_small(saved(Image.new("RGB", (1600, 900)), tmp_path / "a.png"), PIXELS)

    assert picture.rgb.shape == (180, 320, 3)
    assert (picture.width_px, picture.height_px) == (1600, 900)


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    """That would add nothing but blur."""
    assert read_small(saved(Image.new("RGB", (40, 30)), tmp_path / "a.png"), PIXELS).rgb.shape == (30, 40, 3)


def test_a_picture_of_a_phone_is_upright(tmp_path: Path) -> None:
    """Its EXIF data say how it is turned; here the top is at the right of what is stored."""
    stored = Image.new("RGB", (64, 32), "black")
    stored.paste("white", (0, 0, 32, 32))
    exif = Image.Exif()
    exif[0x0112] = 6

    rgb = read_small(saved(stored, tmp_path / "a.jpg", exif=exif, quality=95), PIXELS).rgb

    assert rgb.shape == (64, 32, 3)
    assert rgb[10, 16].min() > 240
    assert rgb[54, 16].max() < 15


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_way_to_store_grey_gives_grey(mode: str, tmp_path: Path) -> None:
    """Also 16 bits for each pixel, of which Pillow would make white."""
    if mode == "I;16":
        image = Image.fromarray(np.full((32, 32), 128 * 257, np.uint16))
    else:
        image = Image.new("L", (32, 32), 255 if mode == "1" else 128).convert(mode)
    ending = "tif" if mode == "CMYK" else "png"

    rgb = read_small(saved(image, tmp_path / f"a.{ending}"), PIXELS).rgb

    assert rgb[16, 16].tolist() == pytest.approx([255 if mode == "1" else 128] * 3, abs=3)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    """As on a page."""
    clear = Image.new("RGBA", (32, 32), (0, 0, 0, 0))

    assert read_small(saved(clear, tmp_path / "a.png"), PIXELS).rgb.min() == 255


def test_colours_of_another_profile_become_srgb(tmp_path: Path) -> None:
    """A picture whose profile says that all is brighter is seen brighter."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    grey = Image.new("RGB", (32, 32), (100, 120, 140))

    same = read_small(saved(grey, tmp_path / "a.png", icc_profile=profile), PIXELS).rgb
    odd = read_small(saved(grey, tmp_path / "b.png", icc_profile=b"no profile"), PIXELS).rgb

    assert same[0, 0].tolist() == pytest.approx([100, 120, 140], abs=2)
    assert odd[0, 0].tolist() == [100, 120, 140]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no such file"),
        (b"", "no picture"),
        (b"text", "no picture"),
        (b"\x89PNG\r\n\x1a\nxx", "no picture"),
    ],
)
def test_what_is_no_picture_gets_a_sentence_with_a_remedy(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    """Trying again does not help."""
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UnreadablePicture, match=sentence):
        read_small(path, PIXELS)


@pytest.mark.parametrize("ending", ["eps", "ppm", "dds", "ico"])
def test_formats_that_hold_no_photographs_are_not_opened(ending: str, tmp_path: Path) -> None:
    """EPS is a program, which Ghostscript would run; the sentence names the formats that are read."""
    path = saved(Image.new("RGB", (32, 32)), tmp_path / f"a.{ending}")

    with pytest.raises(UnreadablePicture, match="JPEG, PNG, WEBP"):
        read_small(path, PIXELS)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "gif", "tif", "bmp"])
def test_formats_of_photographs_are_read(ending: str, tmp_path: Path) -> None:
    """Whatever the name of the file says."""
    path = saved(Image.new("RGB", (32, 32), "white"), tmp_path / f"a.{ending}")

    assert read_small(path.rename(tmp_path / "a.jpg"), PIXELS).rgb.min() > 240


@pytest.mark.parametrize("error", [NotImplementedError, struct.error, KeyError, ZeroDivisionError])
def test_any_way_to_fail_is_a_damaged_picture(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers of formats fail as the bytes suggest, and the other pictures of a command still get ranked."""
    path = saved(Image.new("RGB", (32, 32)), tmp_path / "a.png")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(PngImageFile, "load", fail)

    with pytest.raises(UnreadablePicture, match="damaged"):
        read_small(path, PIXELS)


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    """And the remedy is to name what is in it."""
    with pytest.raises(UnreadablePicture, match="a folder; name the pictures in it"):
        read_small(tmp_path, PIXELS)
