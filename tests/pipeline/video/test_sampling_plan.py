"""A short video is decoded whole; of a longer one, an even share from every keyframe on."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from worker.pipeline.container.probe import probe
from worker.pipeline.video.parallel_decode import decode_stretches
from worker.pipeline.video.sampling_plan import GLANCE_S, LOOK_S, MAX_GLANCES, is_sampled, plan_stretches

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.media import Video

RATE = Fraction(4)  # frames a second: a long clip of few frames
FRAME_S = 1 / RATE


def video_of(path: Path, length_s: int, keyframe_every_s: int) -> Video:
    """A clip whose frames show their numbers, with keyframes at this distance and nowhere else."""
    frames = pictures.numbered(length_s * int(RATE), size=(64, 64))
    options = {"sc_threshold": "0"}
    form = clips.Format(rate=RATE, gop=keyframe_every_s * int(RATE), options=options)
    return probe(clips.write(path, frames, form))


def seen_s(video: Video) -> list[float]:
    """When the frames are that a scan sees."""
    return [frame.time_s for _, frames in decode_stretches(video, plan_stretches(video)) for frame in frames]


def test_a_minute_is_decoded_whole(tmp_path: Path) -> None:
    """No two frames that were looked at are far apart."""
    video = video_of(tmp_path / "minute.mp4", 60, 5)

    stretches = plan_stretches(video)

    assert not is_sampled(stretches)
    assert max(after - before for before, after in pairwise(seen_s(video))) <= 4 * FRAME_S


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.ts"])
def test_of_two_minutes_half_is_decoded_from_every_keyframe_on(tmp_path: Path, name: str) -> None:
    """A shot is seen from its keyframe on, wherever in the video it stands."""
    video = video_of(tmp_path / name, 120, 5)

    stretches = plan_stretches(video)

    assert is_sampled(stretches)
    assert len(stretches) == 24
    assert [stretch.start_s for stretch in stretches] == pytest.approx(range(0, 120, 5))
    assert sum(stretch.length_s for stretch in stretches) == pytest.approx(LOOK_S, rel=0.02)
    times_s = seen_s(video)
    assert times_s == sorted(times_s)
    assert {int(time_s // 5) for time_s in times_s} == set(range(24))
    assert all(time_s % 5 <= 2.5 for time_s in times_s)


def test_frames_of_a_stretch_show_their_own_moments(tmp_path: Path) -> None:
    """One file is read from many places, and nothing is left over from the place before."""
    video = video_of(tmp_path / "numbered.mp4", 90, 3)

    for _, frames in decode_stretches(video, plan_stretches(video)):
        for frame in frames:
            assert pictures.read_number(frame.rgb()) == round(frame.time_s * RATE)


def test_the_longer_the_video_the_shorter_each_look(tmp_path: Path) -> None:
    """So the cost stays the same, until only glances are left; then keyframes are left out, evenly."""
    video = video_of(tmp_path / "long.mp4", 800, 2)

    stretches = plan_stretches(video)

    assert len(stretches) == MAX_GLANCES
    assert all(stretch.length_s == pytest.approx(GLANCE_S) for stretch in stretches)
    assert {after.start_s - before.start_s for before, after in pairwise(stretches)} == {4.0}


def test_where_keyframes_are_rare_all_is_decoded(tmp_path: Path) -> None:
    """Else most of the video would stay unseen."""
    video = video_of(tmp_path / "rare.mp4", 90, 30)

    assert not is_sampled(plan_stretches(video))
    assert max(after - before for before, after in pairwise(seen_s(video))) <= 4 * FRAME_S


def test_of_a_later_piece_the_same_is_decoded(tmp_path: Path) -> None:
    """A piece that begins after ten minutes is no video of twelve minutes."""
    alone = video_of(tmp_path / "piece.mp4", 120, 5)
    later = probe(alone.path, begins_at_s=600.0)

    assert seen_s(later) == pytest.approx([time_s + 600.0 for time_s in seen_s(alone)])
