"""From cues, CLIP and faces to one score with named parts, and to defects."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.service.sample_run import CUES
from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import Box, Candidate, Cues, Face
from worker.pipeline.scoring.ranking import (
    ScoreWeights,
    face_value,
    light,
    rank,
)

GOOD = CUES._replace(brightness=0.45, contrast=0.4, uniformity=0.3, sharpness=0.6)


def candidate(cues: Cues = GOOD, time_s: float = 0.0) -> Candidate:
    """Return a grey candidate with the given cues."""
    return Candidate(time_s, 0, np.full((90, 160, 3), 128, np.uint8), cues)


def embeddings(count: int) -> np.ndarray:
    """Return that many orthogonal embeddings."""
    return np.eye(count, 8, dtype=np.float32)


class TestDefects:
    """A frame that is unfit is named."""

    def test_a_good_frame_has_none(self) -> None:
        """Nothing is wrong with it."""
        assert defects(GOOD) == ()

    def test_a_page_with_text_is_not_a_white_flash(self) -> None:
        """Paper is mostly white, and has the contrast of its print: a recorded screen can be picked from."""
        assert defects(GOOD._replace(brightness=0.9, clipped=0.7, contrast=0.22)) == ()

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"brightness": 0.01, "contrast": 0.3}, "black"),
            ({"brightness": 0.06, "contrast": 0.1}, "black"),
            ({"brightness": 0.95}, "white"),
            ({"brightness": 0.8, "clipped": 0.7, "contrast": 0.1}, "white"),
            ({"contrast": 0.01}, "blank"),
            ({"uniformity": 0.99}, "blank"),
            ({"color_bars": 0.9}, "color bars"),
            ({"title_card": 0.9}, "title card"),
            ({"transition": 0.9}, "transition"),
            ({"relative_sharpness": 0.2}, "blurred"),
            ({"sharpness": 0.06}, "blurred"),
            ({"blockiness": 0.9}, "blocky"),
            ({"decoder_fill": 0.9}, "corrupt"),
            ({"stillness": 0.01}, "moving"),
            ({"sharpness": 0.2, "stillness": 0.1}, "moving"),
        ],
    )
    def test_each_defect_has_its_name(self, change: dict[str, float], name: str) -> None:
        """One bad cue is enough."""
        assert name in defects(GOOD._replace(**change))

    def test_a_dark_editor_is_not_black(self) -> None:
        """A few lines of text on dark grey: a recorded screen may have nothing else."""
        assert defects(GOOD._replace(brightness=0.1, contrast=0.05, uniformity=0.9)) == ()

    def test_a_night_scene_is_not_black(self) -> None:
        """Dark, but with lights in it."""
        assert defects(GOOD._replace(brightness=0.06, contrast=0.2, uniformity=0.8)) == ()


class TestRank:
    """One weighted sum."""

    def test_the_parts_add_up_to_the_score(self) -> None:
        """Every point of the score has a name."""
        one, two = rank(
            [candidate(), candidate(GOOD._replace(stillness=0.2))],
            embeddings(2),
            appeal={"sharp": np.array([0.5, -0.5], np.float32)},
            relevance=np.array([1.0, -1.0], np.float32),
            faces=[(Face(Box(50, 20, 80, 60), 0.9),), ()],
        )

        assert one.score == pytest.approx(sum(one.parts.values()))
        assert two.score == pytest.approx(sum(two.parts.values()))
        assert one.score > two.score

    def test_all_prompt_pairs_are_one_part_whose_shares_are_kept(self) -> None:
        """They nearly always agree, so ten parts would say one thing ten times."""
        shares = {"sharp": np.array([0.5], np.float32), "bright": np.array([-0.2], np.float32)}

        (one,) = rank([candidate()], embeddings(1), appeal=shares, relevance=None, faces=[()])

        assert set(one.prompts) == {"sharp", "bright"}
        assert one.parts["appeal"] == pytest.approx(sum(one.prompts.values()))
        assert not set(one.prompts) & set(one.parts)

    def test_what_stands_around_a_frame_does_not_move_its_score(self) -> None:
        """A frame beside a bad one is as good as alone."""
        appeal = {"sharp": np.array([1.0, -3.0], np.float32)}
        far, near = (
            rank(
                [candidate(), candidate(time_s=time_s)],
                embeddings(2),
                appeal=appeal,
                relevance=None,
                faces=[(), ()],
            )
            for time_s in (60.0, 0.1)
        )

        assert [one.score for one in near] == [one.score for one in far]

    def test_taste_decides_between_clean_frames_and_prompts_refuse_the_suspicious(self) -> None:
        """What looks clean is not the prettier for it; what looks damaged is no good, however pretty."""
        pretty, clean, damaged = rank(
            [candidate()] * 3,
            embeddings(3),
            appeal={"sharp": np.array([-0.9, 3.0, -3.0], np.float32)},
            relevance=None,
            taste=np.array([1.0, 0.0, 3.0], np.float32),
            faces=[()] * 3,
        )

        assert pretty.score > clean.score > damaged.score

    def test_without_taste_prompts_decide(self) -> None:
        """A model that has learned no taste still prefers what its prompts call good."""
        good, poor = rank(
            [candidate()] * 2,
            embeddings(2),
            appeal={"sharp": np.array([1.0, 0.5], np.float32)},
            relevance=None,
            faces=[()] * 2,
        )

        assert good.score - poor.score == pytest.approx(0.5)

    def test_weights_can_be_changed(self) -> None:
        """A caller that wants no faces gets none."""
        face = (Face(Box(50, 20, 80, 60), 0.9),)
        plain, with_face = rank(
            [candidate(), candidate()],
            embeddings(2),
            appeal={},
            relevance=None,
            faces=[(), face],
            weights=ScoreWeights(faces=0.0),
        )

        assert plain.score == with_face.score


class TestParts:
    """Faces and light."""

    def test_a_large_whole_face_beats_a_small_and_a_cut_one(self) -> None:
        """Size counts, and so does being inside the picture."""
        large = (Face(Box(50, 20, 90, 70), 0.9),)
        small = (Face(Box(50, 20, 56, 28), 0.9),)
        cut = (Face(Box(0, 20, 40, 70), 0.9),)

        values = [face_value(faces, 160, 90) for faces in (large, cut, small, ())]

        assert values == sorted(values, reverse=True)
        assert values[0] > values[1] > values[2] > values[3] == 0

    def test_comfortable_light_beats_dim_and_blown(self) -> None:
        """A page of thumbnails wants to be seen."""
        assert light(GOOD) > light(GOOD._replace(brightness=0.1))
        assert light(GOOD) > light(GOOD._replace(brightness=0.9, clipped=0.5))
        assert light(GOOD) > light(GOOD._replace(contrast=0.05))
