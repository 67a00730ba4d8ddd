"""What `thumbs pick` takes: files, folders, lists, options in a file; and how it tells what it left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from worker.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def thumbs(*arguments: object, stdin: bytes = b"") -> Result:
    """Run `thumbs` with these arguments, and with this on its stdin."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def films(bikes_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a video, one below it, a text and something hidden; the command runs beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films/deep").mkdir(parents=True)
    for name in ("bikes.mp4", "deep/bikes.mp4"):
        (tmp_path / "films" / name).symlink_to(bikes_clip)
    (tmp_path / "films/notes.txt").write_text("notes")
    (tmp_path / "films/.DS_Store").touch()
    return tmp_path


def test_a_second_run_over_a_folder_has_nothing_left_to_do(films: Path) -> None:
    """Pictures lie as the videos do; what is left out is counted, and costs no exit code."""
    command = ("films", "--recursive", "--count", 1, "--skip-existing")

    first, second = thumbs("pick", *command), thumbs("pick", *command)

    assert first.exit_code == second.exit_code == 0
    assert sorted(str(path.relative_to(films)) for path in films.glob("thumbs-out/**/*.jpg")) == [
        "thumbs-out/bikes/1-16x9.jpg",
        "thumbs-out/deep/bikes/1-16x9.jpg",
    ]
    assert first.stderr == "thumbs: 2 done, 0 failed; left out: 1 not a video, 1 hidden\n"
    assert second.stderr == "thumbs: 0 done, 0 failed; left out: 2 with pictures, 1 not a video, 1 hidden\n"
    assert second.stdout == ""


def test_folders_that_are_not_looked_into_are_counted(films: Path) -> None:
    """Whoever has videos in them learns of the option."""
    (films / "thumbs-out/bikes").mkdir(parents=True)
    (films / "thumbs-out/bikes/1-16x9.jpg").touch()

    result = thumbs("pick", "films", "--skip-existing")

    assert result.stderr.rstrip().endswith("1 hidden, 1 folder (--recursive looks into it)")


def test_the_document_tells_what_was_left_out(films: Path) -> None:
    """By name, what has pictures; the rest as numbers."""
    (films / "thumbs-out/bikes").mkdir(parents=True)
    (films / "thumbs-out/bikes/1-16x9.jpg").touch()

    result = thumbs("pick", "films", "--skip-existing", "--json")

    assert json.loads(result.stdout) == {
        "videos": [],
        "left_out": {"existing": ["films/bikes.mp4"], "not_videos": 1, "hidden": 1},
    }


@pytest.mark.parametrize(
    ("words", "stdin"),
    [(["-"], b"gone.mp4\nfilms/notes.txt\n"), (["-0"], b"gone.mp4\0films/notes.txt\0")],
    ids=["lines", "zero bytes"],
)
@pytest.mark.usefixtures("films")
def test_paths_may_come_from_stdin(words: list[str], stdin: bytes) -> None:
    """One a line, or as `find -print0` writes them; each is treated as if it had been typed."""
    result = thumbs("pick", *words, stdin=stdin)

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "gone.mp4: no such file (check the path)",
        "films/notes.txt: a text, not a video; send the video file",
        "thumbs: 0 done, 2 failed",
    ]


def test_an_empty_list_is_told() -> None:
    """A `find` that found nothing is no success."""
    result = thumbs("pick", "-")

    assert result.exit_code == 1
    assert result.stderr == "Error: stdin names no video\n"


@pytest.mark.usefixtures("films")
def test_nothing_is_started_where_no_path_is_good() -> None:
    """No model is loaded, and no folder made."""
    probe = (
        "import sys; from worker.cli.main import main\n"
        "try: main(['pick', 'gone.mp4', 'films/notes.txt'], 'thumbs')\n"
        "finally: print({'torch', 'av', 'numpy'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stdout == "set()\n"
    assert not os.path.lexists("thumbs-out")


@pytest.mark.usefixtures("films")
def test_a_file_that_may_not_be_read_does_not_stop_the_others(films: Path) -> None:
    """It is one sentence like any other, and the document is printed."""
    (films / "secret.mp4").write_bytes(b"secret")
    (films / "secret.mp4").chmod(0)
    # Root reads everything, but for one who gave up that right.
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*without, sys.executable, "-m", "worker", "pick", "secret.mp4", "gone.mp4", "--json"]

    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert done.returncode == 1
    assert "secret.mp4: this user may not read it; allow that, or copy it" in done.stderr.splitlines()
    assert [video["video"] for video in json.loads(done.stdout)["videos"]] == ["secret.mp4", "gone.mp4"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "''"),
        ("a\nb.mp4", r"$'a\nb.mp4'"),
        (" a.mp4", "' a.mp4'"),
        ("\x1b[2J.mp4", r"$'\x1b[2J.mp4'"),
        ("it's\t.mp4", r"$'it\'s\t.mp4'"),
        ("./a//b.mp4", "./a//b.mp4"),
        ("my film.mp4", "my film.mp4"),
    ],
)
def test_a_message_begins_with_what_was_typed(name: str, told: str) -> None:
    """Quoted as a shell reads it where it is empty or odd."""
    assert thumbs("pick", name).stderr.startswith(f"{told}: ")


def test_a_file_in_the_place_of_a_command_is_picked_from(films: Path) -> None:
    """`thumbs clip.mp4` can mean nothing else; options may follow."""
    result = thumbs("films/bikes.mp4", "--count", 1)

    assert result.exit_code == 0
    assert (films / "thumbs-out/bikes/1-16x9.jpg").exists()
    assert thumbs("gone.mp4").stderr == "gone.mp4: no such file (check the path)\n"


class TestConfig:
    """`--config FILE`."""

    def test_options_come_from_a_file_and_the_command_line_goes_before_it(self, films: Path) -> None:
        """Under the same names; paths start where the file lies."""
        (films / "etc").mkdir()
        (films / "etc/picks.toml").write_text('count = 1\naspect = ["1:1", "9x16"]\nout = "pictures"\n')

        thumbs("pick", "films/bikes.mp4", "--config", "etc/picks.toml", "--aspect", "1.85:1")
        thumbs("pick", "films/deep/bikes.mp4", "--config", "etc/picks.toml", "--out", "own")

        assert sorted(str(path.relative_to(films)) for path in films.rglob("*.jpg")) == [
            "etc/pictures/bikes/1-1.85x1.jpg",
            "own/bikes/1-1x1.jpg",
            "own/bikes/1-9x16.jpg",
        ]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("cuont = 1", "there is no option called cuont; did you mean count?"),
            ("zzz = 1", "there is no option called zzz; it takes aspect, count, device, json,"),
            ("count = 21", "count: 21 is not in the range 1<=x<=20"),
            ("count = [1]", "count takes one value"),
            ('aspect = "wide"', "aspect: 'wide' is no aspect ratio"),
            ('skip-existing = "yes"', "skip-existing is to be true or false"),
            ("count", "it cannot be read as TOML"),
        ],
    )
    def test_a_mistake_in_it_is_one_sentence(self, text: str, sentence: str, films: Path) -> None:
        """With the name of the file, and exit code 2."""
        (films / "picks.toml").write_text(text)

        result = thumbs("pick", "films/bikes.mp4", "--config", "picks.toml")

        assert result.exit_code == 2
        assert result.stderr.startswith(f"Error: picks.toml: {sentence}")
        assert result.stderr.count("\n") == 1
