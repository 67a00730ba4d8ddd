"""The benchmark measures judges on one half of a set, and lets them decide on the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.benchmarks.judge import worth as benchmark
from tests.benchmarks.judge.halves import Halves, JudgeRow
from tests.benchmarks.judge.scripted import COIN, FAIR, FIRST, GOOD, REVERSED, SLY, judges
from tests.support.judge_server.known_frames import judged_worths
from tests.support.judged_sets import draw_scene, write_judged_set
from worker.weights.training.taste.judge import worth
from worker.weights.training.taste.judged_set import read_judged_set
from worker.weights.training.taste.measures import Estimate

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("boat", "cat", "dog", "fox")
SURE = Estimate(1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write four videos of four scenes, all of them fit to be shown, in an order by chance."""
    folder = write_judged_set(tmp_path_factory.mktemp("judged") / "set", NAMES)
    times = {letter: 2.0 + 3.0 * place for place, letter in enumerate("ABCD")}
    shots = {letter: place for place, letter in enumerate(times)}
    told = {"duration_s": 14.0, "times_s": times, "shots": shots}
    for number, file in enumerate(sorted(folder.glob("frames/*/*.jpg"))):
        cv2.imwrite(str(file), draw_scene(np.random.default_rng(number)))
        (file.parent / "times.json").write_text(json.dumps(told))
    return folder


@pytest.fixture(scope="module")
def halves(folder: Path) -> Halves:
    """Measure our score, with a taste that has every frame in the wrong order."""
    videos = read_judged_set(folder)
    tastes = [10.0 * np.asarray(video.ranks, np.float64) for video in videos]
    return Halves(videos, tastes, pictures=12, readings=2)


def test_a_judge_that_knows_leads_to_better_picks(
    halves: Halves, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured on two videos, it decides on the two others, and the other way round."""
    monkeypatch.setattr(worth, "MIN_VIDEOS", 2)
    monkeypatch.setattr("tests.benchmarks.judge.scripted.sigma_for", lambda *_: 0.01)
    row = halves.row(judges(judged_worths(folder))[GOOD])

    assert row.says == "lead"
    assert row.pairs == SURE
    assert row.is_best.value > 0.5  # a gate of the pipeline may stand before a frame
    assert row.is_best.value > halves.without_a_judge().is_best.value
    assert row.as_before < 1
    assert row.requests >= 2


@pytest.mark.parametrize("name", [FIRST, REVERSED])
def test_a_judge_without_worth_changes_no_pick(
    halves: Halves, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Although it is asked, or would have been."""
    monkeypatch.setattr(worth, "MIN_VIDEOS", 2)
    row = halves.row(judges(judged_worths(folder))[name])

    assert row.says in {"veto", "nothing"}
    assert row.as_before == 1


def test_demands_that_are_missed_are_told() -> None:
    """Each in a sentence, and the exit status says so too."""

    def row(best: float, as_before: float) -> JudgeRow:
        return JudgeRow("lead", SURE, Estimate(best, 0.0, 1.0), SURE, as_before, 7.0, 9_000.0)

    ours = {benchmark.NOBODY: row(0.3, 1.0)}
    good = {GOOD: row(0.86, 0.1), FAIR: row(0.5, 0.3), COIN: row(0.3, 1.0), SLY: row(0.3, 1.0)}
    bad = {GOOD: row(0.84, 0.1), FAIR: row(0.3, 0.3), COIN: row(0.3, 0.99), SLY: row(0.3, 0.5)}

    assert list(benchmark.misses(ours | good)) == []
    assert len(list(benchmark.misses(ours | bad))) == 4


def test_the_command_writes_a_table(
    halves: Halves,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A row for our score, and one for each judge that is asked for."""
    monkeypatch.setattr(benchmark, "Halves", lambda *_: halves)  # it took seconds to make
    scores = {video.name: {frame.letter: 0.0 for frame in video.frames} for video in read_judged_set(folder)}
    (tmp_path / "scores.json").write_text(json.dumps({"scores": scores}))
    words = ["--set", str(folder), "--scores", str(tmp_path / "scores.json")]

    status = benchmark.run([*words, "--only", FIRST, "--out", str(tmp_path / "table.md")])

    table = (tmp_path / "table.md").read_text()
    assert status == 0
    assert table in capsys.readouterr().out
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == [benchmark.NOBODY, FIRST]


def test_nothing_is_done_without_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The frames are not part of the repository."""
    assert benchmark.run(["--set", str(tmp_path / "none")]) == 0
    assert "skipped" in capsys.readouterr().out
