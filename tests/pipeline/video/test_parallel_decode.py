"""Chunks that are decoded side by side give the frames of one pass from start to end."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from worker.pipeline.container.clock import StreamClock
from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.packets import decode_packets, packets_of, prepare_for_scan
from worker.pipeline.container.probe import probe
from worker.pipeline.container.streams import video_streams
from worker.pipeline.video.parallel_decode import MIN_STEP_S, decode_stretches
from worker.pipeline.video.sampling_plan import plan_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.pipeline.display.small_frames import SmallFrame
    from worker.pipeline.media import Video

SLOW = Fraction(2)  # frames a second: a long clip of few frames


def times_of_one_pass(video: Video) -> list[float]:
    """When the frames appear that one decoder, from start to end, gives."""
    with open_container(video.path) as container:
        stream = video_streams(container)[0]
        prepare_for_scan(stream)
        clock = StreamClock.of(container, stream)
        return [clock.time_s(frame.pts or 0) for frame in decode_packets(packets_of(container, stream))]


def looked_at(video: Video) -> Iterator[SmallFrame]:
    """The frames that a scan sees, one by one."""
    for _, frames in decode_stretches(video, plan_stretches(video)):
        yield from frames


@pytest.mark.parametrize(
    ("name", "is_cut"),
    [
        ("chunks.mp4", True),
        ("chunks.mkv", True),
        ("live.mkv", True),
        ("chunks.ts", False),
        ("chunks.mpg", False),
    ],
)
def test_no_frame_is_lost_or_doubled_at_a_seam(tmp_path: Path, name: str, is_cut: bool) -> None:
    """Forty seconds in four chunks, in order, whatever the container."""
    form = clips.Format(
        codec="mpeg2video" if name.endswith("mpg") else "libx264",
        rate=Fraction(25) if name.endswith("mpg") else SLOW,
        gop=6,
        muxer_options={"live": "1"} if name.startswith("live") else {},
    )
    count = 1000 if name.endswith("mpg") else 80
    video = probe(clips.write(tmp_path / name, pictures.numbered(count, size=(96, 64)), form))

    times_s = [frame.time_s for frame in looked_at(video)]

    assert (len(plan_stretches(video)) > 1) is is_cut  # else this test would prove nothing
    assert times_s == sorted(times_s)
    decoded_s = times_of_one_pass(video)
    assert set(times_s) <= set(decoded_s)
    assert times_s[0] == decoded_s[0]
    assert times_s[-1] >= decoded_s[-1] - MIN_STEP_S
    step_s = max(MIN_STEP_S, *(after - before for before, after in pairwise(decoded_s)))
    assert max(after - before for before, after in pairwise(times_s)) < 2 * step_s + 1e-6


def test_each_frame_shows_its_own_moment(tmp_path: Path) -> None:
    """A chunk that is decoded from its keyframe shows what a whole pass shows."""
    frames = pictures.numbered(60, size=(320, 180))
    video = probe(clips.write(tmp_path / "numbered.mp4", frames, clips.Format(rate=SLOW, gop=6)))

    for frame in looked_at(video):
        rgb = frame.rgb()
        assert pictures.read_number(rgb) == round(frame.time_s * SLOW)


def test_pictures_that_refer_to_the_next_chunk_are_not_lost(tmp_path: Path) -> None:
    """In an open group of pictures, some are shown before the keyframe that they are decoded after."""
    open_groups = {"preset": "medium", "tune": "", "x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"}
    form = clips.Format(rate=SLOW, gop=8, options=open_groups)
    video = probe(clips.write(tmp_path / "open.mp4", pictures.numbered(80, size=(96, 64)), form))

    times_s = [frame.time_s for frame in looked_at(video)]

    assert len(plan_stretches(video)) > 1  # else this test would prove nothing
    assert times_s == times_of_one_pass(video)


def test_a_file_with_one_keyframe_is_one_chunk(tmp_path: Path) -> None:
    """There is nowhere to cut it."""
    form = clips.Format(rate=SLOW, gop=1000, options={"sc_threshold": "0"})
    video = probe(clips.write(tmp_path / "one_gop.mp4", pictures.numbered(80, size=(96, 64)), form))

    times_s = [frame.time_s for frame in looked_at(video)]

    assert times_s == times_of_one_pass(video)


def test_frames_are_looked_at_ten_times_a_second_at_most(bikes_clip: Path) -> None:
    """More would cost and find nothing."""
    times_s = [frame.time_s for frame in looked_at(probe(bikes_clip))]

    assert min(after - before for before, after in pairwise(times_s)) >= MIN_STEP_S - 1e-6


@pytest.mark.parametrize("name", ["one_piece.avi", "one_piece.ts"])
def test_a_file_that_cannot_be_cut_is_not_collected_first(tmp_path: Path, name: str) -> None:
    """Its frames come one by one, so that memory does not grow with its length."""
    path = clips.write(tmp_path / name, pictures.noise(80), clips.Format(rate=SLOW))
    frames = looked_at(probe(path))

    first = next(frames)
    path.write_bytes(b"")  # what is not read yet is gone

    assert first.time_s < 1
    assert len(list(frames)) < 70
