"""The benchmark of teaching learns from the judge's orders, and measures by the editor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.benchmarks.judge.teacher import by_judge, run, table
from tests.support.judged_sets import write_judged_set
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("boat", "cat", "dog", "fox")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write four videos of three frames; the clearer frame is the better."""
    return write_judged_set(tmp_path_factory.mktemp("judged") / "set", NAMES, frames=3)


def test_a_judge_that_knows_gives_the_editors_orders(folder: Path, tmp_path: Path) -> None:
    """By the product's steps, without a look at the set's table, which stays as it is."""
    videos, before = read_judged_set(folder), (folder / "judged.tsv").read_bytes()

    taught = by_judge(videos, folder, 0.999, 2, tmp_path)

    assert [video.ranks.tolist() for video in taught] == [video.ranks.tolist() for video in videos]
    assert (folder / "judged.tsv").read_bytes() == before


def test_a_judge_that_errs_gives_other_orders(folder: Path, tmp_path: Path) -> None:
    """Else the benchmark would compare the editor with itself."""
    videos = read_judged_set(folder)

    taught = by_judge(videos, folder, 0.55, 2, tmp_path)

    assert [video.ranks.tolist() for video in taught] != [video.ranks.tolist() for video in videos]
    assert [video.sha256 for video in taught] == [video.sha256 for video in videos]


def test_every_row_is_compared_with_the_last(folder: Path) -> None:
    """Both are measured by the editor's orders."""
    videos = read_judged_set(folder)
    knows = [-video.ranks.astype(np.float64) for video in videos]

    text = table(videos, {"backwards": [-one for one in knows], "right": knows})

    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("|")}
    assert "| 0.0% (0-0)" in rows["backwards"]
    assert "-100.0 (-100.0 to -100.0)" in rows["backwards"]
    assert "| 100.0% (100-100)" in rows["right"]


def test_the_table_has_both_teachers(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what the judge itself is worth."""
    arguments = ["--set", str(folder), "--work", str(tmp_path), "--folds", "2", "--readings", "2"]

    assert run([*arguments, "--right", "99"]) == 0

    printed = capsys.readouterr().out
    assert "the judge itself, 99 % right" in printed
    assert "ridge, taught by the judge's orders" in printed
    assert "ridge, taught by the editor's orders" in printed


def test_without_a_set_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And that is no failure: the set is not part of the repository."""
    assert run(["--set", str(tmp_path / "nothing")]) == 0
    assert capsys.readouterr().out.startswith("skipped: ")
