"""Bars are one rectangle over a long stretch, and composition is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.support.media import pictures, surrounds
from worker.pipeline.cues.bars.rectangles import find_pictures, inside
from worker.pipeline.frames import Active, Box, Rgb

WIDTH, HEIGHT = pictures.SIZE
WHOLE = Box(0, 0, WIDTH, HEIGHT)
LETTER = Box(0, 24, WIDTH, HEIGHT - 24)
PILLAR = Box(60, 0, WIDTH - 60, HEIGHT)
WINDOW = Box(40, 24, WIDTH - 40, HEIGHT - 24)
PHONE = Box(110, 0, WIDTH - 110, HEIGHT)  #: a vertical video in a horizontal frame

BLACK, WHITE, BLUE, GREY = (0, 0, 0), (255, 255, 255), (32, 32, 96), (128, 128, 128)

BIKES = pictures.footage("bikes", 48, start=60)
BUNNY = pictures.footage("bigbuckbunny", 48, start=60)
CARPHONE = pictures.footage("carphone_pristine", 48)
FOOTAGE = {"bikes": BIKES, "bunny": BUNNY, "carphone": CARPHONE}
SLOTS = slice(None, None, 4)  #: about what a scan keeps


def lumas(frames: list[Rgb]) -> list[np.ndarray]:
    """Coded in video range, as the scan sees frames."""
    return [
        np.round(16 + cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) * (219 / 255)).astype(np.uint8)
        for frame in frames
    ]


def found(*shots: list[Rgb]) -> list[Box]:
    """The part that the picture fills, of every fourth frame of these shots."""
    frames = [frame for shot in shots for frame in shot[SLOTS]]
    numbers = [number for number, shot in enumerate(shots) for _ in shot[SLOTS]]
    times_s = [index * 0.25 for index in range(len(frames))]
    return [in_pixels(active) for active in find_pictures(lumas(frames), times_s, numbers)]


def in_pixels(active: Active | None) -> Box:
    """Pixels of the small picture."""
    return inside(active, WIDTH, HEIGHT)


def only(boxes: list[Box]) -> Box:
    """The one box that all frames have."""
    assert len(set(boxes)) == 1
    return boxes[0]


def near(box: Box, expected: Box) -> bool:
    """Whether two boxes are the same but for a pixel: real footage has dark edges of its own."""
    return max(abs(a - b) for a, b in zip(box, expected, strict=True)) <= 1


@pytest.mark.parametrize("name", FOOTAGE)
@pytest.mark.parametrize("color", [BLACK, WHITE, BLUE, GREY], ids=["black", "white", "blue", "grey"])
@pytest.mark.parametrize("box", [LETTER, PILLAR, WINDOW], ids=["letterbox", "pillarbox", "windowbox"])
def test_bars_of_any_colour_are_found_to_the_pixel(name: str, color: tuple[int, int, int], box: Box) -> None:
    """Above and below, left and right, or all round."""
    assert near(only(found(surrounds.on_color(FOOTAGE[name], box, color))), box)


@pytest.mark.parametrize("color", [BLACK, WHITE, BLUE], ids=["black", "white", "blue"])
def test_noise_on_bars_does_not_hide_them(color: tuple[int, int, int]) -> None:
    """Grain lies over picture and bars alike."""
    rng = np.random.default_rng(1)
    frames = surrounds.on_color(BIKES, LETTER, color)
    noisy = [np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8) for frame in frames]

    assert only(found(noisy)) == LETTER


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_an_edge_between_two_rows_is_known_by_its_share(share: float) -> None:
    """A row of the small picture is six of a large one, and a black line must not stay."""
    frames = surrounds.on_color(BIKES, LETTER, BLACK)
    for frame in frames:
        frame[LETTER.top] = (frame[LETTER.top] * share).astype(np.uint8)

    active = find_pictures(lumas(frames[SLOTS]), [0.25 * n for n in range(12)], [0] * 12)[0]

    assert active is not None
    assert active[1] * HEIGHT == pytest.approx(LETTER.top + 1 - share, abs=0.2)


def test_a_subtitle_in_a_bar_goes_with_it() -> None:
    """As does a sign that stays there all the time."""
    frames = surrounds.on_color(BIKES, LETTER, BLACK)
    spoken = frames[:16] + surrounds.with_line(frames[16:32], "Wait for me at the corner", 8) + frames[32:]
    signed = surrounds.with_line(frames, "K9", HEIGHT - 16)

    assert only(found(spoken)) == LETTER
    assert only(found(signed)) == LETTER


def test_a_caption_over_a_picture_on_white_goes_with_the_white() -> None:
    """A picture with a joke above it, made for phones."""
    box = Box(0, 50, WIDTH, 130)
    frames = surrounds.on_color(BIKES, box, WHITE)

    assert only(found(surrounds.with_line(frames, "When the train is late", 150, ink=BLACK))) == box


def test_bars_of_unequal_depth_are_bars() -> None:
    """A film is moved up to make room for subtitles."""
    box = Box(0, 8, WIDTH, HEIGHT - 40)

    assert only(found(surrounds.on_color(BIKES, box, BLACK))) == box


@pytest.mark.parametrize("name", FOOTAGE)
@pytest.mark.parametrize(
    "fill",
    [{}, {"sigma_px": 3}, {"sigma_px": 16, "gain": 0.5}, {"zoom": 1.3}, {"is_mirrored": True}],
    ids=["plain", "little blur", "dimmed", "enlarged more", "mirrored"],
)
def test_a_blurred_enlargement_beside_a_picture_is_a_bar(name: str, fill: dict[str, float]) -> None:
    """Reposts of vertical video have it."""
    frames = surrounds.on_blur(FOOTAGE[name], PHONE, **fill)  # type: ignore[arg-type]

    assert near(only(found(frames)), PHONE)


def test_a_blurred_enlargement_above_and_below_is_a_bar() -> None:
    """A horizontal video in a vertical frame."""
    tall = [np.ascontiguousarray(np.rot90(frame)) for frame in BIKES]
    frames = surrounds.on_blur(tall, Box(0, 110, HEIGHT, WIDTH - 110))

    active = find_pictures(lumas(frames[SLOTS]), [0.25 * n for n in range(12)], [0] * 12)[0]

    assert active == pytest.approx((0, 110 / WIDTH, 1, 1 - 110 / WIDTH), abs=1 / WIDTH)


def test_a_shot_that_shows_one_seam_has_the_fill_of_the_shot_before() -> None:
    """At the other side the picture is as dim and soft as the fill."""
    both = surrounds.on_blur(BIKES, PHONE)
    one = [frame.copy() for frame in surrounds.on_blur(BUNNY, PHONE)]
    for frame in one:
        frame[:, PHONE.left : PHONE.left + 12] = frame[:, PHONE.left - 1 : PHONE.left]

    assert near(only(found(both, one)), PHONE)


def test_a_gradient_beside_a_picture_is_a_bar() -> None:
    """It stands still, and the picture moves."""
    assert only(found(surrounds.on_gradient(BIKES, PHONE))) == PHONE


@pytest.mark.parametrize(
    "frames",
    [
        surrounds.figures(96, BLACK),
        surrounds.figures(96, WHITE),
        surrounds.presenter(96, BLACK),
        surrounds.presenter(96, WHITE),
        surrounds.presenter(96, GREY),
        surrounds.stage(96),
        surrounds.slides(96),
        surrounds.slides(96, BLUE),
        surrounds.slides(96, WHITE, BLUE),
        surrounds.credit_roll(96),
        surrounds.doorway(96),
        [np.hstack([a[:, :160], b[:, :160]]) for a, b in zip(BIKES, BUNNY, strict=True)],
        *FOOTAGE.values(),
        [(frame * 0.1).astype(np.uint8) for frame in BIKES],
        pictures.black(8),
    ],
    ids=[
        "figures on black", "figures on white", "presenter on black", "presenter on white",
        "presenter on grey", "heads above a stage", "slides", "dark slides", "slides with headings",
        "credits", "doorway", "split screen", *FOOTAGE, "night", "nothing",
    ],
)  # fmt: skip
def test_composition_is_no_bar(frames: list[Rgb]) -> None:
    """Nothing that somebody filmed or drew is cut away."""
    assert only(found(frames)) == WHOLE


def test_a_vignette_is_no_bar() -> None:
    """Its darkness only rises."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = np.clip(1.2 - np.hypot((x - 160) / 140, (y - 90) / 90) ** 2, 0, 1)[..., None]

    assert only(found([(frame * light).astype(np.uint8) for frame in BIKES])) == WHOLE


def test_one_dark_side_is_composition() -> None:
    """A dark wall on the left is not half a pillarbox."""
    frames = [frame.copy() for frame in BIKES[:1] * 48]
    for frame in frames:
        frame[:, :60] = 0

    assert only(found(frames)) == WHOLE


def test_dark_shots_have_the_bars_of_the_stretch_around_them() -> None:
    """They show no edge, but nothing else where the bars are."""
    boxed = surrounds.on_color(BIKES, LETTER, BLACK)
    dark = [(frame * 0.04).astype(np.uint8) for frame in surrounds.on_color(BUNNY, LETTER, BLACK)]

    assert only(found(boxed, dark, boxed)) == LETTER


def test_each_long_stretch_has_its_own_bars() -> None:
    """A programme shows an old film, a repost, and its studio."""
    boxes = found(surrounds.on_color(BIKES, PILLAR, BLACK), BUNNY, surrounds.on_blur(CARPHONE, PHONE), BUNNY)

    assert set(boxes[:12]) == {PILLAR}
    assert set(boxes[12:24]) == {WHOLE}
    assert set(boxes[24:36]) == {PHONE}
    assert set(boxes[36:]) == {WHOLE}


def test_a_head_that_reaches_into_the_bars_of_other_shots_is_kept() -> None:
    """Figures on black after a letterboxed scene: nobody says that they have bars."""
    tall = [np.roll(frame, -15, axis=0) for frame in surrounds.figures(48, BLACK)]

    boxes = found(surrounds.on_color(BIKES, LETTER, BLACK), tall)

    assert set(boxes[:12]) == {LETTER}
    assert set(boxes[12:]) == {WHOLE}
