"""Reading judged frames: what users write by hand is either understood or refused with the reason."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.judged_sets import write_judged_set
from worker.errors import JudgedSetInvalid
from worker.weights.training.taste.judged_set import read_judged_set, read_second_readings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Write a set of two videos."""
    return write_judged_set(tmp_path / "set", ["cats", "dogs"], frames=3)


def rewrite(judged: Path, order: str) -> None:
    """Give the first video another order."""
    lines = (judged / "judged.tsv").read_text("utf-8").splitlines()
    name, _, kind = lines[1].split("\t")
    (judged / "judged.tsv").write_text("\n".join([lines[0], f"{name}\t{order}\t{kind}", *lines[2:]]), "utf-8")


def test_an_order_becomes_ranks(judged: Path) -> None:
    """The best is 0, and frames that are alike have one rank."""
    rewrite(judged, "C>A=B")

    cats, _ = read_judged_set(judged)

    assert cats.name == "cats"
    assert cats.kind == "drawn"
    assert {frame.letter: frame.rank for frame in cats.frames} == {"C": 0, "A": 1, "B": 1}
    assert [frame.time_s for frame in cats.frames] == [1.0, 2.0, 3.0]


def test_pictures_are_summed_up_once(judged: Path) -> None:
    """A set of thousands of pictures is not read again for each question."""
    cats, dogs = read_judged_set(judged)
    told = cats.sha256
    shutil.rmtree(judged / "frames" / "cats")

    assert cats.sha256 == told != dogs.sha256


def test_a_quote_in_a_reason_is_a_letter_like_any_other(judged: Path) -> None:
    """People write what they like into further columns."""
    text = (judged / "judged.tsv").read_text("utf-8").replace("drawn", '"drawn', 1)
    (judged / "judged.tsv").write_text(text, "utf-8")

    assert [video.name for video in read_judged_set(judged)] == ["cats", "dogs"]


def without_times(judged: Path) -> None:
    """Forget the times of a video."""
    (judged / "frames" / "cats" / "times.json").unlink()


def without_a_time(judged: Path) -> None:
    """Forget the time of a frame."""
    file = judged / "frames" / "cats" / "times.json"
    told = json.loads(file.read_text("utf-8"))
    del told["times_s"]["B"]
    file.write_text(json.dumps(told), "utf-8")


def with_broken_times(judged: Path) -> None:
    """Break off in the middle of the times."""
    (judged / "frames" / "cats" / "times.json").write_text('{"times_s": ', "utf-8")


def without_a_picture(judged: Path) -> None:
    """Forget a picture."""
    (judged / "frames" / "cats" / "B.jpg").unlink()


def with_two_rows(judged: Path) -> None:
    """Judge a video twice."""
    text = (judged / "judged.tsv").read_text("utf-8")
    (judged / "judged.tsv").write_text(text + text.splitlines()[1] + "\n", "utf-8")


def without_columns(judged: Path) -> None:
    """Write commas for tabs."""
    text = (judged / "judged.tsv").read_text("utf-8")
    (judged / "judged.tsv").write_text(text.replace("\t", ","), "utf-8")


def without_a_table(judged: Path) -> None:
    """Name a folder that is no set."""
    (judged / "judged.tsv").unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (without_times, r"cats/times\.json: no such file; it tells when each frame is shown"),
        (without_a_time, r"frame B has no time; write seconds, 0 or more"),
        (with_broken_times, r"cats/times\.json: not JSON"),
        (without_a_picture, r"cats: no picture of frame B \(B\.jpg or \.png\)"),
        (with_two_rows, r"cats has more than one row in judged\.tsv; keep one"),
        (without_columns, r"no column order and no column video; .* tabs between them"),
        (without_a_table, r"judged\.tsv: no such table; name the folder of a set"),
    ],
)
def test_what_is_missing_is_named(judged: Path, harm: Callable[[Path], None], sentence: str) -> None:
    """With what to do about it."""
    harm(judged)

    with pytest.raises(JudgedSetInvalid, match=sentence):
        read_judged_set(judged)


@pytest.mark.parametrize("order", ["", "A", "A>", "A>B>A", "A>=B", ">"])
def test_an_order_that_cannot_be_meant_is_refused(judged: Path, order: str) -> None:
    """With an example of one that can."""
    rewrite(judged, order)

    with pytest.raises(JudgedSetInvalid, match=re.escape(f"cats: the order {order!r} cannot be read")):
        read_judged_set(judged)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """The first five in full, so that nobody runs the program ten times to find ten."""
    judged = write_judged_set(tmp_path / "set", [f"video-{letter}" for letter in "abcdefg"], frames=2)
    for place in (judged / "frames").iterdir():
        (place / "A.jpg").unlink()

    with pytest.raises(JudgedSetInvalid, match=r"(no picture of frame A.*){5}and 2 more"):
        read_judged_set(judged)


def test_second_readings_are_ranks_in_the_same_order(judged: Path) -> None:
    """A reading of a video that is not in the set says nothing."""
    (judged / "second.tsv").write_text("video\torder\ncats\tB>C>A\nhorses\tA>B\n", "utf-8")
    videos = read_judged_set(judged)

    ((video, ranks),) = read_second_readings(judged, videos)

    assert video.name == "cats"
    assert ranks.tolist() == [2, 0, 1]


def test_a_second_reading_of_other_frames_is_refused(judged: Path) -> None:
    """It would be compared with the wrong ones."""
    (judged / "second.tsv").write_text("video\torder\ncats\tB>C\n", "utf-8")

    with pytest.raises(JudgedSetInvalid, match="orders other frames of cats"):
        read_second_readings(judged, read_judged_set(judged))
