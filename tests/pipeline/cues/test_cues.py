"""The cheap measurements tell good pictures from bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import pictures
from worker.pipeline.cues import exposure, patterns, sharpness, stillness
from worker.pipeline.cues.defects import DARK_BRIGHTNESS, DARK_CONTRAST

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

REAL = ["bikes", "bigbuckbunny", "carphone_pristine"]


def luma(rgb: Rgb) -> np.ndarray:
    """Full-range luma."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def real(name: str, index: int = 0) -> Rgb:
    """One frame of real footage at scan size."""
    return pictures.footage(name, 1, start=index)[0]


def caption(rgb: Rgb) -> Rgb:
    """Burn two lines into the lowest part of a picture, white with a black rim."""
    height, width = rgb.shape[:2]
    written = rgb.copy()
    for line, text in ((0.86, "And then, all of a sudden,"), (0.96, "the lights went out.")):
        place = (width // 5, int(line * height))
        for color, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(written, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, thickness, cv2.LINE_AA)
    return written


class TestExposure:
    """Light and flatness."""

    def test_black_and_white_lie_at_the_ends(self) -> None:
        """Nothing is darker than black or brighter than white."""
        assert exposure.exposure(luma(pictures.black(1)[0])).brightness == 0
        assert exposure.exposure(luma(pictures.solid((255, 255, 255), 1)[0])).brightness == 1

    @pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (90, 20, 160)])
    def test_one_flat_colour_is_uniform(self, color: tuple[int, int, int]) -> None:
        """Whatever the colour."""
        flat = exposure.exposure(luma(pictures.solid(color, 1)[0]))

        assert flat.uniformity == 1
        assert flat.contrast == 0

    @pytest.mark.parametrize("name", REAL)
    def test_real_footage_is_neither_flat_nor_clipped(self, name: str) -> None:
        """A filmed scene uses many levels."""
        measured = exposure.exposure(luma(real(name)))

        assert measured.uniformity < 0.7
        assert measured.clipped < 0.3
        assert measured.contrast > 0.1

    def test_a_caption_does_not_make_a_dark_frame_a_picture(self) -> None:
        """White words on noise in the dark give it no contrast; a scene with light in it has some."""
        grain = np.random.default_rng(3).normal(8, 3, (180, 320, 3))
        dark = np.clip(grain, 0, 255).astype(np.uint8)

        captioned = exposure.exposure(luma(caption(dark)))

        assert captioned.contrast < 2 * exposure.exposure(luma(dark)).contrast
        assert captioned.contrast < DARK_CONTRAST
        assert captioned.brightness < DARK_BRIGHTNESS


class TestSharpness:
    """Detail that is not noise."""

    @pytest.mark.parametrize("name", REAL)
    @pytest.mark.parametrize("sigma_px", [1.5, 3.0])
    def test_blur_lowers_it(self, name: str, sigma_px: float) -> None:
        """A defocused frame falls below the share of its shot that counts as sharp."""
        sharp = real(name)
        blurred = cv2.GaussianBlur(sharp, (0, 0), sigma_px)

        assert sharpness.sharpness(luma(blurred)) < 0.4 * sharpness.sharpness(luma(sharp))

    @pytest.mark.parametrize("name", REAL)
    def test_noise_does_not_make_a_blurred_frame_sharp(self, name: str) -> None:
        """The Laplacian of noise is large; the estimate of the noise takes it out."""
        sharp = real(name)
        grain = np.random.default_rng(1).normal(0, 8, sharp.shape)
        noisy_blur = np.clip(cv2.GaussianBlur(sharp, (0, 0), 3.0) + grain, 0, 255).astype(np.uint8)

        assert sharpness.sharpness(luma(noisy_blur)) < sharpness.sharpness(luma(sharp))

    @pytest.mark.parametrize("name", REAL)
    def test_a_caption_does_not_make_a_blurred_frame_sharp(self, name: str) -> None:
        """Burnt-in words are sharp whatever they lie on."""
        blurred = cv2.GaussianBlur(real(name), (0, 0), 3.0)

        assert sharpness.sharpness(luma(caption(blurred))) < 0.4 * sharpness.sharpness(luma(real(name)))

    @pytest.mark.parametrize("sigma", [2.0, 8.0])
    def test_noise_is_estimated(self, sigma: float) -> None:
        """White noise on grey is measured to a tenth."""
        noisy = np.clip(128 + np.random.default_rng(2).normal(0, sigma, (180, 320)), 0, 255).astype(np.uint8)

        assert sharpness.noise_sigma(noisy) == pytest.approx(sigma, rel=0.1)

    def test_a_shot_that_is_smeared_as_a_whole_is_not_as_sharp_as_others(self) -> None:
        """Its frames are the best of their shot, and worth less than half of any frame of a clear one."""
        smeared = cv2.blur(real("bigbuckbunny"), (25, 5))
        clear, shot = (sharpness.sharpness(luma(one)) for one in (real("bigbuckbunny"), smeared))

        marks = sharpness.sharpness_in_video([clear] * 8 + [shot] * 4, [1.0] * 12)

        assert marks[0] == 1.0
        assert marks[-1] < 0.5

    def test_a_soft_or_a_dim_shot_is_hardly_worse_than_a_sharp_one(self) -> None:
        """An old camera among new ones, or a night: what is there is in focus."""
        sharp, old = real("bigbuckbunny"), real("carphone_pristine")
        dim = np.rint(sharp * 0.3).astype(np.uint8)
        details = [sharpness.sharpness(luma(one)) for one in [sharp] * 4 + [old] * 4 + [dim] * 4]

        marks = sharpness.sharpness_in_video(details, [1.0] * 12)

        assert min(marks) > 0.7

    def test_within_a_shot_the_sharper_frame_stays_the_better_one(self) -> None:
        """In proportion, however sharp other shots are."""
        marks = sharpness.sharpness_in_video([0.6, 0.6, 0.15, 0.1], [1.0, 1.0, 1.0, 2 / 3])

        assert marks[3] == pytest.approx(marks[2] * 2 / 3)

    def test_a_dim_picture_is_as_sharp_as_a_bright_one(self) -> None:
        """Halving the light hardly changes it."""
        bright = real("bikes")
        dim = (bright * 0.5).astype(np.uint8)

        assert sharpness.sharpness(luma(dim)) == pytest.approx(sharpness.sharpness(luma(bright)), rel=0.25)

    def test_a_flat_picture_has_none(self) -> None:
        """There is nothing to be sharp."""
        assert sharpness.sharpness(luma(pictures.solid((120, 120, 120), 1)[0])) == 0


class TestStillness:
    """Motion against both neighbours, and transitions."""

    @staticmethod
    def tiny(frames: list[Rgb]) -> list[np.ndarray]:
        """Luma at the size the scan compares."""
        return [cv2.resize(luma(frame), (160, 90), interpolation=cv2.INTER_AREA) for frame in frames]

    def test_a_frozen_picture_is_perfectly_still(self) -> None:
        """Equal neighbours."""
        frame = self.tiny([real("bikes")])[0]

        assert stillness.stillness(frame, [(frame, 0.1), (frame, 0.1)]) == 1

    def test_the_frame_next_to_a_cut_is_not_still(self) -> None:
        """One equal neighbour does not help."""
        frame, other = self.tiny([real("bikes"), real("bigbuckbunny", 60)])

        assert stillness.stillness(frame, [(frame, 0.1), (other, 0.1)]) < 0.05

    def test_every_frame_inside_a_dissolve_is_a_transition(self) -> None:
        """From one scene into another, seen over a third of a second either way."""
        blend = self.tiny(pictures.dissolve([real("bikes")] * 25, [real("bigbuckbunny", 60)] * 25))

        assert min(stillness.transition(blend[i - 4], blend[i], blend[i + 4]) for i in range(5, 20)) > 0.9

    @pytest.mark.parametrize("name", ["bikes", "bigbuckbunny"])
    def test_every_frame_inside_a_fade_is_a_transition(self, name: str) -> None:
        """A fade is a dissolve from black, also of moving pictures."""
        fading = self.tiny(pictures.fade_in(pictures.footage(name, 25, start=90)))

        assert (
            np.mean([stillness.transition(fading[i - 4], fading[i], fading[i + 4]) for i in range(6, 19)])
            > 0.6
        )

    @pytest.mark.parametrize("name", REAL)
    def test_motion_is_no_transition(self, name: str) -> None:
        """Things that move are not a blend of where they were and will be."""
        frames = self.tiny(pictures.footage(name, 60))
        seen = [stillness.transition(frames[i - 8], frames[i], frames[i + 8]) for i in range(8, 52)]

        assert np.mean(np.array(seen) > 0.5) <= 0.05


class TestPatterns:
    """Drawn pictures."""

    def test_color_bars_are_recognised(self) -> None:
        """A test pattern is one; real footage and a title card are not."""
        assert patterns.color_bars_confidence(pictures.color_bars(1)[0]) == 1
        assert patterns.color_bars_confidence(pictures.title_card("The end", 1)[0]) == 0
        assert max(patterns.color_bars_confidence(real(name)) for name in REAL) == 0

    def test_color_bars_with_a_dark_edge_above_are_recognised(self) -> None:
        """Where black bars were cut off, a line of them may be left."""
        bars_below = pictures.color_bars(1)[0].copy()
        bars_below[:3] //= 4

        assert patterns.color_bars_confidence(bars_below) == 1

    @pytest.mark.parametrize("text", ["Chapter 1", "A longer title of a film"])
    def test_title_cards_are_recognised(self, text: str) -> None:
        """Text on flat ground."""
        assert patterns.title_card_confidence(luma(pictures.title_card(text, 1)[0])) > 0.9

    @pytest.mark.parametrize("name", REAL)
    def test_real_footage_is_no_title_card(self, name: str) -> None:
        """Nor is a person before a plain wall, with soft shading."""
        assert patterns.title_card_confidence(luma(real(name))) < 0.2

    def test_a_logo_on_a_shaded_ground_is_a_title_card(self) -> None:
        """A drawn ground darkens evenly, without grain, so it is not flat."""
        shade = np.linspace(230, 110, pictures.SIZE[1]).astype(np.uint8)
        slate = np.repeat(shade[:, None], pictures.SIZE[0], axis=1)
        cv2.circle(slate, (160, 76), 36, 60, cv2.FILLED, cv2.LINE_AA)

        assert patterns.title_card_confidence(slate) > 0.9

    @pytest.mark.parametrize("name", REAL)
    @pytest.mark.parametrize("block_px", [5, 8, 16])
    def test_a_picture_in_coarse_blocks_is_blocky(self, name: str, block_px: int) -> None:
        """Whatever the size of the blocks on the small picture."""
        sharp = luma(real(name))
        few = cv2.resize(sharp, (320 // block_px, 180 // block_px), interpolation=cv2.INTER_AREA)
        blocks = cv2.resize(few, None, fx=block_px, fy=block_px, interpolation=cv2.INTER_NEAREST)

        assert patterns.blockiness(blocks) > 0.9
        assert patterns.blockiness(sharp) < 0.2

    def test_letters_do_not_hide_blocks(self) -> None:
        """A page whose picture broke into blocks, beside text that did not."""
        page, broken = (np.full((180, 320), 250, np.uint8) for _ in range(2))
        page[:, :200] = luma(real("bikes"))[:, :200]
        few = cv2.resize(page[:176, :200], (25, 22), interpolation=cv2.INTER_AREA)
        broken[:176, :200] = cv2.resize(few, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
        for shown in (page, broken):
            for row_px in range(12, 180, 18):
                cv2.putText(shown, "words of every length", (206, row_px), 0, 0.32, 40, 1, cv2.LINE_AA)

        assert patterns.blockiness(broken) > 0.9
        assert patterns.blockiness(page) < 0.2

    def test_one_post_or_fence_is_not_blocky(self) -> None:
        """Blocks have edges across and down."""
        fence = luma(real("bikes"))
        fence[:, ::10] = 250

        assert patterns.blockiness(fence) < 0.2
