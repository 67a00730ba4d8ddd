"""Where the pictures of each video go, and which videos are left out because they have some."""

from __future__ import annotations

import os
from pathlib import Path

from worker.errors import UnreadableVideo
from worker.local.plan import plan, split_existing
from worker.local.video_paths import NamedVideo

RATIOS = ("16:9", "1:1")


def named(path: Path, within: str = "") -> NamedVideo:
    """Name a video that lies there."""
    return NamedVideo(str(path), path, Path(within))


def test_pictures_lie_as_the_videos_do(tmp_path: Path) -> None:
    """Two of one name in two folders stay apart, without a number that may change with the next run."""
    planned = plan([named(Path("a.mp4")), named(Path("x/a.mp4"), "x"), named(Path("x/a.mov"), "x")], tmp_path)

    assert [one.folder for one in planned] == [tmp_path / "a", tmp_path / "x/a", tmp_path / "x/a-2"]


def test_only_videos_with_newer_pictures_of_every_ratio_are_left_out(tmp_path: Path) -> None:
    """Neither one that changed since, nor one whose pictures are of another ratio, nor one without any."""
    videos = [tmp_path / f"{name}.mp4" for name in ("done", "changed", "other-ratio", "new")]
    for video in videos:
        video.touch()
        os.utime(video, (1000, 1000))
    planned = plan([named(video) for video in videos], tmp_path / "out")
    for one, names in zip(planned, (["16x9", "1x1"], ["16x9", "1x1"], ["16x9"], []), strict=True):
        one.folder.mkdir(parents=True)
        for name in names:
            (one.folder / f"1-{name}.jpg").touch()
    os.utime(videos[1])
    os.utime(planned[1].folder / "1-1x1.jpg", (1000, 1000))

    todo, existing = split_existing(planned, RATIOS)

    assert [one.folder.name for one in existing] == ["done"]
    assert [one.folder.name for one in todo] == ["changed", "other-ratio", "new"]


def test_a_video_that_cannot_be_read_is_no_video_with_pictures(tmp_path: Path) -> None:
    """Its failure is told, whatever an earlier run left."""
    bad = NamedVideo("bad.mp4", tmp_path / "bad.mp4", Path(), UnreadableVideo("the file is empty"))

    assert split_existing(plan([bad], tmp_path), ()) == (plan([bad], tmp_path), [])
