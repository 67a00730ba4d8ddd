"""`thumbs pick` as a user meets it, with the real pipeline: pictures, tables, JSON, exit codes, sentences."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.support.media import clips, pictures
from worker.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THUMBS = [sys.executable, "-m", "worker"]
ENOUGH_S = 60  # for a run on a slow and busy machine; only a hang takes longer


def thumbs(*arguments: object) -> Result:
    """Run `thumbs` with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the shared run writes to."""
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def run(out: Path, bikes_clip: Path, shared_dir: Path) -> Result:
    """Run once on a video, a file that is none, and the video again; JSON and report asked for."""
    text = shared_dir / "notes.mp4"
    text.write_text("not a video")
    ratios = ("--aspect", "16:9", "--aspect", "1:1", "--aspect", "16:9")
    return thumbs(
        "pick", bikes_clip, text, bikes_clip, "--out", out, "--count", 2, *ratios, "--json", "--report"
    )


@pytest.fixture(scope="module")
def videos(run: Result) -> list[dict]:
    """Return what the JSON document of that run says of each video."""
    return json.loads(run.stdout)["videos"]


def test_json_is_all_that_stdout_gets(run: Result, bikes_clip: Path, videos: list[dict]) -> None:
    """A program may read stdout whole; the videos stand in the order given."""
    assert run.stdout.startswith("{")
    assert [video["video"] for video in videos] == [
        str(bikes_clip),
        str(bikes_clip.parent / "notes.mp4"),
        str(bikes_clip),
    ]


def test_the_document_has_the_fields_that_are_promised(videos: list[dict]) -> None:
    """docs/cli.md lists these names."""
    (pick, *_) = videos[0]["picks"]

    assert set(videos[0]) == {
        *("video", "error", "facts", "model", "note", "shortfall"),
        *("picks", "candidates", "verdict", "report", "timings_s"),
    }
    assert set(pick) == {
        *("rank", "time_s", "shot", "score", "parts", "prompts", "reasons", "runner_up_time_s"),
        *("width_px", "height_px", "faces", "crops", "by_judge"),
    }
    assert set(videos[0]["candidates"][0]) == {"time_s", "shot", "score", "parts", "why", "by_judge"}
    assert set(pick["crops"][0]) == {"aspect", "box", "width_px", "height_px", "file"}
    assert set(videos[0]["facts"]) == {
        *("duration_s", "width_px", "height_px", "rotation_deg", "is_mirrored"),
        *("frame_rate", "transfer", "codec"),
    }


def test_each_ratio_of_each_pick_is_a_picture_of_the_size_told(videos: list[dict]) -> None:
    """A ratio asked for twice is cut once."""
    for pick in videos[0]["picks"]:
        assert [crop["aspect"] for crop in pick["crops"]] == ["16:9", "1:1"]
        for crop in pick["crops"]:
            with Image.open(crop["file"]) as picture:
                assert picture.format == "JPEG"
                assert picture.size == (crop["width_px"], crop["height_px"])


def test_the_parts_of_each_score_add_up(videos: list[dict]) -> None:
    """The parts explain the score, all of it."""
    for pick in videos[0]["picks"]:
        assert sum(pick["parts"].values()) == pytest.approx(pick["score"], abs=1e-4)


def test_every_candidate_is_listed_with_its_score_and_its_fate(videos: list[dict]) -> None:
    """In order of time, the picked ones too; each runner-up is among them."""
    picks, candidates = videos[0]["picks"], videos[0]["candidates"]
    times_s = [candidate["time_s"] for candidate in candidates]
    picked = {one["why"]: one for one in candidates if one["why"].startswith("pick ")}

    assert times_s == sorted(times_s)
    assert len(candidates) > len(picks)
    assert {name: one["score"] for name, one in picked.items()} == {
        f"pick {pick['rank']}": pick["score"] for pick in picks
    }
    assert all(candidate["why"] for candidate in candidates)
    assert {pick["runner_up_time_s"] for pick in picks} - {None} <= set(times_s)


def test_a_video_that_fails_does_not_stop_the_others(run: Result, videos: list[dict]) -> None:
    """The failure is one sentence on stderr, in the document too, and exit code 1."""
    assert run.exit_code == 1
    assert [bool(video["picks"]) for video in videos] == [True, False, True]
    assert videos[1]["error"]["kind"] == "UnreadableVideo"
    assert videos[1]["error"]["may_retry"] is False
    failure, summary = run.stderr.splitlines()
    assert failure.endswith("notes.mp4: a text, not a video; send the video file")
    assert summary == "thumbs: 2 done, 1 failed"


def test_the_same_video_twice_gives_the_same_pictures_in_two_folders(videos: list[dict], out: Path) -> None:
    """Nothing is overwritten, and nothing depends on what ran before."""
    names = {path.name for path in out.iterdir()}
    first, second = ({path.name: path.read_bytes() for path in folder.glob("*.jpg")} for folder in
                     (out / "bikes", out / "bikes-2"))  # fmt: skip

    assert names == {"bikes", "bikes-2"}
    assert first == second
    assert first
    assert [pick["score"] for pick in videos[0]["picks"]] == [pick["score"] for pick in videos[2]["picks"]]


def test_the_report_lies_beside_the_pictures(videos: list[dict], out: Path) -> None:
    """Each video has a page of its own, which shows its name."""
    page = out / "bikes" / "report.html"

    assert videos[0]["report"] == str(page)
    assert "<h1>bikes.mp4</h1>" in page.read_text()


def test_a_table_names_time_score_reasons_and_files(bikes_clip: Path, tmp_path: Path) -> None:
    """Without --json, people get a line for each pick, and exit code 0."""
    result = thumbs("pick", bikes_clip, "--out", tmp_path, "--count", 1)

    heading, columns, row, *_ = result.stdout.splitlines()
    assert result.exit_code == 0
    assert result.stderr == ""
    assert heading == f"{bikes_clip} in {tmp_path / 'bikes'}"
    assert columns.split() == ["rank", "time", "score", "reasons", "files"]
    assert row.split()[0] == "1"
    assert row.split()[-1] == "1-16x9.jpg"
    assert [path.name for path in (tmp_path / "bikes").iterdir()] == ["1-16x9.jpg"]


def test_a_dark_video_gets_a_pick_and_says_why(tmp_path: Path) -> None:
    """Nothing good in it is no failure: the note tells."""
    dark = clips.write(tmp_path / "dark.mp4", pictures.black(25))

    result = thumbs("pick", dark, "--out", tmp_path / "out")

    assert result.exit_code == 0
    _heading, note, shortfall, columns, row, *_ = result.stdout.splitlines()
    assert note.startswith("no frame is free of defects (the best one: nearly black)")
    assert shortfall == "1 of 3 picks: all other frames have a defect"
    assert columns.split() == ["rank", "time", "score", "reasons", "despite", "files"]
    assert row.split()[3:] == ["nearly", "black", "1-16x9.jpg"]
    assert (tmp_path / "out/dark/1-16x9.jpg").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("missing.mp4", "no such file"), ("folder.mp4", "a folder without a video"), ("empty.mp4", "empty")],
)
def test_bad_input_gets_one_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    """The sentence starts with what was typed, and says what is wrong."""
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "empty.mp4").touch()

    result = thumbs("pick", tmp_path / name, "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"{tmp_path / name}: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["pick"],
        ["pick", "clip.mp4", "--nonsense"],
        ["pick", "clip.mp4", "--count", "0"],
        ["pick", "clip.mp4", "--aspect", "wide"],
        ["pick", "clip.mp4", "--aspect", "0:9"],
        ["pick", "clip.mp4", "--prompts", "nowhere.toml"],
        ["pick", "clip.mp4", "--yunet", "nowhere.onnx"],
        ["pick", "clip.mp4", "--count", "21"],
        ["pick", "clip.mp4", "--aspect", "11:1"],
        ["pick", "clip.mp4", "--config", "nowhere.toml"],
        ["--count", "2", "clip.mp4"],
        ["publish"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2(arguments: list[str]) -> None:
    """What cannot start as given says so on stderr, and no traceback."""
    result = thumbs(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


@pytest.mark.parametrize("more", [("--model", "no-such-model"), ("--out", "/dev/null/folder")], ids=" ".join)
def test_what_no_video_can_be_picked_with_is_wrong_use(more: tuple[str, str], bikes_clip: Path) -> None:
    """A model that there is not, and a folder that cannot be made."""
    result = thumbs("pick", bikes_clip, *more)

    assert result.exit_code == 2
    assert more[1] in result.stderr


def test_an_unusable_prompts_file_is_wrong_use(bikes_clip: Path, tmp_path: Path) -> None:
    """The message names the file."""
    prompts = tmp_path / "prompts.toml"
    prompts.write_text("[[pair")

    result = thumbs("pick", bikes_clip, "--prompts", prompts)

    assert result.exit_code == 2
    assert "prompts.toml" in result.stderr


def test_the_version_is_told() -> None:
    """For bug reports."""
    assert thumbs("--version").stdout.startswith("thumbs 0.")


def test_a_terminal_sees_progress_and_a_pipe_sees_only_results(bikes_clip: Path, tmp_path: Path) -> None:
    """The bar goes to stderr where that is a terminal; stdout stays a clean document."""
    terminal, stderr = pty.openpty()
    command = [*THUMBS, "pick", str(bikes_clip), "--out", str(tmp_path), "--json"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}

    # Into a file, because a document may be longer than what a pipe holds while nobody reads it.
    printed = tmp_path / "document.json"
    with (
        printed.open("wb") as stdout,
        subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment),
    ):
        os.close(stderr)
        shown = _read_all(terminal)
    document = json.loads(printed.read_text())

    assert document["videos"][0]["error"] is None
    assert "bikes.mp4" in shown
    assert "scan" in shown
    assert "%" in shown


def _read_all(terminal: int) -> str:
    """What was written to a pseudo terminal until its other side closed, which Linux tells by an error."""
    with io.FileIO(terminal) as file:
        shown = b""
        try:
            while part := file.read(4096):
                shown += part
        except OSError:
            pass
    return shown.decode()


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """Let children hear Ctrl-C, even where a shell has put the tests into the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_interrupts")
def test_ctrl_c_ends_with_one_line(tmp_path: Path) -> None:
    """Interrupted while it works: exit code 130, one sentence, no traceback, no half-written picture."""
    clip = clips.write(tmp_path / "long.mp4", pictures.footage("bikes", 250) * 2)
    command = [*THUMBS, "pick", str(clip), "--out", str(tmp_path / "out"), "--json"]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not (tmp_path / "out").exists():  # made when the model is loaded
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=ENOUGH_S)

    assert process.returncode == 130
    assert stdout == ""
    assert stderr == "thumbs: interrupted; pictures that are already written stay\n"
    assert not list((tmp_path / "out").rglob("*.*"))


def test_an_address_in_place_of_a_file_is_called_one(tmp_path: Path) -> None:
    """What to do stands in the sentence."""
    result = thumbs("pick", "https://www.example.com/watch/a.mp4", "--out", tmp_path / "out")

    assert result.exit_code == 1
    address, sentence = result.stderr.split(": ", 1)
    assert address == "https://www.example.com/watch/a.mp4"
    assert sentence == "an address, not a file; download the video and name the file\n"
