"""Which of several pictures in a file is the video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.media import pictures, recordings
from tests.support.media.recordings import Film
from worker.errors import UnreadableVideo, VideoTooLarge
from worker.pipeline.container.probe import probe
from worker.pipeline.media import VideoLimits
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

SMALL, LARGE = (96, 64), (320, 180)
STILL = Film(pictures.numbered(1, first=7, size=(640, 360)), codec="mjpeg")
MOVING = Film(pictures.numbered(50, size=LARGE))


def test_a_single_picture_before_the_video(tmp_path: Path) -> None:
    """Phones store a photo beside its moving picture, also as the larger one."""
    for name in ("photo.mov", "photo.mkv"):
        video = probe(recordings.several_streams(tmp_path / name, [STILL, MOVING]))

        assert (video.stream_index, video.codec) == (1, "h264")
        assert video.duration_s == pytest.approx(2.0, abs=0.05)
        times_s = [one.time_s for one in scan(video).candidates]
        shown = [pictures.read_number(one.rgb) for one in take_stills(video, times_s, refine=False)]
        assert shown == [round(time_s * 25) for time_s in times_s]


def test_the_stream_that_is_flagged_goes_before_the_larger(tmp_path: Path) -> None:
    """The author of a file knows best."""
    flagged = Film(pictures.numbered(50, size=SMALL))
    larger = Film(pictures.numbered(50, size=LARGE), is_default=False)

    assert probe(recordings.several_streams(tmp_path / "two.mkv", [larger, flagged])).stream_index == 1


@pytest.mark.parametrize("name", ["two.mp4", "two.mkv", "two.ts"])
def test_more_pixels_go_before_fewer(tmp_path: Path, name: str) -> None:
    """A small stream for previews stands first in some files."""
    small = Film(pictures.numbered(50, size=SMALL))

    video = probe(recordings.several_streams(tmp_path / name, [small, MOVING]))

    assert (video.stream_index, video.width_px) == (1, 320)


def test_the_longer_of_two_alike(tmp_path: Path) -> None:
    """One camera of two may have stopped early."""
    short = Film(pictures.numbered(10, size=LARGE))
    longer = Film(pictures.numbered(100, size=LARGE))

    assert probe(recordings.several_streams(tmp_path / "cameras.mp4", [short, longer])).stream_index == 1


def test_the_first_of_two_cameras_that_ran_together(tmp_path: Path) -> None:
    """A frame more or less does not make a camera the main one."""
    behind = Film(pictures.numbered(51, size=LARGE))

    assert probe(recordings.several_streams(tmp_path / "cameras.mp4", [MOVING, behind])).stream_index == 0


def test_the_next_where_one_cannot_be_decoded(tmp_path: Path) -> None:
    """The best stream is of no use if nothing in it can be seen."""
    broken = Film(pictures.numbered(50, size=(640, 360)), is_garbled=True)

    video = probe(recordings.several_streams(tmp_path / "half.mkv", [broken, MOVING]))

    assert (video.stream_index, video.width_px) == (1, 320)


def test_the_next_where_one_is_too_large(tmp_path: Path) -> None:
    """A limit on pixels is no reason to refuse a file that has fewer of them, too."""
    larger = Film(pictures.numbered(50, size=(640, 360)))
    path = recordings.several_streams(tmp_path / "two.mkv", [larger, MOVING])

    assert probe(path, VideoLimits(pixels=320 * 180)).stream_index == 1
    with pytest.raises(VideoTooLarge, match="640x360"):
        probe(path, VideoLimits(pixels=100))


def test_none_can_be_decoded(tmp_path: Path) -> None:
    """Then the file is damaged."""
    broken = Film(pictures.numbered(50), is_garbled=True)

    with pytest.raises(UnreadableVideo, match="damaged, or encrypted"):
        probe(recordings.several_streams(tmp_path / "broken.mkv", [broken, broken]))


def test_a_single_picture_is_a_video_where_there_is_no_other(tmp_path: Path) -> None:
    """A podcast with one picture gets that picture."""
    path = recordings.several_streams(tmp_path / "podcast.mkv", [STILL], audio_s=5.0)

    video = probe(path)

    assert pictures.read_number(take_stills(video, [0.0])[0].rgb) == 7
