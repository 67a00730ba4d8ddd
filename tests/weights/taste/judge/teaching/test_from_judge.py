"""The whole way from one's own videos to a head: frames, a judge's orders over HTTP, and training."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import cv2
import pytest
import safetensors
from click.testing import CliRunner

from tests.support.drawn_videos import light_of, write_drawn_video
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.scripts import hangs, junk, knows
from tests.support.judged_sets import write_judged_set
from worker.weights.training.__main__ import main
from worker.weights.training.taste.judge.teaching import teach
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

OF_EACH = 7  #: requests for a video: its description, and six readings
SURE = knows(light_of, sigma=1e-3, seed=0)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw three videos in two folders, and what is none."""
    folder = tmp_path_factory.mktemp("videos")
    for number, way in enumerate(("cats.mp4", "trip/sea.mp4", "trip/hills.mp4")):
        write_drawn_video(folder / way, number)
    (folder / "cut.mp4").write_bytes((folder / "cats.mp4").read_bytes()[:3000])
    return folder


@pytest.fixture
def judge() -> Iterator[FakeJudge]:
    """Start a judge that prefers light, and is sure of it."""
    with FakeJudge(SURE, model="eye-8b") as started:
        yield started


def run(judge: FakeJudge, from_judge: Path, folder: Path, *options: str, answer: str = "") -> Result:
    """Run the command as a person does."""
    arguments = ["taste", "--from-judge", str(from_judge), "--set-out", str(folder / "judged")]
    arguments += ["--judge-url", judge.url, "--judge-model", "eye-8b", "--work", str(folder / "work")]
    arguments += ["--out", str(folder / "taste.safetensors"), "--learner", "ridge", *options]
    return CliRunner().invoke(main, arguments, input=answer)


def test_a_head_is_learned_from_own_videos(judge: FakeJudge, videos: Path, tmp_path: Path) -> None:
    """Frames are taken, the judge orders them, a head is trained; the folder of videos stays as it was."""
    before = sorted(videos.rglob("*"))

    result = run(judge, videos, tmp_path, "--train-only")

    assert result.exit_code == 0, result.output
    judged = read_judged_set(tmp_path / "judged")
    assert [video.group for video in judged] == ["cats", "trip/", "trip/"]
    for video in judged:
        best_first = sorted(video.frames, key=lambda frame: frame.rank)
        light = [light_of(frame.file.read_bytes()) for frame in best_first]
        assert light == pytest.approx(sorted(light, reverse=True), abs=1.0)
        assert len(light) == 10
    assert len(judge.asked) == 3 * OF_EACH
    assert "left out: cut.mp4: " in result.output
    assert "3 videos wait for an order by eye-8b: 21 requests, 7 for each" in result.output
    with safetensors.safe_open(tmp_path / "taste.safetensors", "pt") as opened:
        assert json.loads(opened.metadata()["training"])["videos"] == 3
    assert sorted(videos.rglob("*")) == before


def test_a_second_run_asks_nobody(judge: FakeJudge, videos: Path, tmp_path: Path) -> None:
    """What was taken stays, what was ordered stays; and a row that was lost costs nothing again."""
    run(judge, videos, tmp_path, "--train-only")
    table = (tmp_path / "judged" / "judged.tsv").read_text("utf-8")
    pictures = {file: file.stat().st_mtime_ns for file in (tmp_path / "judged").rglob("*.jpg")}
    judge.asked.clear()
    (tmp_path / "judged" / "judged.tsv").write_text(table.rpartition("\ntrip")[0] + "\n", "utf-8")

    result = run(judge, videos, tmp_path, "--train-only")

    assert result.exit_code == 0, result.output
    assert judge.asked == []
    assert (tmp_path / "judged" / "judged.tsv").read_text("utf-8") == table
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "judged").rglob("*.jpg")} == pictures
    assert "1 video was left out before" in result.output


def set_in_the_making(folder: Path, names: str = "abc") -> Path:
    """Write frames that wait for an order."""
    made = write_judged_set(folder / "set", list(names), frames=3)
    (made / "judged.tsv").unlink()
    return made


def test_a_budget_is_kept_and_the_next_run_goes_on(judge: FakeJudge, tmp_path: Path) -> None:
    """No request is spent on half a video, and nothing is learned until all are in order."""
    made = set_in_the_making(tmp_path)

    first = run(judge, made, tmp_path, "--train-only", "--judge-requests", "16")

    assert first.exit_code == 1
    assert len(judge.asked) == 2 * OF_EACH
    told = " ".join(first.output.split())
    assert "2 of 3 videos are in order: the same command goes on from there" in told
    assert not (tmp_path / "taste.safetensors").exists()

    second = run(judge, made, tmp_path, "--train-only", "--judge-requests", "16")

    assert second.exit_code == 0, second.output
    assert len(judge.asked) == 3 * OF_EACH
    assert (tmp_path / "taste.safetensors").exists()


def test_many_requests_need_a_yes(judge: FakeJudge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost money, or a night."""
    monkeypatch.setattr(teach, "ASK_FROM", 20)

    result = run(judge, set_in_the_making(tmp_path), tmp_path, "--train-only", answer="n\n")

    assert result.exit_code == 1
    assert "21 requests" in result.output
    assert "Ask for all of them?" in result.output
    assert judge.asked == []


def test_too_few_unrelated_videos_are_told_before_anybody_is_asked(judge: FakeJudge, tmp_path: Path) -> None:
    """The report needs them; a bill for nothing does not."""
    result = run(judge, set_in_the_making(tmp_path), tmp_path, "--folds", "4")

    assert result.exit_code == 1
    assert "4 folds need 4 groups of unrelated videos, and the set has 3" in " ".join(result.output.split())
    assert judge.asked == []


def test_a_judge_that_talks_junk_is_given_up(judge: FakeJudge, tmp_path: Path) -> None:
    """With its name for the matter, and no traceback."""
    judge.script = junk

    result = run(judge, set_in_the_making(tmp_path), tmp_path, "--train-only")

    assert result.exit_code == 1
    assert "without an order: a: " in result.output
    assert "0 of 3 videos are in order" in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_judge_that_hangs_does_not_hold_for_ever(
    judge: FakeJudge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has more patience than a job, and an end of it."""
    monkeypatch.setenv("JUDGE_TIMEOUT_S", "0.02")
    judge.script = hangs

    result = run(judge, set_in_the_making(tmp_path, "a"), tmp_path, "--train-only")

    assert result.exit_code == 1
    assert "without an order: a: the judge was not done in time" in " ".join(result.output.split())


def test_frames_of_a_set_in_the_making_are_shown_small(judge: FakeJudge, tmp_path: Path) -> None:
    """Whoever made it may have saved large pictures; the judge's contract would complain."""
    made = set_in_the_making(tmp_path, "a")

    for file in made.rglob("*.jpg"):
        cv2.imwrite(str(file), cv2.resize(cv2.imread(str(file)), (1280, 720)))

    assert run(judge, made, tmp_path, "--train-only").exit_code == 0
    assert len(judge.asked) == OF_EACH


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "give either --set or --from-judge"),
        (["--set", ".", "--from-judge", "."], "give either --set or --from-judge"),
        (["--from-judge", "."], "no judge is named; give --judge-url and --judge-model"),
        (["--from-judge", ".", "--judge-url", "http://127.0.0.1:9/v1"], "JUDGE_MODEL: missing"),
        (["--from-judge", ".", "--judge-url", "ftp://eye", "--judge-model", "eye"], "JUDGE_URL"),
    ],
)
def test_what_is_missing_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], sentence: str
) -> None:
    """Before any work."""
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["taste", *options])

    assert result.exit_code in {1, 2}
    assert sentence in " ".join(result.output.split())


def test_nothing_is_written_among_the_videos(
    judge: FakeJudge, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default would be there for whoever works in that folder; then another has to be named."""
    shutil.copytree(videos, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")

    result = CliRunner().invoke(
        main, ["taste", "--from-judge", ".", "--judge-url", judge.url, "--judge-model", "eye-8b"]
    )

    assert result.exit_code == 1
    assert "name a folder elsewhere by --set-out" in " ".join(result.output.split())
    assert not (tmp_path / "mine" / "judged").exists()
