"""What a command does where its output is lost, and where it is used wrongly by a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli.main import main

THUMBS = [sys.executable, "-m", "worker"]
# One that click prints, one of ours in a table, and one in JSON.
PRINTING = [["--help"], ["models"], ["pick", "gone.mp4", "--json"]]


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_one_sentence(words: list[str], unbuffered: str) -> None:
    """Exit code 1, and no traceback, however Python writes."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*THUMBS, *words],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: the answer could not be printed: the disk is full"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", PRINTING[:2], ids=" ".join)
def test_a_closed_pipe_ends_it_as_sigpipe_does(words: list[str]) -> None:
    """`thumbs models | head` says nothing, and has the exit code that a shell knows."""
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run([*THUMBS, *words], check=False, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    "words",
    [["pick", "--json"], ["jobs", "--limit", "0", "--json"], ["no-command", "--json"], ["--json"]],
    ids=" ".join,
)
def test_wrong_use_is_a_document_for_a_program(words: list[str]) -> None:
    """Beside the sentence for people, which is the same."""
    result = CliRunner().invoke(main, words)

    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 2
    assert error["kind"] == "WrongUse"
    assert error["may_retry"] is False
    assert result.stderr == f"Error: {error['message']}\n"
