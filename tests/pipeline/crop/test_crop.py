"""Crops have the asked shape, keep heads whole, and are the same bytes every time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.support.media import pictures
from worker.aspects import parse_aspect
from worker.pipeline.crop.crop import MIN_SIDE_PX, crop_box, crops
from worker.pipeline.crop.scene import head_box, main_faces, see
from worker.pipeline.frames import Box, Face, Rgb
from worker.pipeline.jpeg import encode_jpeg
from worker.pipeline.scoring.ranking import face_value

if TYPE_CHECKING:
    from collections.abc import Sequence

ASPECTS = ["16:9", "9:16", "1:1", "4:5", "21:9", "2:3"]
SIZES = [(320, 180), (180, 320), (240, 240), (321, 181), (40, 300)]


def flat(width: int, height: int) -> Rgb:
    """A picture in which nothing stands out."""
    return np.full((height, width, 3), 128, np.uint8)


def face_at(left: int, top: int, size: int, confidence: float = 0.9) -> Face:
    """A square face."""
    return Face(Box(left, top, left + size, top + size), confidence)


def box_of(rgb: Rgb, aspect: str, faces: Sequence[Face] = ()) -> Box:
    """Where the crop of a picture lies that has no foreground."""
    return crop_box(see(rgb, faces), aspect)


def random_faces(rng: np.random.Generator, width: int, height: int) -> list[Face]:
    """One to five faces of many sizes anywhere in the picture."""
    faces = []
    for _ in range(rng.integers(1, 6)):
        size = int(rng.integers(6, max(7, min(width, height) // 2)))
        left, top = int(rng.integers(0, width - size + 1)), int(rng.integers(0, height - size + 1))
        faces.append(face_at(left, top, size, float(rng.uniform(0.6, 1))))
    return faces


def is_inside(head: Box, box: Box) -> bool:
    """Whether a crop holds a head whole."""
    return (
        box.left <= head.left
        and head.right <= box.right
        and box.top <= head.top
        and head.bottom <= box.bottom
    )


def is_cut(head: Box, box: Box) -> bool:
    """Whether a crop holds a head in part."""
    apart = (
        head.right <= box.left or box.right <= head.left or head.bottom <= box.top or box.bottom <= head.top
    )
    return not apart and not is_inside(head, box)


def every_place(box: Box, width: int, height: int) -> list[Box]:
    """All boxes of a size in a picture."""
    return [
        Box(left, top, left + box.width, top + box.height)
        for left in range(width - box.width + 1)
        for top in range(height - box.height + 1)
    ]


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_crop_is_the_largest_box_of_its_shape_inside_the_picture(
    aspect: str, width: int, height: int
) -> None:
    """One side is the picture's own, the other follows from the ratio to within a pixel."""
    ratio = parse_aspect(aspect)
    rng = np.random.default_rng(width * height)
    for faces in [[], *(random_faces(rng, width, height) for _ in range(20))]:
        box = box_of(flat(width, height), aspect, faces)
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
        if box.height == height:
            assert abs(box.width - height * ratio) <= 1
        else:
            assert box.width == width
            assert abs(box.height - width / ratio) <= 1


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_head_that_matters_is_cut_where_a_crop_around_the_best_face_exists_without_that(
    aspect: str, width: int, height: int
) -> None:
    """Compared with every place where the crop could be; and all such heads are kept where they can be."""
    rng = np.random.default_rng(width + height)
    checked = 0
    for _ in range(30):
        faces = random_faces(rng, width, height)
        main = {face: head_box(face, width, height) for face in main_faces(faces, width, height)}
        if not main:
            continue
        best = main[max(main, key=lambda face: face_value([face], width, height))]
        box = box_of(flat(width, height), aspect, faces)
        good = [
            place
            for place in every_place(box, width, height)
            if is_inside(best, place) and not any(is_cut(head, place) for head in main.values())
        ]
        if good:
            checked += 1
            assert is_inside(best, box)
            assert not any(is_cut(head, box) for head in main.values())
        if any(all(is_inside(head, place) for head in main.values()) for place in good):
            assert all(is_inside(head, box) for head in main.values())
    assert checked


def test_the_audience_is_cut_rather_than_the_speaker() -> None:
    """A small head beside a large one does not push the large one out."""
    speaker, listeners = (
        face_at(140, 40, 60),
        [face_at(104, 150, 14), face_at(222, 150, 14), face_at(20, 150, 14)],
    )
    box = box_of(flat(320, 180), "9:16", [speaker, *listeners])
    assert is_inside(head_box(speaker, 320, 180), box)


def test_of_two_heads_that_touch_one_is_kept_whole() -> None:
    """Where both do not fit, an empty wall is no answer, although it cuts nobody."""
    faces = [face_at(100, 60, 50), face_at(145, 60, 50)]
    box = box_of(flat(320, 180), "9:16", faces)
    assert any(is_inside(head_box(face, 320, 180), box) for face in faces)


def test_a_head_too_large_for_the_crop_is_in_its_middle() -> None:
    """A close-up in a tall crop shows the face, not an ear."""
    face = face_at(170, 20, 120)
    box = box_of(flat(320, 180), "9:16", [face])
    assert abs((box.left + box.right) - (face.box.left + face.box.right)) <= 2


def test_a_face_alone_is_centred_across() -> None:
    """Where nothing else decides."""
    box = box_of(flat(320, 180), "1:1", [face_at(180, 60, 30)])
    assert abs((box.left + box.right) / 2 - 195) <= 1


def test_a_flat_crop_of_a_tall_picture_leaves_headroom_and_shows_the_body() -> None:
    """The face is above the middle, with some room over it."""
    face = face_at(70, 120, 30)
    box = box_of(flat(180, 320), "16:9", [face])
    assert box.top < head_box(face, 180, 320).top
    assert face.box.bottom < (box.top + box.bottom) / 2 + 15


def test_without_faces_what_stands_out_is_kept() -> None:
    """A red ball on a grey ground ends up in the middle, not just inside."""
    rgb = flat(320, 180)
    rgb[70:110, 200:240] = (220, 30, 30)
    box = box_of(rgb, "9:16")
    assert abs((box.left + box.right) / 2 - 220) < 12


def test_without_anything_a_tall_picture_keeps_its_upper_part_and_a_wide_one_its_middle() -> None:
    """People stand in the upper part of a tall picture."""
    tall = box_of(flat(180, 320), "16:9")
    wide = box_of(flat(320, 180), "9:16")
    assert (tall.top + tall.bottom) / 2 == pytest.approx(320 / 3, abs=1)
    assert (wide.left + wide.right) / 2 == pytest.approx(160, abs=1)


def test_source_is_the_whole_still() -> None:
    """Nothing is cut, whatever the faces."""
    assert box_of(flat(321, 181), "source", [face_at(0, 0, 50)]) == (0, 0, 321, 181)


def test_the_jpeg_shows_the_cut_part() -> None:
    """The box and the picture agree."""
    rgb = pictures.footage("bikes", 1, size=None)[0]
    (made,) = crops(rgb, ["1:1"], [face_at(400, 100, 40)])
    shown = np.asarray(Image.open(io.BytesIO(made.jpeg)))
    cut = rgb[made.box.top : made.box.bottom, made.box.left : made.box.right]
    assert shown.shape == cut.shape == (made.height_px, made.width_px, 3)
    assert np.abs(shown.astype(int) - cut).mean() < 3


def test_a_large_crop_is_scaled_down_and_a_small_one_never_up() -> None:
    """The longer side is limited; the ratio stays."""
    rgb = pictures.footage("bikes", 1, size=(640, 360))[0]
    (large,) = crops(rgb, ["16:9"], max_side_px=320)
    (small,) = crops(rgb, ["16:9"], max_side_px=5000)
    assert (large.width_px, large.height_px) == Image.open(io.BytesIO(large.jpeg)).size == (320, 180)
    assert (small.width_px, small.height_px) == (640, 360)


def test_the_same_picture_gives_the_same_bytes_with_srgb_and_no_other_metadata() -> None:
    """No date, no camera, no software in the file."""
    rgb = pictures.footage("bikes", 1)[0]
    jpeg = encode_jpeg(rgb)
    picture = Image.open(io.BytesIO(jpeg))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    assert encode_jpeg(rgb.copy()) == jpeg
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert picture.info["icc_profile"][24:36] == bytes([0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    assert not picture.getexif()


def test_a_picture_of_pure_noise_can_be_encoded() -> None:
    """The largest file that a picture can make."""
    (noise,) = pictures.noise(1, size=(1920, 1080))

    assert Image.open(io.BytesIO(encode_jpeg(noise))).size == (1920, 1080)


@pytest.mark.parametrize(
    ("width", "height", "aspect", "shape"),
    [
        (16, 4000, "16:9", (16, 16)),
        (4000, 16, "9:16", (16, 16)),
        (2, 2, "16:9", (2, 2)),
        (64, 9, "1:10", (16, 9)),
    ],
)
def test_a_crop_of_a_strip_is_never_thinner_than_a_picture(
    width: int, height: int, aspect: str, shape: tuple[int, int]
) -> None:
    """Where the ratio would leave a few pixels, the shape gives way: some encoders refuse 2x1."""
    (made,) = crops(flat(width, height), [aspect])

    assert (made.width_px, made.height_px) == shape
    assert min(shape) >= min(MIN_SIDE_PX, width, height)
