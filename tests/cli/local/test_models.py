"""`thumbs models`: which there are, and whether their files are whole."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from tests.support.hub import serve_hub
from worker import weights
from worker.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ViT-L-14:laion2b_s32b_b82k"


def models(*words: object) -> Result:
    """Run `thumbs models` with these words."""
    return CliRunner().invoke(main, ["models", *map(str, words)])


def states(folder: Path) -> dict[str, str]:
    """Return the state of each model, by its name."""
    listed = json.loads(models("--dir", folder, "--json").stdout)["models"]
    return {one["name"]: one["state"] for one in listed}


def test_it_lists_what_ships_and_what_can_be_fetched(tmp_path: Path) -> None:
    """The default first; files that are a part of every model are no models."""
    told = states(tmp_path)

    assert next(iter(told)) == "lite"
    assert told["lite"] == "ships with it"
    assert told[NAME] == "to fetch"
    assert "face-landmark" not in told
    assert "the least of those to fetch" in models("--dir", tmp_path).stdout


def test_what_it_says_of_a_model_is_for_who_chooses_one(tmp_path: Path) -> None:
    """It names no file or module of ours, and no line is about another one."""
    notes = [one["note"] for one in json.loads(models("--dir", tmp_path, "--json").stdout)["models"]]

    assert all(notes)
    assert not [
        note for note in notes if re.search(r"worker\.|\.md|\.toml|above|the same", note, re.IGNORECASE)
    ]


def test_the_check_names_what_is_there(tmp_path: Path) -> None:
    """What was never fetched is counted; the document has all of it."""
    lines, document = models("check", "--dir", tmp_path), models("check", "--dir", tmp_path, "--json")

    absent = [one for one in json.loads(document.stdout)["files"] if one["state"] == "absent"]
    assert len(absent) > 10
    assert [line for line in lines.stdout.splitlines() if line.startswith("absent")] == [
        f"absent   {len(absent)} that were never fetched; `thumbs models` lists the models"
    ]


def test_what_was_fetched_is_in_place(tmp_path: Path) -> None:
    """Of the list, or one's own tag of any architecture; `check` verifies it."""
    with serve_hub() as hub:
        for name in (NAME, "ViT-B-16:own"):
            assert models("fetch", name, "--url", hub.address, "--dir", tmp_path).exit_code == 0

    told = states(tmp_path)
    assert told[NAME] == told["ViT-B-16:own"] == "in place"
    assert models("check", "--dir", tmp_path).exit_code == 0


def test_a_damaged_file_fails_the_check(tmp_path: Path) -> None:
    """The document says the same as the lines; the remedy names this command."""
    with serve_hub() as hub:
        models("fetch", NAME, "--url", hub.address, "--dir", tmp_path)
    weights.path(NAME, tmp_path).write_bytes(b"damaged")

    lines, document = models("check", "--dir", tmp_path), models("check", "--dir", tmp_path, "--json")

    (failed,) = [one for one in json.loads(document.stdout)["files"] if one["state"] == "failed"]
    assert lines.exit_code == document.exit_code == 1
    assert failed["name"] == NAME
    assert failed["says"].endswith(f"run: thumbs models fetch {NAME}")
    assert f"FAILED   {NAME}: {failed['says']}" in lines.stdout
