"""Where the pictures of a run go, and what happens to those of an earlier one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from worker.errors import ConfigurationError
from worker.local import output_files


def test_each_video_has_a_folder_of_its_name(tmp_path: Path) -> None:
    """The ending goes; dots within the name stay."""
    assert output_files.name_folders([Path("a/trip.part1.mp4"), Path("b.mkv")], tmp_path) == [
        tmp_path / "trip.part1",
        tmp_path / "b",
    ]


@pytest.mark.parametrize("name", ["..mp4", "...mp4"])
def test_a_name_of_dots_stays_inside_the_folder(tmp_path: Path, name: str) -> None:
    """Its stem would be the folder itself, or the one above."""
    assert output_files.name_folders([Path(name)], tmp_path) == [tmp_path / "video"]


def test_videos_of_one_name_do_not_share_a_folder(tmp_path: Path) -> None:
    """Neither the same name elsewhere, nor another ending or case, nor a name like our own numbers."""
    videos = [Path("a/clip.mp4"), Path("b/clip.mov"), Path("CLIP.mp4"), Path("clip-2.mp4")]

    names = [folder.name for folder in output_files.name_folders(videos, tmp_path)]

    assert names == ["clip", "clip-2", "CLIP-3", "clip-2-2"]


def test_a_later_run_leaves_no_picture_of_an_earlier_one(tmp_path: Path) -> None:
    """Fewer picks, other ratios and no report: what the new run did not write is gone."""
    output_files.write_files(
        {"1-16x9.jpg": b"old", "2-16x9.jpg": b"old", "1-source.jpg": b"old", "report.html": b""}, tmp_path
    )

    output_files.write_files({"1-16x9.jpg": b"new"}, tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"1-16x9.jpg": b"new"}


def test_what_the_user_keeps_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    """Only files of our own names are ever removed."""
    kept = {"notes.txt", "1.jpg", "cover-16x9.jpg", "2-16x9.png"}
    for name in kept:
        (tmp_path / name).touch()

    output_files.write_files({"1-1x1.jpg": b"picture"}, tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {*kept, "1-1x1.jpg"}


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    """A file in the way is an error in words, not a traceback."""
    (tmp_path / "out").touch()

    with pytest.raises(ConfigurationError, match=r"cannot write to .*out.*--out"):
        output_files.write_files({"1-1x1.jpg": b"picture"}, tmp_path / "out" / "clip")


def test_a_picture_that_cannot_be_replaced_leaves_no_part_behind(tmp_path: Path) -> None:
    """When the last step fails, the folder holds what it held before."""
    (tmp_path / "1-1x1.jpg").mkdir()

    with pytest.raises(ConfigurationError, match="cannot write"):
        output_files.write_files({"1-1x1.jpg": b"picture"}, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["1-1x1.jpg"]


def test_a_full_disk_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier pictures stay, all of them, and no new one; the sentence says so."""
    folder = tmp_path / "clip"
    output_files.write_files({"1-1x1.jpg": b"old", "2-1x1.jpg": b"old"}, folder)
    write = Path.write_bytes

    def write_until_full(path: Path, content: bytes) -> int:
        if "2-" in path.name:
            write(path, content[:1])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_until_full)
    for where in (folder, tmp_path / "new"):
        with pytest.raises(ConfigurationError, match="is full, and nothing of this video was kept"):
            output_files.write_files({"1-1x1.jpg": b"new", "2-1x1.jpg": b"new"}, where)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "1-1x1.jpg": b"old",
        "2-1x1.jpg": b"old",
    }
    assert not (tmp_path / "new").exists()
