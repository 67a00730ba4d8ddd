"""One pass finds the shots, and candidates that show what the video shows."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.support.media import clips, pictures, surrounds
from worker.errors import UnreadableVideo
from worker.pipeline.container.open_container import FORMATS, open_container
from worker.pipeline.container.probe import probe
from worker.pipeline.cues.defects import defects
from worker.pipeline.frames import Box
from worker.pipeline.video import scan as scanning
from worker.pipeline.video.scan import MAX_CANDIDATES, scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.frames import Candidate, Rgb, Scan

BIKES = pictures.footage("bikes", 50, start=90)  # one shot
BUNNY = pictures.footage("bigbuckbunny", 50, start=60)


def scanned(
    tmp_path: Path, frames: list[Rgb], form: clips.Format = clips.PLAIN, name: str = "clip.mp4"
) -> Scan:
    """Write a clip and scan it."""
    return scan(probe(clips.write(tmp_path / name, frames, form)))


def during(found: Scan, start_s: float, end_s: float) -> list[Candidate]:
    """Candidates between two moments."""
    return [candidate for candidate in found.candidates if start_s <= candidate.time_s < end_s]


def test_a_cut_starts_a_new_shot(tmp_path: Path) -> None:
    """Two scenes make two shots, and candidates know theirs."""
    found = scanned(tmp_path, BIKES + BUNNY)

    assert found.shot_starts_s == pytest.approx((0.0, 2.0), abs=0.15)
    assert {candidate.shot for candidate in during(found, 0.0, 1.8)} == {0}
    assert {candidate.shot for candidate in during(found, 2.2, 4.0)} == {1}


def test_a_dissolve_starts_a_new_shot(tmp_path: Path) -> None:
    """Halfway from one scene to the other."""
    found = scanned(
        tmp_path, [*BIKES[:1] * 50, *pictures.dissolve(BIKES[:1] * 25, BUNNY[:1] * 25), *BUNNY[:1] * 50]
    )

    assert found.shot_starts_s == pytest.approx((0.0, 2.5), abs=0.25)


def test_a_fade_through_black_starts_a_new_shot(tmp_path: Path) -> None:
    """Gradual changes count too."""
    fading = [
        *BIKES,
        *pictures.fade_out(BIKES[-15:]),
        *pictures.black(10),
        *pictures.fade_in(BUNNY[:15]),
        *BUNNY,
    ]

    found = scanned(tmp_path, fading)

    assert any(2.4 <= start_s <= 3.7 for start_s in found.shot_starts_s[1:])


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (pictures.black(25), "black"),
        ([17 + grain // 12 for grain in pictures.noise(25)], "black"),
        (pictures.solid((255, 255, 255), 25), "white"),
        (pictures.solid((40, 90, 160), 25), "blank"),
        (pictures.color_bars(25), "color bars"),
        (pictures.title_card("Chapter 1", 25), "title card"),
        (pictures.dissolve(BIKES[:1] * 25, BUNNY[:1] * 25), "transition"),
        (pictures.fade_in(BIKES[:25]), "transition"),
    ],
    ids=["black", "grain in the dark", "white", "blank", "color bars", "title card", "dissolve", "fade"],
)
def test_a_bad_stretch_is_named(tmp_path: Path, bad: list[Rgb], name: str) -> None:
    """Candidates inside it carry its defect; those around it do not."""
    found = scanned(tmp_path, BIKES[:1] * 50 + bad + BUNNY[:1] * 50)

    inside = [defects(candidate.cues) for candidate in during(found, 2.25, 2.75)]
    outside = [defects(candidate.cues) for candidate in [*during(found, 0.3, 1.5), *during(found, 3.5, 4.7)]]
    assert inside
    assert all(name in names for names in inside)
    assert outside
    assert not any(name in names for names in outside)


def test_a_still_moment_in_a_moving_shot_is_preferred(tmp_path: Path) -> None:
    """Stillness is measured against both neighbours."""
    moving = pictures.numbered(50)

    found = scanned(tmp_path, moving[:25] + moving[25:26] * 25 + moving[25:])

    assert np.mean([c.cues.stillness for c in during(found, 1.2, 1.8)]) > 0.9
    assert np.mean([c.cues.stillness for c in during(found, 0.0, 0.9)]) < 0.6


def test_bars_are_cut_from_candidates_shot_by_shot(tmp_path: Path) -> None:
    """A letterboxed scene after a full one: only the first loses its bars."""
    found = scanned(tmp_path, BIKES + pictures.boxed(BUNNY, letterbox_px=30))

    assert all(candidate.active is None for candidate in during(found, 0.0, 1.8))
    boxed = during(found, 2.2, 4.0)
    assert all(candidate.rgb.shape[0] == pytest.approx(120, abs=2) for candidate in boxed)
    assert boxed[0].active == pytest.approx((0.0, 30 / 180, 1.0, 150 / 180), abs=0.01)


@pytest.mark.parametrize("rotation_deg", [0, 90])
def test_a_still_beside_blurred_fill_is_the_picture_itself(tmp_path: Path, rotation_deg: int) -> None:
    """A vertical video in a horizontal frame: a 9:16 crop of its still has all of it, and no blur."""
    large = pictures.footage("bikes", 50, start=90, size=(640, 360))
    frames = surrounds.on_blur(large, Box(218, 0, 420, 360), sigma_px=15)
    form = clips.Format(rotation_deg=rotation_deg)
    video = probe(clips.write(tmp_path / "repost.mp4", frames, form))

    candidate = scan(video).candidates[4]
    still = take_stills(video, [candidate.time_s], [candidate.active], refine=False)[0].rgb

    assert still.shape[:2] == (360, pytest.approx(198, abs=2))
    shown = frames[round(candidate.time_s * 25)][:, 220:418]
    assert np.abs(cv2.resize(still, (198, 360)).astype(int) - shown).mean() < 8


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_candidates_are_upright(tmp_path: Path, rotation_deg: int) -> None:
    """A rotated clip is looked at as it is shown."""
    found = scanned(tmp_path, pictures.numbered(25), clips.Format(rotation_deg=rotation_deg))

    assert found.candidates[0].rgb.shape == (180, 320, 3)
    for candidate in found.candidates:
        assert pictures.read_number(candidate.rgb) == round(candidate.time_s * 25)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (clips.Format(codec="libx265"), "hevc.mp4"),
        (clips.Format(codec="libx265", pix_fmt="yuv420p10le"), "ten_bit.mp4"),
        (clips.Format(codec="libsvtav1"), "av1.mp4"),
        (clips.Format(codec="libvpx-vp9"), "vp9.webm"),
        (clips.Format(codec="mpeg2video"), "mpeg2.ts"),
        (clips.Format(codec="mjpeg", pix_fmt="yuvj422p", color=clips.FULL_RANGE), "mjpeg.mov"),
        (clips.Format(pix_fmt="yuv444p"), "full_chroma.mp4"),
        (clips.Format(color=clips.BT601), "bt601.mp4"),
    ],
)
def test_every_format_shows_the_same_candidates(tmp_path: Path, form: clips.Format, name: str) -> None:
    """Codec, depth, chroma and matrix do not change what is seen."""
    found = scanned(tmp_path, BIKES, form, name)

    assert len(found.candidates) >= 8
    for candidate in found.candidates:
        original = BIKES[round(candidate.time_s * 25)].astype(int)
        assert candidate.rgb.shape == original.shape
        assert np.abs(candidate.rgb.mean(axis=(0, 1)) - original.mean(axis=(0, 1))).max() < 6


def test_odd_sizes_are_scanned(tmp_path: Path) -> None:
    """321x181 has no even half."""
    odd = pictures.footage("bikes", 25, size=(321, 181))

    found = scanned(tmp_path, odd, clips.Format(pix_fmt="yuv444p"))

    assert found.candidates[0].rgb.shape[1] in {320, 322}


def test_times_are_those_of_the_frames(tmp_path: Path) -> None:
    """On a variable frame rate every candidate's time belongs to the frame it shows."""
    times_s = pictures.irregular_times_s(60)
    path = clips.write(tmp_path / "vfr.mp4", pictures.numbered(60), times_s=times_s)

    for candidate in scan(probe(path)).candidates:
        assert candidate.time_s == pytest.approx(times_s[pictures.read_number(candidate.rgb)], abs=1e-4)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_the_shortest_videos_have_a_candidate(tmp_path: Path, count: int) -> None:
    """One still frame, two, or a third of a second."""
    assert scanned(tmp_path, BIKES[:count]).candidates


def test_a_long_video_is_sampled_at_its_keyframes(tmp_path: Path) -> None:
    """Beyond the set length only keyframes and what follows them are decoded."""
    sparse = clips.Format(rate=Fraction(1), gop=5)  # 700 s in as many frames
    video = probe(clips.write(tmp_path / "long.mp4", pictures.numbered(700, size=(64, 64)), sparse))

    found = scan(video)

    assert found.is_sampled
    assert found.frames_seen < 700
    assert 100 <= len(found.candidates) <= MAX_CANDIDATES
    assert found.candidates[-1].time_s > 650


def test_a_long_video_of_one_keyframe_is_decoded_whole(tmp_path: Path) -> None:
    """There would be nothing to visit but its first frame."""
    form = clips.Format(rate=Fraction(1), gop=1000, options={"sc_threshold": "0"})
    video = probe(clips.write(tmp_path / "one_gop.mp4", pictures.numbered(700, size=(64, 64)), form))

    found = scan(video)

    assert not found.is_sampled
    assert 100 <= len(found.candidates) <= MAX_CANDIDATES
    assert found.candidates[-1].time_s > 650


@pytest.mark.parametrize("size", [(32, 6), (6, 32), (2, 2)])
def test_tiny_pictures_are_scanned(tmp_path: Path, size: tuple[int, int]) -> None:
    """Smaller than any block that is measured."""
    assert scanned(tmp_path, pictures.footage("bikes", 5, size=size)).candidates


def test_candidates_do_not_grow_with_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many moments there are, so many are kept."""
    monkeypatch.setattr(scanning, "MAX_CANDIDATES", 5)

    assert len(scanned(tmp_path, BIKES + BUNNY).candidates) <= 5


def test_an_undecodable_picture_is_an_error(tmp_path: Path) -> None:
    """A video whose every frame is damaged is named, not picked from."""
    path = clips.write(tmp_path / "good.mp4", BIKES)
    video = probe(path)
    content = bytearray(path.read_bytes())
    start, end = content.find(b"mdat") + 4, content.find(b"moov") - 4
    content[start:end] = bytes(end - start)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)

    with pytest.raises(UnreadableVideo, match=r"broken\.mp4"):
        scan(replace(video, path=broken))


def test_no_format_that_names_other_files_is_allowed(bikes_clip: Path) -> None:
    """HLS, DASH, concat and image sequences could make the decoder open anything."""
    allowed = set(",".join(FORMATS).split(","))
    with open_container(bikes_clip) as container:
        assert container.format.name in ",".join(FORMATS)

    assert not allowed & {
        "hls",
        "applehttp",
        "dash",
        "concat",
        "image2",
        "lavfi",
        "subfile",
        "rtsp",
        "sdp",
        "imf",
    }
