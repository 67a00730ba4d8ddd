"""The final pictures are the right moments, the right way up, in the right colours."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures
from tests.support.media.clips import Format
from worker.errors import UnreadableVideo
from worker.pipeline.container.clock import StreamClock
from worker.pipeline.container.open_container import open_container
from worker.pipeline.container.probe import probe
from worker.pipeline.media import TransferFunction
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Rgb

COUNT = 50


def frame_times_s(path: Path) -> list[float]:
    """When each frame is shown, by decoding the file from its start."""
    with open_container(path) as container:
        stream = container.streams.video[0]
        clock = StreamClock.of(container, stream)
        return [clock.time_s(frame.pts) for frame in container.decode(stream)]


def still(path: Path, time_s: float) -> Rgb:
    """Exactly the frame shown at a moment."""
    return take_stills(probe(path), [time_s], refine=False)[0].rgb


def mean_error(got: Rgb, wanted: Rgb) -> float:
    """Mean difference in levels of 0..255."""
    assert got.shape == wanted.shape
    return float(np.abs(got.astype(int) - wanted).mean())


SEEKABLE = {
    "h264 with b-frames": ("a.mp4", Format()),
    "h264 with one keyframe": ("a.mp4", Format(gop=1000)),
    "h264 with open groups": ("a.mp4", Format(options={"x264-params": "open-gop=1:bframes=3:b-adapt=0"})),
    "hevc with open groups": (
        "a.mp4",
        Format(codec="libx265", options={"x265-params": "open-gop=1:log-level=none"}),
    ),
    "av1": ("a.mp4", Format(codec="libsvtav1")),
    "vp9": ("a.webm", Format(codec="libvpx-vp9")),
    "mpeg-ts that starts late": ("a.ts", Format(codec="mpeg2video", options={"bf": "2"})),
    "h264 in mpeg-ts": ("a.ts", Format()),
    "program stream": ("a.mpg", Format(codec="mpeg2video")),
    "no duration": ("a.mkv", clips.WITHOUT_DURATION),
    "motion jpeg": ("a.avi", Format(codec="mjpeg", pix_fmt="yuvj420p")),
    "29.97": ("a.mkv", Format(rate=Fraction(30000, 1001))),
    "4:2:2 at 10 bits": ("a.mkv", Format(codec="ffv1", pix_fmt="yuv422p10le")),
}


@pytest.mark.parametrize(("name", "form"), SEEKABLE.values(), ids=SEEKABLE)
def test_every_moment_gives_exactly_its_frame(tmp_path: Path, name: str, form: Format) -> None:
    """First, last and between, forwards and backwards."""
    path = clips.write(tmp_path / name, pictures.numbered(COUNT), form)
    times = frame_times_s(path)
    wanted = [0, 1, 11, 12, 13, 24, 37, 49, 23, 0]
    stills = take_stills(probe(path), [times[number] for number in wanted], refine=False)
    assert [pictures.read_number(still.rgb) for still in stills] == wanted
    assert [still.time_s for still in stills] == [times[number] for number in wanted]


def test_every_moment_gives_its_frame_at_a_variable_frame_rate(tmp_path: Path) -> None:
    """Times are presentation times, never a frame index over a rate."""
    times = pictures.irregular_times_s(COUNT)
    path = clips.write(tmp_path / "vfr.mp4", pictures.numbered(COUNT), times_s=times)
    stills = take_stills(probe(path), times, refine=False)
    assert [pictures.read_number(still.rgb) for still in stills] == list(range(COUNT))


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv"])
def test_time_counts_from_the_start_of_the_sound(tmp_path: Path, name: str) -> None:
    """A picture that starts late is late in `time_s`, as on a player's clock."""
    path = clips.write(tmp_path / name, pictures.numbered(COUNT), start_s=0.5, audio_s=2.5)
    assert pictures.read_number(still(path, 0.9)) == 10
    assert pictures.read_number(still(path, 0.0)) == 0


def test_a_moment_past_the_end_gives_the_last_frame(numbered_clip: Path) -> None:
    """So does one between two frames: the frame that is on the screen."""
    assert pictures.read_number(still(numbered_clip, 99.0)) == 49
    assert pictures.read_number(still(numbered_clip, 0.419)) == 10


def test_a_single_frame_is_enough(tmp_path: Path) -> None:
    """A video of one frame has a still."""
    path = clips.write(tmp_path / "one.mp4", pictures.numbered(1, first=77))
    assert pictures.read_number(take_stills(probe(path), [0.0])[0].rgb) == 77


def test_the_time_of_a_refined_still_leads_back_to_the_same_picture(bikes_clip: Path) -> None:
    """What is published as a time shows what was published as a picture."""
    video = probe(bikes_clip)
    for refined in take_stills(video, [0.0, 0.52, 1.48, 2.96]):
        assert np.array_equal(refined.rgb, still(bikes_clip, refined.time_s))


def blurred(rgb: Rgb) -> Rgb:
    """A frame smeared by motion."""
    return np.asarray(cv2.blur(rgb, (25, 1)))


def test_a_sharper_neighbour_is_taken(tmp_path: Path) -> None:
    """The asked frame and most around it are smeared; the sharp one is 0.08 s away."""
    sharp = pictures.footage("bikes", 1)[0]
    frames = [blurred(sharp)] * 12 + [sharp] * 2 + [blurred(sharp)] * 11
    path = clips.write(tmp_path / "blur.mp4", frames)
    taken = take_stills(probe(path), [0.40])[0]
    assert taken.time_s in {0.48, 0.52}
    assert mean_error(taken.rgb, sharp) < 4


def test_a_neighbour_in_coarse_blocks_is_not_taken(tmp_path: Path) -> None:
    """Where the coding broke, the picture stands still and its blocks have sharp edges."""
    whole = pictures.footage("bikes", 8, start=60)
    few = cv2.resize(whole[-1], (32, 18), interpolation=cv2.INTER_AREA)
    broken = np.asarray(cv2.resize(few, pictures.SIZE, interpolation=cv2.INTER_NEAREST))
    frames = [blurred(frame) for frame in whole] + [broken] * 17
    path = clips.write(tmp_path / "broken.mkv", frames, Format(codec="ffv1"))

    [taken] = take_stills(probe(path), [0.24])

    assert taken.time_s < 0.32


def test_a_sharper_frame_behind_a_cut_is_not_taken(tmp_path: Path) -> None:
    """The neighbour must show the same picture."""
    smeared = blurred(pictures.footage("bikes", 1)[0])
    path = clips.write(
        tmp_path / "cut.mp4", [smeared] * 12 + pictures.footage("bigbuckbunny", 1, start=60) * 12
    )
    taken = take_stills(probe(path), [0.44])[0]
    assert mean_error(taken.rgb, smeared) < 4


def test_a_change_of_size_in_mid_stream_does_no_harm(tmp_path: Path) -> None:
    """Live recordings switch their rendition; each moment has the size that it was sent in."""
    path = clips.write(tmp_path / "switch.ts", pictures.numbered(25))
    taller = pictures.numbered(25, size=(320, 240), first=25)
    clips.write(tmp_path / "rest.ts", taller, times_s=[1 + index / 25 for index in range(25)])
    path.write_bytes(path.read_bytes() + (tmp_path / "rest.ts").read_bytes())
    before, after = take_stills(probe(path), [0.9, 1.1])
    assert (before.rgb.shape[:2], after.rgb.shape[:2]) == ((180, 320), (240, 320))


def test_between_equals_the_asked_frame_wins(tmp_path: Path) -> None:
    """A still picture gives the very moment that was asked."""
    path = clips.write(tmp_path / "same.mp4", pictures.footage("bikes", 1) * 25)
    assert take_stills(probe(path), [0.6])[0].time_s == 0.6


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_rotated_video_comes_upright(tmp_path: Path, rotation_deg: int) -> None:
    """As a phone holds it: stored lying, shown standing."""
    frame = pictures.with_number(pictures.footage("bikes", 1)[0], 1234)
    path = clips.write(tmp_path / "turned.mp4", [frame] * 3, Format(rotation_deg=rotation_deg))
    assert mean_error(still(path, 0.0), frame) < 4


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 15), Fraction(8, 9)], ids=str)
@pytest.mark.parametrize("rotation_deg", [0, 90])
def test_anamorphic_video_comes_with_square_pixels(
    tmp_path: Path, aspect: Fraction, rotation_deg: int
) -> None:
    """The picture is stretched, never shrunk, so no stored detail is lost."""
    frame = pictures.footage("bikes", 1, size=(320, 192))[0]
    form = Format(sample_aspect_ratio=aspect, rotation_deg=rotation_deg)
    path = clips.write(tmp_path / "wide.mp4", [frame] * 3, form)
    video = probe(path)
    rgb = still(path, 0.0)
    assert rgb.shape[:2] == (video.height_px, video.width_px)
    assert rgb.shape[1] / rgb.shape[0] == pytest.approx(320 / 192, rel=0.02)
    assert mean_error(cv2.resize(rgb, (320, 192), interpolation=cv2.INTER_AREA), frame) < 8


@pytest.mark.parametrize(
    "color", [clips.BT709, clips.BT601, clips.FULL_RANGE], ids=["bt709", "bt601", "full range"]
)
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p", "yuv422p10le"])
def test_colours_come_back_as_they_went_in(tmp_path: Path, color: clips.ColorTags, pix_fmt: str) -> None:
    """The matrix and the range that the stream names are the ones used."""
    bars = pictures.color_bars(3)[0]
    path = clips.write(tmp_path / "bars.mkv", [bars] * 3, Format(codec="ffv1", pix_fmt=pix_fmt, color=color))
    rgb = still(path, 0.0)
    middle = (np.arange(7) * 2 + 1) * 320 // 14
    assert np.abs(rgb[90, middle].astype(int) - bars[90, middle]).max() <= 3


def test_an_odd_size_keeps_its_last_row_and_column(tmp_path: Path) -> None:
    """321x181 stays 321x181."""
    frame = pictures.footage("bikes", 1, size=(321, 181))[0]
    path = clips.write(tmp_path / "odd.mp4", [frame] * 3, Format(pix_fmt="yuv444p"))
    assert mean_error(still(path, 0.0), frame) < 4


def comb(rgb: Rgb) -> float:
    """How much every second line stands out from the lines around it."""
    lines = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(int)
    return float(np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean())


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_interlaced_video_comes_without_combs(tmp_path: Path, codec: str) -> None:
    """A panning camera, two fields to a frame: shown as one moment of the two."""
    wide = pictures.footage("bikes", 1, size=(640, 180))[0]
    moments = [np.ascontiguousarray(wide[:, 4 * step : 4 * step + 320]) for step in range(60)]
    woven = pictures.interlace(moments)
    path = clips.write(tmp_path / "fields.ts", woven, Format(codec=codec, is_interlaced=True))
    rgb = still(path, 0.4)
    assert comb(rgb) < 1.5 * comb(moments[20]) < comb(woven[10]) / 2
    assert min(mean_error(rgb, moments[20]), mean_error(rgb, moments[21])) < 2
    assert np.array_equal(rgb, take_stills(probe(path), [0.0, 0.4], refine=False)[1].rgb)


@pytest.mark.parametrize(
    ("color", "transfer"),
    [(clips.PQ, TransferFunction.PQ), (clips.HLG, TransferFunction.HLG)],
    ids=["pq", "hlg"],
)
def test_hdr_video_is_tone_mapped(tmp_path: Path, color: clips.ColorTags, transfer: TransferFunction) -> None:
    """Reference white, 58 % in PQ and 75 % in HLG, is nearly white; shown raw it would be grey."""
    code = round({TransferFunction.PQ: 0.5807, TransferFunction.HLG: 0.75}[transfer] * 255)
    form = Format(codec="libx265", pix_fmt="yuv420p10le", color=color)
    path = clips.write(tmp_path / "hdr.mp4", pictures.solid((code, code, code), 3), form)
    rgb = still(path, 0.0)
    assert probe(path).transfer is transfer
    assert 220 < rgb.mean() < 240
    assert np.ptp(rgb.reshape(-1, 3).mean(axis=0)) < 2


def as_pq(rgb: Rgb) -> np.ndarray:
    """An sRGB picture graded as HDR with white at 203 nits: 16-bit PQ code values, BT.2020 primaries."""
    srgb = rgb / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_bt2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    power = (linear @ to_bt2020.T * 203 / 10_000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    return np.round(code * 65535).astype(np.uint16)


def test_colours_graded_as_hdr_come_back(tmp_path: Path) -> None:
    """Matrix, curve and primaries together: what SDR can show looks as it would in SDR."""
    bars = np.round(pictures.color_bars(1)[0] * 0.8).astype(np.uint8)
    form = Format(codec="libx265", pix_fmt="yuv420p10le", color=clips.PQ)
    rgb = still(clips.write(tmp_path / "hdr.mp4", [as_pq(bars)] * 3, form), 0.0)
    middle = (np.arange(7) * 2 + 1) * 320 // 14
    assert np.abs(rgb[90, middle].astype(int) - bars[90, middle]).max() <= 8


def test_bars_are_trimmed_and_no_black_line_stays(tmp_path: Path) -> None:
    """What is left is all picture."""
    frames = pictures.boxed(pictures.solid((200, 180, 90), 3), letterbox_px=20, pillarbox_px=0)
    path = clips.write(tmp_path / "boxed.mp4", frames)
    trimmed = take_stills(probe(path), [0.0], [(0.0, 20 / 180, 1.0, 160 / 180)], refine=False)[0].rgb
    assert trimmed.shape[1] == 320
    assert 130 <= trimmed.shape[0] <= 140
    assert trimmed.min(axis=(0, 1))[0] > 180


def test_bars_of_a_rotated_video_are_trimmed_where_they_are_seen(tmp_path: Path) -> None:
    """The active part is given as shown, after rotation."""
    frames = pictures.boxed(pictures.solid((200, 180, 90), 3), letterbox_px=20)
    path = clips.write(tmp_path / "boxed.mp4", frames, Format(rotation_deg=90))
    trimmed = take_stills(probe(path), [0.0], [(0.0, 20 / 180, 1.0, 160 / 180)], refine=False)[0].rgb
    assert trimmed.min(axis=(0, 1))[0] > 180


def test_a_file_whose_pictures_cannot_be_decoded_says_what_to_do(tmp_path: Path, numbered_clip: Path) -> None:
    """Damage behind a good header is an error with a remedy."""
    video = probe(numbered_clip)
    content = bytearray(numbered_clip.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.find(b"moov", start)
    content[start : end if end > 0 else None] = bytes(len(content[start : end if end > 0 else None]))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    with pytest.raises(UnreadableVideo, match="export it again"):
        take_stills(replace(video, path=broken), [1.0])


def test_rgb_samples_are_shown_as_they_are(tmp_path: Path) -> None:
    """A stream that stores RGB needs no matrix."""
    bars = pictures.color_bars(1)[0]
    path = tmp_path / "rgb.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "bgr0"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(bars, "rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
    assert mean_error(still(path, 0.0), bars) < 1
