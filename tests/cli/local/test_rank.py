"""`thumbs rank` as a user meets it, with the real models: an order, parts, reasons and sentences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageFilter

from tests.support.media import pictures
from worker.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def rank(*arguments: object) -> Result:
    """Run `thumbs rank` with these arguments."""
    return CliRunner().invoke(main, ["rank", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three good pictures, one that is blurred, one in the dark, and two broken ones."""
    folder = tmp_path_factory.mktemp("pictures")
    bikes, *_ = (Image.fromarray(rgb) for rgb in pictures.footage("bikes", 1, size=None))
    bunny, *_ = (Image.fromarray(rgb) for rgb in pictures.footage("bigbuckbunny", 1, start=60, size=None))
    bikes.save(folder / "bikes.png")
    bunny.save(folder / "bunny.webp")
    bikes.crop((100, 0, 500, 270)).save(folder / "variant.jpg", quality=95)
    bikes.filter(ImageFilter.GaussianBlur(8)).save(folder / "blurred.png")
    Image.fromarray((np.asarray(bunny) * 0.08).astype(np.uint8)).save(folder / "dark.png")
    (folder / "broken.png").write_bytes((folder / "bikes.png").read_bytes()[:3000])
    (folder / "notes.jpg").write_text("not a picture")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Result:
    """Rank all of them once, as JSON."""
    names = ("blurred.png", "broken.png", "bikes.png", "dark.png", "bunny.webp", "variant.jpg", "notes.jpg")
    return rank(*(folder / name for name in names), "--json")


@pytest.fixture(scope="module")
def told(run: Result, folder: Path) -> dict[str, dict]:
    """Return what the document says, by the name of the file."""
    return {one["picture"].removeprefix(f"{folder}/"): one for one in json.loads(run.stdout)["pictures"]}


def test_good_pictures_come_before_blurred_and_dark_ones(told: dict[str, dict]) -> None:
    """Whatever the order and the format in which they were given."""
    names = list(told)

    assert set(names[:3]) == {"bikes.png", "bunny.webp", "variant.jpg"}
    assert set(names[3:5]) == {"blurred.png", "dark.png"}
    assert [told[name]["rank"] for name in names[:5]] == [1, 2, 3, 4, 5]


def test_the_parts_of_each_score_add_up_and_need_no_video(told: dict[str, dict]) -> None:
    """A picture has no motion, no place in time and no frames around it."""
    for one in list(told.values())[:5]:
        assert sum(one["parts"].values()) == pytest.approx(one["score"], abs=1e-4)
        assert not set(one["parts"]) & {"stillness", "sharpness", "ends"}


def test_what_cannot_be_read_is_named_and_does_not_stop_the_others(
    run: Result, told: dict[str, dict]
) -> None:
    """A sentence for each with a remedy, and exit code 1."""
    broken, notes = told["broken.png"], told["notes.jpg"]

    assert run.exit_code == 1
    assert list(told)[5:] == ["broken.png", "notes.jpg"]
    assert (broken["rank"], broken["score"], broken["error"]["kind"]) == (None, None, "UnreadablePicture")
    assert "damaged" in broken["error"]["message"]
    assert "save it as one of them" in notes["error"]["message"]
    assert len(run.stderr.splitlines()) == 2


def test_people_get_a_table(folder: Path) -> None:
    """A line for each picture: its place, score, name, parts and reasons."""
    result = rank(folder / "blurred.png", folder / "bikes.png")

    columns, first, second = result.stdout.splitlines()
    assert result.exit_code == 0
    assert columns.split()[:3] == ["rank", "score", "file"]
    assert "clean picture" in columns
    assert first.split()[0] == "1"
    assert str(folder / "bikes.png") in first
    assert first.endswith("stronger picture")
    assert second.split()[0] == "2"


def test_one_picture_twice_is_judged_once(folder: Path) -> None:
    """Both get one place, and the others get the scores that they have without the double."""
    names = [folder / name for name in ("bikes.png", "bunny.webp", "blurred.png")]

    once = json.loads(rank(*names, "--json").stdout)["pictures"]
    twice = json.loads(rank(*names, names[0], "--json").stdout)["pictures"]

    ranks = {one["picture"]: one["rank"] for one in once}
    assert {one["picture"]: one["rank"] for one in twice} == ranks
    assert len(twice) == 4
    assert {(one["picture"], one["score"]) for one in twice} == {
        (one["picture"], one["score"]) for one in once
    }


def test_wrong_use_is_exit_code_2() -> None:
    """No picture, or no such model."""
    assert rank().exit_code == 2
    assert rank("a.png", "--model", "no-such-model").exit_code == 2
