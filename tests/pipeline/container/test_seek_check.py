"""Frames after a seek are what a decode from the start shows; where they are not, there is no seek."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.faults.hostile_packets import padded
from tests.support.media import clips, seek_kinds
from tests.support.media.clips import Format
from tests.support.media.seek_kinds import KINDS, SeekKind
from worker.pipeline.container.open_video import OpenVideo, open_video
from worker.pipeline.container.probe import probe
from worker.pipeline.container.seeking import seek_check
from worker.pipeline.display.colour.colour_space import FULL_RANGE_BT601
from worker.pipeline.display.display import displayed
from worker.pipeline.display.small_frames import SmallFrame, shrink, small_size
from worker.pipeline.video.parallel_decode import MIN_STEP_S, decode_stretches
from worker.pipeline.video.sampling_plan import plan_stretches
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.frame import VideoFrame

    from worker.pipeline.media import Video


def decoded(video: Video, *, as_scanned: bool = False) -> dict[float, VideoFrame]:
    """All frames by their times, decoded by one thread from the start of the file to its end."""
    with open_video(video) as opened:
        if as_scanned:
            opened.prepare_for_scan(1)
        return {opened.time_s(frame): frame for frame in opened.decode(opened.packets())}


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Video:
    """A clip of each kind, as probed."""
    kind: SeekKind = request.param
    return probe(seek_kinds.write(tmp_path_factory.mktemp("kind") / kind.name, kind))


def test_stills_are_those_of_a_linear_decode(video: Video) -> None:
    """At moments all over the file, forwards and backwards, near keyframes and far from them."""
    linear = decoded(video)
    times_s = list(linear)[5::23]
    times_s = [*times_s[::2], *times_s[1::2]]

    stills = take_stills(video, times_s, refine=False)

    assert [still.time_s for still in stills] == times_s
    for still in stills:
        wanted = displayed([linear[still.time_s]], 0, video)
        assert np.abs(still.rgb.astype(int) - wanted).mean() < 0.5


def test_the_scan_sees_what_a_linear_decode_shows(video: Video) -> None:
    """No frame is missing, and none is damaged."""
    linear = decoded(video, as_scanned=True)

    seen = [frame for _, frames in decode_stretches(video, plan_stretches(video)) for frame in frames]

    for frame in seen:
        wanted = shrink(linear[frame.time_s], frame.time_s, small_size(video))
        assert np.abs(frame.luma.astype(int) - wanted.luma).mean() < 0.5
    times_s = [frame.time_s for frame in seen]
    assert all(any(0 <= at_s - time_s <= MIN_STEP_S for time_s in times_s) for at_s in linear)


def difference(frame: VideoFrame, other: VideoFrame) -> float:
    """Mean difference of the samples of two frames, in levels."""
    return float(np.abs(frame.to_ndarray().astype(int) - other.to_ndarray()).mean())


def frames_after_seek(video: Video, time_s: float) -> dict[float, VideoFrame]:
    """What one thread decodes after a seek, by its time."""
    with open_video(video) as opened:
        opened.seek(time_s)
        return {opened.time_s(frame): frame for frame in opened.decode(opened.packets())}


def test_what_an_old_encoder_says_of_itself_survives_a_seek(tmp_path: Path) -> None:
    """4:4:4 of x264 up to build 150 was coded another way; only the first packet says who wrote it."""
    rng = np.random.default_rng(2)
    coarse = rng.normal(128, 12, (40, 4, 4, 3)).clip(0, 255).astype(np.uint8)
    frames = list(coarse.repeat(8, axis=1).repeat(8, axis=2) + rng.integers(0, 6, (40, 32, 32, 3), np.uint8))
    new = probe(seek_kinds.write_444(tmp_path / "new.mp4", frames, build=164))
    old = probe(seek_kinds.write_444(tmp_path / "old.mp4", frames, build=142))
    linear, otherwise = decoded(old), decoded(new)

    after = frames_after_seek(old, 2.5)

    assert len(after) >= 10
    # The two ways lead to other pictures, or this would prove nothing.
    assert np.mean([difference(otherwise[time_s], linear[time_s]) for time_s in after]) > 5
    assert np.mean([difference(frame, linear[time_s]) for time_s, frame in after.items()]) < 0.5


def test_a_file_that_cannot_be_told_from_an_old_one_is_decoded_from_its_start(tmp_path: Path) -> None:
    """Where old 4:4:4 is damaged, what is decoded depends on all that came before; stills show that."""
    video = probe(seek_kinds.write_444(tmp_path / "old.mp4", seek_kinds.moving(60), build=148))

    assert video.is_linear


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_ordinary_files_are_sought_in(tmp_path: Path, name: str) -> None:
    """A decode from the start would cost more than everything else."""
    assert not probe(clips.write_plain(tmp_path / name)).is_linear


def test_ordinary_files_are_told_by_their_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check decodes nothing of them, so that they cost no more than before."""
    monkeypatch.setattr(OpenVideo, "prepare_for_scan", lambda _opened: pytest.fail("decoded something"))

    for codec in ("libx264", "libx265", "libvpx-vp9", "libsvtav1"):
        form = Format(codec=codec, rate=seek_kinds.RATE, gop=20)
        probe(clips.write(tmp_path / "plain.mkv", seek_kinds.moving(100), form))


def test_padding_behind_keyframes_costs_nothing(tmp_path: Path) -> None:
    """A search that takes the square of what it reads would last for a minute."""
    path = clips.write_plain(tmp_path / "a.ts")
    path.write_bytes(padded(path.read_bytes(), 200_000))
    start_s = time.process_time()

    assert not probe(path).is_linear

    assert time.process_time() - start_s < 5.0


def test_wrong_colours_alone_are_damage() -> None:
    """Decoders put grey in place of what is missing, so that a picture may keep its luma."""
    grey = np.full((90, 160), 128, np.uint8)
    luma = np.full((180, 320), 90, np.uint8)
    patch = grey.copy()
    patch[40:50, 60:70] = 160
    whole = SmallFrame(0.0, luma, (grey, grey), FULL_RANGE_BT601)

    assert not seek_check._unlike(whole, whole)  # noqa: SLF001 - few files are damaged in this alone
    for chroma in ((patch, grey), (grey, patch)):
        assert seek_check._unlike(replace(whole, chroma=chroma), whole)  # noqa: SLF001


def test_long_groups_are_compared_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Full HD, 289 frames at least may be decoded for a place, and x264's groups have 250."""
    gop, pixels = 50, 320 * 180
    monkeypatch.setattr(seek_check, "_MAX_SAMPLES", pixels * gop * 289 // 250)
    compared: list[float] = []
    seen = seek_check._unlike  # noqa: SLF001 - whether anything is compared cannot be seen from outside

    def noted(got: SmallFrame, wanted: SmallFrame) -> bool:
        compared.append(got.time_s)
        return seen(got, wanted)

    monkeypatch.setattr(seek_check, "_unlike", noted)
    options = {"preset": "medium", "x264-params": "open-gop=1:bframes=3:scenecut=0"}
    form = Format(rate=seek_kinds.RATE, gop=gop, options=options)

    video = probe(clips.write(tmp_path / "a.mp4", seek_kinds.moving(250), form))

    assert not video.is_linear
    assert min(compared) < 6.0  # the second keyframe
    assert max(compared) > 9.0  # the one in the middle


def test_all_that_is_decoded_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of two eyes is shown, the decoder has the work of both."""
    monkeypatch.setattr(seek_check, "MAX_LINEAR_SAMPLES", 320 * 180 * 25)
    whole = probe(clips.write_plain(tmp_path / "a.mp4"))
    one_eye = replace(whole, visible=(0.0, 0.0, 0.5, 1.0), width_px=whole.width_px // 2)

    assert seek_check.linear_end_s(one_eye) == seek_check.linear_end_s(whole) == pytest.approx(1.0)


def test_of_a_long_video_without_seeks_the_beginning_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the decoder has time for, and the user is told."""
    monkeypatch.setattr(seek_check, "MAX_LINEAR_SAMPLES", 320 * 180 * 10 * 12)
    kind = KINDS["hevc, all flagged, mp4"]

    video = probe(seek_kinds.write(tmp_path / kind.name, kind))

    seen_s = [
        frame.time_s for _, frames in decode_stretches(video, plan_stretches(video)) for frame in frames
    ]
    assert 11 < max(seen_s) < 12
    assert "what comes after" in "; ".join(video.notes)
