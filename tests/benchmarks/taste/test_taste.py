"""The benchmark of taste measures what it says, and never lets a trained head judge what it has seen."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.benchmarks.taste import __main__ as benchmark
from tests.benchmarks.taste.judged_peers import RULES, shown
from tests.support.judged_sets import write_judged_set
from worker.errors import JudgedSetInvalid
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS
from worker.weights.training.taste.held_out import product_score, read_scores
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from pathlib import Path

    from worker.weights.training.taste.judged_set import JudgedVideo


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three videos of four frames; the clearer frame is the better."""
    return write_judged_set(tmp_path_factory.mktemp("judged") / "set", ["cat", "dog", "hen"])


@pytest.fixture(scope="module")
def videos(folder: Path) -> tuple[JudgedVideo, ...]:
    """Read them."""
    return read_judged_set(folder)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_scores_every_frame(videos: tuple[JudgedVideo, ...], name: str) -> None:
    """With numbers that can be compared."""
    scores = RULES[name](shown(videos[0]))

    assert scores.shape == (4,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", RULES)
def test_frames_of_different_shapes_are_compared(videos: tuple[JudgedVideo, ...], name: str) -> None:
    """Bars were trimmed from some frames of a video, and not from others."""
    seen = shown(videos[0])
    pictures = (seen.pictures[0][20:-20].copy(), *seen.pictures[1:])

    assert RULES[name](replace(seen, pictures=pictures)).shape == (4,)


@pytest.mark.parametrize(
    ("name", "best"), [("first frame", 0), ("20% (Stash)", 1), ("50% (Mux, Brightcove)", 3)]
)
def test_shares_of_the_length_take_the_frame_that_is_nearest(
    videos: tuple[JudgedVideo, ...], name: str, best: int
) -> None:
    """Frames lie at 1, 2, 3 and 4 seconds of 12."""
    assert RULES[name](shown(videos[0])).argmax() == best


@pytest.mark.parametrize("name", ["sharpest", "sharpest, noise apart", "brightest"])
def test_rules_about_the_picture_find_the_clearest(videos: tuple[JudgedVideo, ...], name: str) -> None:
    """In this set the sharpest is also the brightest, and the editor's best."""
    for video in videos:
        assert RULES[name](shown(video)).argmax() == video.ranks.argmin()


def test_the_trained_part_is_exchanged_for_one_that_has_not_seen_the_video() -> None:
    """As the product brings a taste to its scale, by the median; the other parts stay."""
    seen = {
        "present score": np.array([[3.0], [1.0], [1.0]]),
        "present score: taste": np.array([[2.0], [0.0], [0.0]]),
        "present score: light": np.array([[1.0], [1.0], [1.0]]),
    }

    step = DEFAULT_WEIGHTS.taste * 0.6745  # one median deviation, in standard deviations
    assert product_score(seen, np.array([0.1, 0.2, 0.3])).tolist() == pytest.approx(
        [1 - step, 1.0, 1 + step], rel=1e-3
    )


def test_without_held_out_scores_the_trained_part_is_not_measured() -> None:
    """It would flatter; a score without such a part is measured as it is."""
    trained = {"present score": np.array([[5.0]]), "present score: taste": np.array([[4.0]])}

    assert product_score(trained, None) is None
    assert product_score({"present score": np.array([[5.0]])}, None).tolist() == [5.0]


def test_scores_of_another_set_are_refused(videos: tuple[JudgedVideo, ...], tmp_path: Path) -> None:
    """With the command that makes those of this one."""
    (tmp_path / "scores.json").write_text(json.dumps({"scores": {"cow": {"A": 1}}}), "utf-8")

    with pytest.raises(JudgedSetInvalid, match="has no scores of 'cat'; train on this set again"):
        read_scores(tmp_path / "scores.json", videos)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the benchmark as a person does; returns what it prints."""
    monkeypatch.setattr(sys, "argv", ["taste", *arguments])
    assert benchmark.main() == 0
    return capsys.readouterr().out


def test_the_table_compares_us_with_everybody(
    folder: Path,
    videos: tuple[JudgedVideo, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A taste that knows the order has all pairs right, and leads over chance."""
    monkeypatch.setattr(benchmark, "CACHE", tmp_path)
    known = {video.name: {frame.letter: -frame.rank for frame in video.frames} for video in videos}
    (tmp_path / "scores.json").write_text(json.dumps({"scores": known}), "utf-8")

    printed = run(monkeypatch, capsys, "--set", str(folder), "--scores", str(tmp_path / "scores.json"))

    rows = {line.split(" | ")[0].strip("| "): line for line in printed.splitlines() if line.startswith("|")}
    assert rows.keys() >= {"ours", "our taste alone", *RULES}
    assert "| 3 | 100.0% (100-100) | 100.0% (100-100) |" in rows["our taste alone"]
    assert "heads trained without the video they judge" in printed


def test_without_a_set_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And that is no failure: the set is not part of the repository."""
    printed = run(monkeypatch, capsys, "--set", str(tmp_path / "nothing"))

    assert printed.startswith("skipped: ")
