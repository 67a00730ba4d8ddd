"""What the probe says about a file, and which files it refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from worker.errors import UnreadableVideo, VideoTooLarge
from worker.pipeline.container.probe import probe
from worker.pipeline.media import TransferFunction, VideoLimits
from worker.pipeline.video.scan import scan
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plain_clip_is_described(numbered_clip: Path) -> None:
    """Duration, size, rate and codec come from the file."""
    video = probe(numbered_clip)

    assert (video.width_px, video.height_px) == (320, 180)
    assert video.duration_s == pytest.approx(2.0)
    assert video.frame_rate == Fraction(25)
    assert video.codec == "h264"
    assert not video.is_vfr
    assert not video.is_interlaced
    assert video.transfer is TransferFunction.SDR


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_rotated_clip_has_the_size_it_is_shown_with(tmp_path: Path, rotation_deg: int) -> None:
    """A phone video that lies on its side is portrait."""
    upright = pictures.numbered(10, size=(180, 320))
    path = clips.write(tmp_path / "phone.mp4", upright, clips.Format(rotation_deg=rotation_deg))

    video = probe(path)

    assert video.rotation_deg == rotation_deg
    assert (video.width_px, video.height_px) == (180, 320)


def test_non_square_samples_widen_the_picture(tmp_path: Path) -> None:
    """An anamorphic clip has its display width."""
    form = clips.Format(sample_aspect_ratio=Fraction(4, 3))
    path = clips.write(tmp_path / "anamorphic.mp4", pictures.numbered(10), form)

    video = probe(path)

    assert video.sample_aspect_ratio == Fraction(4, 3)
    assert video.width_px / video.height_px == pytest.approx(16 / 9, rel=0.02)


@pytest.mark.parametrize(
    ("color", "transfer"), [(clips.PQ, TransferFunction.PQ), (clips.HLG, TransferFunction.HLG)]
)
def test_hdr_is_recognised(tmp_path: Path, color: clips.ColorTags, transfer: TransferFunction) -> None:
    """The transfer curve is read from the stream."""
    form = clips.Format(codec="libx265", pix_fmt="yuv420p10le", color=color)
    path = clips.write(tmp_path / "hdr.mp4", pictures.numbered(5), form)

    assert probe(path).transfer is transfer


def test_a_variable_frame_rate_is_recognised(tmp_path: Path) -> None:
    """Frames at uneven times are VFR, evenly spaced ones are not."""
    times_s = pictures.irregular_times_s(40)
    path = clips.write(tmp_path / "vfr.mp4", pictures.numbered(40), times_s=times_s)

    assert probe(path).is_vfr


def test_interlaced_video_is_recognised(tmp_path: Path) -> None:
    """A clip coded as fields says so."""
    woven = pictures.interlace(pictures.numbered(20))
    path = clips.write(tmp_path / "tv.ts", woven, clips.Format(codec="mpeg2video", is_interlaced=True))

    assert probe(path).is_interlaced


def test_a_picture_that_starts_late_keeps_the_players_clock(tmp_path: Path) -> None:
    """Times count from the start of the container, where the sound starts."""
    path = clips.write(tmp_path / "late.mp4", pictures.numbered(25), start_s=1.5, audio_s=2.5)

    video = probe(path)

    assert video.start_s == pytest.approx(1.5, abs=0.05)
    assert video.duration_s == pytest.approx(2.5, abs=0.1)


def test_a_matroska_file_that_starts_late_is_whole(tmp_path: Path) -> None:
    """Its end is stated on the stream's clock, not from its start."""
    path = clips.write(tmp_path / "late.mkv", pictures.numbered(75), start_s=5.0)

    assert probe(path).duration_s == pytest.approx(3.0, abs=0.1)


def test_an_absurd_sample_aspect_is_not_believed(tmp_path: Path) -> None:
    """A flag that would make the picture 20 million pixels wide is damage."""
    form = clips.Format(sample_aspect_ratio=Fraction(4, 3))
    path = clips.write(tmp_path / "bomb.mp4", pictures.numbered(3), form)
    content = path.read_bytes()
    place = content.index(b"pasp") + 4
    path.write_bytes(content[:place] + (65535).to_bytes(4) + (1).to_bytes(4) + content[place + 8 :])

    video = probe(path)

    assert video.width_px <= 320
    assert video.sample_aspect_ratio <= 2


@pytest.mark.parametrize("name", ["live.mkv", "live.webm", "live.ts"])
def test_a_container_without_a_duration_is_measured(tmp_path: Path, name: str) -> None:
    """Live recordings state no duration; it is found by reading the packets."""
    form = clips.Format(
        codec="libvpx-vp9" if name.endswith("webm") else "libx264",
        muxer_options={} if name.endswith("ts") else {"live": "1"},
    )
    path = clips.write(tmp_path / name, pictures.numbered(50), form)

    assert probe(path).duration_s == pytest.approx(2.0, abs=0.1)


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    """One still frame has a size and hardly any duration."""
    video = probe(clips.write(tmp_path / "still.mp4", pictures.numbered(1)))

    assert (video.width_px, video.height_px) == (320, 180)
    assert video.duration_s <= 0.1


class TestRefusals:
    """Every bad file gets a sentence that names it and the remedy."""

    def test_a_missing_file(self, tmp_path: Path) -> None:
        """The path is wrong."""
        with pytest.raises(UnreadableVideo, match=r"gone\.mp4: no such file \(check the path\)"):
            probe(tmp_path / "gone.mp4")

    def test_a_folder(self, tmp_path: Path) -> None:
        """A folder is no video."""
        with pytest.raises(UnreadableVideo, match="a folder, not a video"):
            probe(tmp_path)

    def test_an_empty_file(self, tmp_path: Path) -> None:
        """Zero bytes."""
        (tmp_path / "empty.mp4").touch()
        with pytest.raises(UnreadableVideo, match="0 bytes"):
            probe(tmp_path / "empty.mp4")

    def test_a_text_file(self, tmp_path: Path) -> None:
        """Not media at all."""
        (tmp_path / "notes.mp4").write_text("these are not the frames you are looking for\n" * 99)
        with pytest.raises(UnreadableVideo, match="not a video"):
            probe(tmp_path / "notes.mp4")

    @pytest.mark.parametrize("listing", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"])
    def test_a_playlist_opens_no_other_file(self, tmp_path: Path, numbered_clip: Path, listing: str) -> None:
        """A text that names local files is not followed, whatever it is called."""
        playlist = tmp_path / "playlist.mp4"
        playlist.write_text(listing.format(numbered_clip))
        with pytest.raises(UnreadableVideo, match=r"a (playlist|text)"):
            probe(playlist)

    def test_sound_only(self, tmp_path: Path) -> None:
        """A podcast has no picture."""
        with pytest.raises(UnreadableVideo, match="sound only, no video in it"):
            probe(clips.write_audio_only(tmp_path / "podcast.mp4"))

    def test_a_file_cut_short_before_its_index(self, tmp_path: Path) -> None:
        """An upload that broke off: the index at the end is missing."""
        path = clips.cut_short(clips.write_plain(tmp_path / "upload.mp4"))
        with pytest.raises(UnreadableVideo, match="the index of this MP4 file is missing: it was cut short"):
            probe(path)

    def test_an_encrypted_file(self, tmp_path: Path) -> None:
        """DRM is named as the cause."""
        path = clips.write(tmp_path / "drm.mp4", pictures.numbered(10), clips.ENCRYPTED)
        with pytest.raises(UnreadableVideo, match="encrypted"):
            probe(path)

    def test_too_many_pixels(self, numbered_clip: Path) -> None:
        """A size beyond the limit is refused before decoding."""
        with pytest.raises(VideoTooLarge, match="320x180"):
            probe(numbered_clip, VideoLimits(pixels=320 * 180 - 1))

    def test_too_many_streams(self, tmp_path: Path) -> None:
        """So is a file with more streams than anyone needs."""
        path = clips.write(tmp_path / "many.mp4", pictures.numbered(10), audio_s=0.4)
        with pytest.raises(VideoTooLarge, match="2 streams, the limit is 1"):
            probe(path, VideoLimits(streams=1))


class TestLaterPieces:
    """A file may be a later piece of a video that is served in pieces."""

    @pytest.fixture
    def piece(self, tmp_path: Path) -> Path:
        """Two seconds, of which the picture of frame n is shown n/25 s after the piece begins."""
        return clips.write(tmp_path / "piece.ts", pictures.numbered(50))

    def test_times_count_from_the_start_of_the_whole(self, piece: Path) -> None:
        """The picture of a piece that begins at 600 s starts there, and ends 2 s later."""
        video = probe(piece, begins_at_s=600.0)

        assert video.start_s == pytest.approx(600.0, abs=0.1)
        assert video.duration_s == pytest.approx(602.0, abs=0.1)
        assert video.length_s == pytest.approx(2.0, abs=0.1)

    def test_a_still_is_asked_for_at_a_moment_of_the_whole(self, piece: Path) -> None:
        """Frame 30 of the piece is shown 1.2 s after it begins."""
        [still] = take_stills(probe(piece, begins_at_s=600.0), [601.21], refine=False)

        assert pictures.read_number(still.rgb) == 30
        assert still.time_s == pytest.approx(601.2, abs=0.001)

    def test_a_piece_is_scanned_as_if_it_were_alone(self, piece: Path) -> None:
        """It has the same candidates and shots, later."""
        alone, later = scan(probe(piece)), scan(probe(piece, begins_at_s=600.0))

        times_s = [one.time_s + 600.0 for one in alone.candidates]
        assert [one.time_s for one in later.candidates] == pytest.approx(times_s)
        assert later.shot_starts_s[0] == pytest.approx(600.0, abs=0.1)

    def test_the_limit_of_length_is_that_of_a_piece(self, piece: Path) -> None:
        """A piece of two seconds that begins after seven hours is no video of seven hours."""
        assert probe(piece, begins_at_s=7 * 3600.0).length_s == pytest.approx(2.0, abs=0.1)
