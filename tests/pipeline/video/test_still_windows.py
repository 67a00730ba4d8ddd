"""What is decoded on the way to a moment is less than everything, and the frames about it are the same."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.media import clips, pictures
from tests.support.media.clips import Format
from worker.pipeline.container.open_video import OpenVideo, open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.video.still_windows import windows_around

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

COUNT = 50
PYRAMID = "bframes=3:b-adapt=0:b-pyramid="

SPARED = {
    "h264": ("a.mp4", Format(gop=1000, options={"x264-params": PYRAMID + "normal"})),
    "h264 with open groups": ("a.mp4", Format(options={"x264-params": PYRAMID + "normal:open-gop=1"})),
    "h264 in mpeg-ts": ("a.ts", Format(gop=1000, options={"x264-params": PYRAMID + "strict"})),
    "hevc": (
        "a.mp4",
        Format(codec="libx265", gop=1000, options={"x265-params": PYRAMID + "1:log-level=none"}),
    ),
    "av1": ("a.mp4", Format(codec="libsvtav1", gop=1000)),
    "frames that are counted": ("a.avi", Format(gop=1000, options={"x264-params": PYRAMID + "normal"})),
    "three frames a second": ("a.mp4", Format(rate=Fraction(3), options={"x264-params": PYRAMID + "normal"})),
}

Windows = dict[int, tuple[list[float], int, list[np.ndarray]]]


def windows(path: Path, times_s: list[float]) -> Windows:
    """By the moment, the frames about it: when they are shown, which is the asked one, and their samples."""
    video = probe(path)
    with open_video(video) as opened:
        return {
            index: ([one.time_s for one in window], asked, [one.frame.to_ndarray() for one in window])
            for index, window, asked in windows_around(times_s, opened, video)
        }


def decode_everything(patch: pytest.MonkeyPatch) -> None:
    """Spare nothing from here on."""

    def packets(opened: OpenVideo, _time_s: float) -> Iterator[Packet[VideoStream]]:
        return opened.packets()

    patch.setattr(OpenVideo, "packets_sparing", packets)


@pytest.mark.parametrize(("name", "form"), SPARED.values(), ids=SPARED)
def test_what_is_spared_changes_no_bit_of_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: Format
) -> None:
    """Between, at the start and at the end; whatever refers to what, and however far frames are apart."""
    path = clips.write(tmp_path / name, pictures.footage("bikes", COUNT), form)
    times_s = [float(number / form.rate) for number in (41, 22, 30, 9, 15, 0, COUNT - 1)]
    spared = windows(path, times_s)

    decode_everything(monkeypatch)
    whole = windows(path, times_s)

    for index, (shown_s, asked, samples) in whole.items():
        assert spared[index][:2] == (shown_s, asked)
        assert all(np.array_equal(*pair) for pair in zip(spared[index][2], samples, strict=True))


def test_a_frame_that_is_shown_for_long_is_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be one that is spared, as in a recorded screen on which nothing moves for seconds.

    Where nobody refers to the last frame before such a pause, a decoder may leave it out. Encoders that do so
    are not at hand, so every other frame is left out here.
    """
    numbers = [*range(24), *range(99, 125)]
    times_s = [number / 25 for number in numbers]
    path = clips.write(tmp_path / "a.mp4", pictures.numbered(COUNT), Format(gop=1000), times_s=times_s)
    packets, decode, whole_from_s = OpenVideo.packets_sparing, OpenVideo.decode, -1.0

    def note(opened: OpenVideo, time_s: float) -> Iterator[Packet[VideoStream]]:
        nonlocal whole_from_s
        whole_from_s = time_s
        return packets(opened, time_s)

    def leave_out(opened: OpenVideo, found: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
        for frame in decode(opened, found):
            if opened.time_s(frame) >= whole_from_s or round(25 * opened.time_s(frame)) % 2 == 0:
                yield frame

    monkeypatch.setattr(OpenVideo, "packets_sparing", note)
    monkeypatch.setattr(OpenVideo, "decode", leave_out)

    shown_s, asked, _ = windows(path, [2.5])[0]

    assert shown_s[asked] == times_s[23]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_frames_on_the_way_that_no_other_refers_to_are_not_decoded(tmp_path: Path, codec: str) -> None:
    """They are half of these."""
    params = {"libx264": "x264-params", "libx265": "x265-params"}[codec]
    form = Format(codec=codec, gop=1000, options={params: PYRAMID + "1"})
    path = clips.write(tmp_path / "a.mp4", pictures.footage("bikes", COUNT), form)

    with open_video(probe(path)) as opened:
        shown_s = [opened.time_s(frame) for frame in opened.decode(opened.packets_sparing(1.6))]

    on_the_way = [time_s for time_s in shown_s if time_s < 1.4]
    assert 0.3 * 35 < len(on_the_way) < 0.7 * 35
    assert [time_s for time_s in shown_s if time_s >= 1.6] == [number / 25 for number in range(40, COUNT)]
