"""What learns from judged frames orders frames that it has not seen."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from worker.weights.training.taste.learners.rank_net import RankNet
from worker.weights.training.taste.learners.ridge import Ridge
from worker.weights.training.taste.measures import figures, measure

if TYPE_CHECKING:
    from pathlib import Path

    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.learners.learner import LearnedJudge, Learner

RIDGE = Ridge(("middle layers", "faces"))
# A few long steps, because eight videos would make one short step an epoch.
TRUNK = RankNet(epochs=2, head_step=2e-2, videos_a_step=1)


def pairs_right(judge: LearnedJudge, examples: Examples) -> float:
    """Return the share of the editor's pairs that a judge has in the right order."""
    scores = judge(examples)
    return figures(
        [measure(video.ranks, one) for video, one in zip(examples.videos, scores, strict=True)]
    ).pairs_right.value


@pytest.mark.parametrize("learner", [RIDGE, TRUNK], ids=["ridge", "trunk"])
def test_it_orders_frames_of_videos_it_has_not_seen(learner: Learner, examples: Examples) -> None:
    """The order is easy: clear before blurred and dark."""
    judge = learner.fit(examples.only(range(4)))

    assert pairs_right(judge, examples.only([4, 5, 6, 7])) > 0.8


@pytest.mark.parametrize("learner", [RIDGE, TRUNK], ids=["ridge", "trunk"])
def test_it_learns_the_order_and_not_the_frames(learner: Learner, examples: Examples) -> None:
    """Of an editor who prefers blur it learns to prefer blur."""
    upside_down = replace(
        examples,
        videos=tuple(
            replace(video, frames=tuple(replace(one, rank=3 - one.rank) for one in video.frames))
            for video in examples.videos
        ),
    )
    judge = learner.fit(upside_down.only(range(4)))

    assert pairs_right(judge, examples.only([4, 5, 6, 7])) < 0.2


@pytest.mark.parametrize("learner", [RIDGE, replace(TRUNK, epochs=1)], ids=["ridge", "trunk"])
def test_the_same_videos_teach_the_same(learner: Learner, examples: Examples) -> None:
    """To the last bit, whatever random numbers were drawn before."""
    few = examples.only(range(3))
    once = learner.fit(few).tensors()
    torch.rand(7)
    again = learner.fit(few).tensors()

    assert once.keys() == again.keys()
    assert all(torch.equal(once[name], again[name]) for name in once)


@pytest.mark.parametrize("learner", [RIDGE, replace(TRUNK, epochs=1)], ids=["ridge", "trunk"])
def test_an_editor_without_preference_teaches_nothing_and_stops_nothing(
    learner: Learner, examples: Examples
) -> None:
    """All frames alike is an answer, too."""
    alike = replace(
        examples,
        videos=tuple(
            replace(video, frames=tuple(replace(one, rank=0) for one in video.frames))
            for video in examples.videos
        ),
    )

    scores = learner.fit(alike)(alike)

    assert all(np.isfinite(one).all() for one in scores)


def test_a_saved_ridge_is_a_vector_for_each_group(examples: Examples) -> None:
    """Times the features it gives the score, but for a constant of the video."""
    judge = RIDGE.fit(examples)

    weights = judge.tensors()

    by_hand = sum(examples.features[name][0] @ weight.numpy() for name, weight in weights.items())
    scores = judge(examples)[0]
    assert np.allclose(by_hand - by_hand.mean(), scores, atol=1e-3)
    assert set(weights) == {"middle layers", "faces"}


def test_a_cue_that_no_video_shows_is_worth_nothing(examples: Examples) -> None:
    """In videos without people no face is found; the figures say chance, and nothing stops."""
    scores = Ridge(("faces",)).fit(examples)(examples)

    assert all(not one.any() for one in scores)


def test_a_trunk_judges_the_picture_as_it_is(examples: Examples, tmp_path: Path) -> None:
    """Once, as the product does: what its mirror image and cuts say changes no score."""
    video = examples.only([0])
    activations = examples.activations(0).copy()
    activations[:, 1:] = 0
    save_file({"activations": activations}, tmp_path / "one.safetensors")
    judge = replace(TRUNK, epochs=1).fit(examples.only(range(3)))

    (scores,) = judge(replace(video, activation_files=(tmp_path / "one.safetensors",)))

    assert scores.tolist() == judge(video)[0].tolist()


def test_numbers_that_say_nothing_change_nothing(examples: Examples) -> None:
    """However many they are; of more numbers than frames the directions are found in another way."""
    few = {"faces": tuple(rows[:, :20] for rows in examples.features["middle layers"])}
    padded = {"faces": tuple(np.pad(rows, ((0, 0), (0, 100))) for rows in few["faces"])}
    ridge = Ridge(("faces",))

    expected = ridge.fit(replace(examples, features=few))(replace(examples, features=few))
    scores = ridge.fit(replace(examples, features=padded))(replace(examples, features=padded))

    assert np.allclose(np.concatenate(scores), np.concatenate(expected), atol=1e-6)


def test_a_group_of_many_numbers_takes_no_minutes(examples: Examples) -> None:
    """A ViT says 6,912 of each frame; a matrix of so many rows and columns has 380 MB, and takes minutes."""
    rng = np.random.default_rng(0)
    wide = {"faces": tuple(rng.random((4, 6912), np.float32) for _ in examples.videos)}

    began_s = time.process_time()
    Ridge(("faces",)).fit(replace(examples, features=wide))

    assert time.process_time() - began_s < 5
