"""A folder of one's own videos: which are found, what they are called, and which belong together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from worker.errors import JudgedSetInvalid
from worker.weights.training.taste.judge.teaching.own_videos import own_videos
from worker.weights.training.taste.judged_set import JudgedVideo
from worker.weights.training.taste.related import related_groups

if TYPE_CHECKING:
    from pathlib import Path


def laid_out(folder: Path, *ways: str) -> Path:
    """Make files of these names, which nobody opens as long as their names end like those of videos."""
    for way in ways:
        file = folder / os.fsencode(way).decode("utf-8", "surrogateescape")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def groups_in(folder: Path) -> set[frozenset[str]]:
    """Divide the videos of a folder as training does."""
    videos = own_videos(folder)
    groups = related_groups([JudgedVideo(one.name, (), 1.0, group=one.group) for one in videos])
    return {frozenset(videos[place].within for place in group) for group in groups}


def test_videos_are_found_at_any_depth(tmp_path: Path) -> None:
    """What is hidden, and what is no video, is passed over."""
    laid_out(tmp_path, "b.mp4", "a.MOV", "deep/er/c.mkv", ".trash/d.mp4", ".e.mp4", "notes.txt", "cover.jpg")

    assert [one.within for one in own_videos(tmp_path)] == ["a.MOV", "b.mp4", "deep/er/c.mkv"]


def test_every_video_has_a_name_of_its_own_that_stays(tmp_path: Path) -> None:
    """It is that of a folder, so it has no slash; and it does not change when other videos are added."""
    laid_out(tmp_path, "a/b.mp4", "a b.mp4", "a-b.mp4", "a-b.mov")
    before = {one.within: one.name for one in own_videos(tmp_path)}
    laid_out(tmp_path, "a.b.mp4")

    after = {one.within: one.name for one in own_videos(tmp_path)}

    assert len(set(after.values())) == 5
    assert after.items() >= before.items()
    assert before["a/b.mp4"].startswith("a-b-")
    assert not any({"/", " ", "\t"} & set(name) for name in after.values())


def test_a_name_that_is_no_text_is_written_as_text(tmp_path: Path) -> None:
    """Disks hold such names; tables of UTF-8 cannot."""
    laid_out(tmp_path, "caf\udce9/1.mp4")

    (video,) = own_videos(tmp_path)

    assert f"{video.name}{video.group}{video.within}".encode()
    assert video.path.is_file()


def test_videos_of_one_folder_are_related(tmp_path: Path) -> None:
    """They are of one event, film or camera; those that lie beside the folders are not."""
    laid_out(tmp_path, "wedding/1.mp4", "wedding/dance.mp4", "wedding/late/2.mp4", "cats.mp4", "dogs.mp4")

    assert groups_in(tmp_path) == {
        frozenset({"wedding/1.mp4", "wedding/dance.mp4"}),
        frozenset({"wedding/late/2.mp4"}),
        frozenset({"cats.mp4"}),
        frozenset({"dogs.mp4"}),
    }


def test_names_that_differ_only_in_digits_are_related(tmp_path: Path) -> None:
    """As in any set: two trailers of one film."""
    laid_out(tmp_path, "trailer1.mp4", "trailer2.mp4", "cats.mp4", "dogs.mp4", "hens.mp4")

    assert frozenset({"trailer1.mp4", "trailer2.mp4"}) in groups_in(tmp_path)


@pytest.mark.parametrize("names", [("IMG_1.mp4", "IMG_2.mp4", "IMG_3.mp4"), ("1.mp4", "2.mp4", "30.mp4")])
def test_the_numbers_of_a_camera_tell_nothing(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Else nothing could be learned from a folder as cameras and sites write them."""
    laid_out(tmp_path, *names, "cats.mp4")

    assert len(groups_in(tmp_path)) == 4


def test_a_folder_without_videos_is_told(tmp_path: Path) -> None:
    """With what to name instead."""
    with pytest.raises(JudgedSetInvalid, match="no videos in it; name a folder with videos"):
        own_videos(tmp_path)
