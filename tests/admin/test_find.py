"""Every command that takes an asset finds it by what its operator has at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.support.service import builders
from tests.support.service.commands import answer, failed, picked

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

TOMATOES, BEANS = "c4ca4238a0b923820dcc509a6f75849b", "c81e728d9d4c2f636f067f89cc14862c"
SHA256 = "ab" * 32  # of what the builders pick


@pytest.fixture
def library(engine: Engine) -> Engine:
    """Return a database of two videos, one of which was picked."""
    picked(engine, TOMATOES)
    builders.record(engine, builders.event(asset_id=BEANS, title="Growing beans, 100%"))
    return engine


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "word",
    [
        TOMATOES,
        f"mux/main/{TOMATOES}",
        TOMATOES[:4],
        f"mux/main/{TOMATOES[:6]}",
        "Growing tomatoes",
        "GROWING TOMATOES",
        "growing t",
        SHA256,
        f"https://thumbs.example.com/thumbnails/{SHA256}.jpg",
        f"/thumbnails/{SHA256}.jpg?expires=1&signature=x",
    ],
)
def test_an_asset_is_found_by_what_is_at_hand(thumbs: Run, word: str) -> None:
    """Its id or the start of it, its title or the start of it, its picture."""
    assert answer(thumbs("show", word, "--json"))["asset"] == f"mux/main/{TOMATOES}"
    assert thumbs("release", word).stdout == f"mux/main/{TOMATOES}: nothing was chosen\n"
    assert "Growing tomatoes" in thumbs("jobs", "--asset", word).stdout


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("word", ["Growing", "grow"])
def test_what_may_be_several_names_them(thumbs: Run, word: str) -> None:
    """Nothing is done to either."""
    result = thumbs("requeue", word)

    assert result.exit_code == 1
    assert f"{word} may be mux/main/{TOMATOES}, or mux/main/{BEANS}; write the one that you mean, whole" in (
        result.stderr
    )


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("word", ["c4c", "gro", "%", "____", "beans", "%ing", "c4ca____", SHA256[:20]])
def test_what_fits_by_chance_is_not_found(thumbs: Run, word: str) -> None:
    """Too short a start, the middle of a title, signs that databases take for any letter."""
    assert "no such asset" in thumbs("show", word).stderr


@pytest.mark.parametrize("word", ["0201", "mux/main/0201"])
def test_what_is_said_of_several_finds_one_of_them(engine: Engine, thumbs: Run, word: str) -> None:
    """Any of the names, as they are printed."""
    for asset_id in ("0201p", "0201q"):
        builders.record(engine, builders.event(asset_id=asset_id))

    said = thumbs("show", word).stderr

    assert "write the one that you mean, whole" in said
    names = re.findall(r"mux/main/0201\w", said)
    assert names == ["mux/main/0201p", "mux/main/0201q"]
    assert [answer(thumbs("show", name, "--json"))["asset"] for name in names] == names


def test_a_whole_id_wins_over_the_start_of_another(engine: Engine, thumbs: Run) -> None:
    """And over a title that reads like it."""
    for asset_id, title in (("video-10", "x"), ("video-1", "y"), ("other", "video-1")):
        builders.record(engine, builders.event(asset_id=asset_id, title=title))

    assert answer(thumbs("show", "video-1", "--json"))["asset"] == "mux/main/video-1"


def test_a_title_longer_than_its_index_is_told_apart(engine: Engine, thumbs: Run) -> None:
    """By what stands behind the part that is indexed; a title of any length can be stored."""
    long = "a" * 3000
    for asset_id, title in (("one", f"{long} one"), ("two", f"{long} two")):
        builders.record(engine, builders.event(asset_id=asset_id, title=title))

    assert answer(thumbs("show", f"{long} two", "--json"))["asset"] == "mux/main/two"


def test_nothing_is_erased_by_the_start_of_its_id(library: Engine, thumbs: Run) -> None:
    """A script that names a video which is gone must not take another one for it."""
    for word in (TOMATOES[:8], "Growing tomatoes", SHA256):
        assert "no such asset" in thumbs("erase", word, "--yes").stderr

    with library.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM assets WHERE erased_at IS NULL")) == 2


def test_the_number_of_a_job_still_is_its_number(engine: Engine, thumbs: Run) -> None:
    """Though a title begins with the same digits."""
    job_id = failed(engine, "a1").row_id
    builders.record(engine, builders.event(asset_id="a2", title=f"{job_id}000 things to do"))

    assert answer(thumbs("show", str(job_id), "--json"))["asset"] == "mux/main/a1"
