"""The whole way from one's own videos to a head: frames, a judge's orders over HTTP, and training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import cv2
import pytest
import safetensors
from click.testing import CliRunner

from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.scripts import hangs, junk, knows
from tests.support.judged_sets import light_of, write_drawn_video, write_judged_set
from worker.weights.training.__main__ import main
from worker.weights.training.taste.judge.teaching import teach
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

OF_EACH = 7  #: requests for a video: its description, and six readings
SURE = knows(light_of, sigma=1e-3, seed=0)


class Finished(NamedTuple):
    """A whole run on one's own videos."""

    videos: Path
    folder: Path
    result: Result
    asked: int
    before: list[Path]  #: what was in the folder of videos


@pytest.fixture
def judge() -> Iterator[FakeJudge]:
    """Start a judge that prefers light, and is sure of it."""
    with FakeJudge(SURE, model="eye-8b") as started:
        yield started


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Draw two videos in two folders, and what is none; and learn from them."""
    videos, folder = tmp_path_factory.mktemp("videos"), tmp_path_factory.mktemp("finished")
    for number, way in enumerate(("cats.mp4", "trip/sea.mp4")):
        write_drawn_video(videos / way, number)
    (videos / "cut.mp4").write_bytes((videos / "cats.mp4").read_bytes()[:3000])
    before = sorted(videos.rglob("*"))
    with FakeJudge(SURE, model="eye-8b") as judge:
        result = run(judge, videos, folder, "--train-only")
        return Finished(videos, folder, result, len(judge.asked), before)


def run(judge: FakeJudge, from_judge: Path, folder: Path, *options: str, answer: str = "") -> Result:
    """Run the command as a person does."""
    arguments = ["taste", "--from-judge", str(from_judge), "--set-out", str(folder / "judged")]
    arguments += ["--judge-url", judge.url, "--judge-model", "eye-8b", "--work", str(folder / "work")]
    arguments += ["--out", str(folder / "taste.safetensors"), "--learner", "ridge", *options]
    return CliRunner().invoke(main, arguments, input=answer)


def test_a_head_is_learned_from_own_videos(finished: Finished) -> None:
    """Frames are taken, the judge orders them, a head is trained."""
    assert finished.result.exit_code == 0, finished.result.output
    assert "2 videos wait for an order by eye-8b: 14 requests, 7 for each" in finished.result.output
    assert finished.asked == 2 * OF_EACH
    with safetensors.safe_open(finished.folder / "taste.safetensors", "pt") as opened:
        assert json.loads(opened.metadata()["training"])["videos"] == 2


def test_the_set_is_one_as_people_make_it(finished: Finished) -> None:
    """Its order is the judge's, and those of one folder are related."""
    judged = read_judged_set(finished.folder / "judged")

    assert [video.group for video in judged] == ["cats", "trip/"]
    for video in judged:
        best_first = sorted(video.frames, key=lambda frame: frame.rank)
        light = [light_of(frame.file.read_bytes()) for frame in best_first]
        assert light == pytest.approx(sorted(light, reverse=True), abs=1.0)
        assert len(light) > 5


def test_what_is_left_out_is_told(finished: Finished) -> None:
    """A broken file does not stop the others."""
    assert "left out: cut.mp4: the index of this MP4 file is missing" in finished.result.output


def test_the_folder_of_videos_stays_as_it_was(finished: Finished) -> None:
    """It is somebody's own."""
    assert sorted(finished.videos.rglob("*")) == finished.before


def test_a_second_run_asks_nobody(finished: Finished, judge: FakeJudge) -> None:
    """What was taken and ordered stays; a run that was killed before it wrote a row asks nothing again."""
    judged = finished.folder / "judged"
    table = (judged / "judged.tsv").read_text("utf-8")
    pictures = {file: file.stat().st_mtime_ns for file in judged.rglob("*.jpg")}
    (judged / "judged.tsv").write_text(table.rpartition("\ntrip")[0] + "\n", "utf-8")

    result = run(judge, finished.videos, finished.folder, "--train-only")

    assert result.exit_code == 0, result.output
    assert judge.asked == []
    assert (judged / "judged.tsv").read_text("utf-8") == table
    assert {file: file.stat().st_mtime_ns for file in judged.rglob("*.jpg")} == pictures
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
    judge: FakeJudge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default would be there for whoever works in that folder; then another has to be named."""
    (tmp_path / "cats.mp4").touch()
    monkeypatch.chdir(tmp_path)
    arguments = ["taste", "--from-judge", ".", "--judge-url", judge.url, "--judge-model", "eye-8b"]

    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 1
    assert "name a folder elsewhere by --set-out" in " ".join(result.output.split())
    assert [file.name for file in tmp_path.iterdir()] == ["cats.mp4"]
