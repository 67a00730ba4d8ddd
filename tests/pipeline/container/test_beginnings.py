"""Recordings that do not begin at a keyframe are decoded from where they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.media import clips, pictures, recordings
from worker.errors import UnreadableVideo
from worker.pipeline.container.packets import MAX_ERRORS_IN_A_ROW
from worker.pipeline.container.probe import probe
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from av.packet import Packet

    from worker.pipeline.media import Video

SMALL = (160, 96)
GROUP = 250  # longer than FFmpeg looks for headers
OPEN_GOP = "open-gop=1:keyint=25:min-keyint=25:scenecut=0:bframes=4:b-adapt=0:log-level=none"


def numbers_shown(video: Video) -> list[int]:
    """What a scan finds in a video, as the numbers of its frames."""
    times_s = [one.time_s for one in scan(video).candidates]
    return [pictures.read_number(still.rgb) for still in take_stills(video, times_s, refine=False)]


def long_groups(tmp_path: Path) -> Path:
    """Sixteen seconds with a keyframe every ten."""
    form = clips.Format(gop=GROUP, options={"sc_threshold": "0"})
    return clips.write(tmp_path / "camera.ts", pictures.numbered(400, size=SMALL), form)


def test_a_camera_that_is_switched_on_in_the_middle(tmp_path: Path) -> None:
    """More packets than a damaged file may have stand before the first keyframe."""
    path = recordings.without_start(long_groups(tmp_path), 0.06)

    video = probe(path)

    assert MAX_ERRORS_IN_A_ROW / 25 < video.start_s < 10.0
    assert f"nothing can be shown before {video.start_s:.1f} s" in "; ".join(video.notes)
    shown = numbers_shown(video)
    assert min(shown) >= GROUP
    assert shown == [round((one - video.start_s) * 25) + GROUP for one in times_of(video)]


@pytest.mark.parametrize("name", ["late.ts", "late.mp4", "late.mkv"])
def test_a_picture_that_starts_after_the_sound_is_whole(tmp_path: Path, name: str) -> None:
    """Nothing of it is missing, so nothing is said."""
    video = probe(clips.write(tmp_path / name, pictures.numbered(50), start_s=3.0, audio_s=5.0))

    assert video.start_s > 2.0
    assert video.notes == ()


def times_of(video: Video) -> list[float]:
    """When the candidates of a video are shown."""
    return [one.time_s for one in scan(video).candidates]


def test_an_open_group_at_the_start_is_left_out(tmp_path: Path) -> None:
    """Pictures that lead a CRA refer to what was cut away (H.265: RASL)."""
    form = clips.Format(codec="libx265", options={"preset": "ultrafast", "x265-params": OPEN_GOP})
    whole = clips.write(tmp_path / "whole.mkv", pictures.numbered(100), form)
    keyframes = 0

    def from_second_keyframe(_number: int, packet: Packet[Any]) -> Packet[Any] | None:
        nonlocal keyframes
        keyframes += packet.is_keyframe
        return packet if keyframes > 1 else None

    video = probe(recordings.repacked(tmp_path / "cut.ts", whole, from_second_keyframe))

    shown = numbers_shown(video)
    assert min(shown) >= 25
    assert shown == sorted(shown)
    assert set(shown) <= set(range(25, 100))


@pytest.mark.parametrize("name", ["start.ts", "start.mkv"])
def test_broken_packets_before_the_first_keyframe(tmp_path: Path, name: str) -> None:
    """What cannot be decoded before it is no damage."""

    def broken_at_first(number: int, packet: Packet[Any]) -> Packet[Any]:
        return recordings.garbled(packet) if number < GROUP else packet

    path = recordings.repacked(tmp_path / name, long_groups(tmp_path), broken_at_first)

    assert min(numbers_shown(probe(path))) == GROUP


def test_a_broken_first_keyframe_costs_its_group_only(tmp_path: Path) -> None:
    """The next keyframe begins a picture that is whole."""

    def broken_group(number: int, packet: Packet[Any]) -> Packet[Any]:
        return recordings.garbled(packet, is_keyframe=number == 0) if number < GROUP else packet

    path = recordings.repacked(tmp_path / "broken.mkv", long_groups(tmp_path), broken_group)

    assert min(numbers_shown(probe(path))) == GROUP


@pytest.mark.parametrize("every", [1, 50, 1000])
def test_a_file_in_which_no_keyframe_decodes_is_damaged(tmp_path: Path, every: int) -> None:
    """However often it has one."""

    def broken(number: int, packet: Packet[Any]) -> Packet[Any]:
        return recordings.garbled(packet, is_keyframe=number % every == 0)

    path = recordings.repacked(tmp_path / "broken.mkv", long_groups(tmp_path), broken)

    with pytest.raises(UnreadableVideo, match="damaged, or encrypted"):
        probe(path)
