"""How long a picture is, and which files were cut short."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.media import clips, pictures, recordings
from tests.support.media.recordings import Film
from worker.errors import UnreadableVideo, VideoTooLarge
from worker.pipeline.container import length
from worker.pipeline.container.probe import probe
from worker.pipeline.media import VideoLimits
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.video.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.scoring.models import Models

FAST_START = clips.Format(muxer_options={"movflags": "faststart"})


class TestSoundOutlastsThePicture:
    """A podcast has one picture, and a song goes on when its film is over: such files are whole."""

    @pytest.mark.parametrize("name", ["podcast.mkv", "podcast.mp4", "podcast.flv", "podcast.ts"])
    def test_one_picture_and_sound(self, tmp_path: Path, name: str) -> None:
        """Its length is that of the picture."""
        film = Film(pictures.numbered(1))

        video = probe(recordings.several_streams(tmp_path / name, [film], audio_s=8.0))

        assert video.duration_s < 0.2
        assert not video.notes
        assert len(scan(video).candidates) == 1

    @pytest.mark.parametrize("name", ["song.mkv", "song.mp4", "song.flv", "song.ts", "song.wmv"])
    def test_a_film_that_ends_before_its_song(self, tmp_path: Path, name: str) -> None:
        """Only where the picture ends by its own packets, is it over."""
        codec = "wmv2" if name.endswith("wmv") else "libx264"
        film = Film(pictures.numbered(50), codec=codec)

        video = probe(recordings.several_streams(tmp_path / name, [film], audio_s=12.0))

        assert video.duration_s == pytest.approx(2.0, abs=0.15)
        assert not video.notes

    def test_a_last_slide_that_stays(self, tmp_path: Path) -> None:
        """A slide may be shown until the end that the file states."""
        path = clips.write(tmp_path / "slides.mkv", pictures.numbered(4), times_s=[0.0, 5.0, 10.0, 15.0])
        content = path.read_bytes()
        # The tag of the stream's length: all slides stay for five seconds.
        path.write_bytes(content.replace(b"00:00:15.0", b"00:00:20.0"))
        assert path.read_bytes() != content

        video = probe(path)

        assert video.duration_s == pytest.approx(20.0, abs=0.1)
        assert not video.notes

    def test_a_whole_file_that_states_too_much(self, tmp_path: Path) -> None:
        """A recorder of screens counts on while nothing changes; its file is whole by its size."""
        path = clips.write(tmp_path / "screen.webm", pictures.numbered(50), clips.Format(codec="libvpx-vp9"))
        content = path.read_bytes()
        path.write_bytes(content.replace(b"00:00:02.0", b"00:00:09.0"))
        assert path.read_bytes() != content

        video = probe(path)

        assert video.duration_s == pytest.approx(2.0, abs=0.1)
        assert not video.notes


class TestCutShort:
    """A file that broke off is picked from as far as it goes, and says so."""

    @pytest.mark.parametrize("name", ["upload.mp4", "upload.mkv", "upload.flv"])
    @pytest.mark.parametrize("audio_s", [0.0, 4.0])
    def test_there_is_a_note(self, tmp_path: Path, name: str, audio_s: float) -> None:
        """It names both lengths."""
        form = FAST_START if name.endswith("mp4") else clips.PLAIN
        whole = clips.write(tmp_path / name, pictures.numbered(100), form, audio_s=audio_s)
        path = clips.cut_short(whole, 0.6)

        video = probe(path)

        [note] = video.notes
        sentence = rf"the file was cut short: it ends at {video.duration_s:.1f} s of 4\.[01] s"
        assert re.fullmatch(sentence, note)
        assert 1.0 < video.duration_s < 3.5
        assert all(one.time_s < video.duration_s for one in scan(video).candidates)

    def test_a_run_says_it(self, tmp_path: Path, models: Models) -> None:
        """The note of the file is a note of the run."""
        whole = clips.write(tmp_path / "upload.mp4", pictures.footage("bikes", 100), FAST_START)
        path = clips.cut_short(whole, 0.6)

        with Decoder() as decoder:
            run = pick_thumbnails(path, Options(), models, decoder)

        assert run.note.startswith("the file was cut short: it ends at ")
        assert run.picks

    def test_next_to_nothing_is_left(self, tmp_path: Path) -> None:
        """One frame of eight seconds says nothing about a video."""
        path = clips.write(tmp_path / "upload.mkv", pictures.numbered(200))
        with av.open(path) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
            second = packets[1].pos or 0
        path.write_bytes(path.read_bytes()[: second + 3])

        with pytest.raises(UnreadableVideo, match=r"ends at 0\.\d s of 8\.0 s, so it was cut short"):
            probe(path)


class TestTooLong:
    """The limit of length holds for what is played."""

    def test_a_video_beyond_the_limit(self, numbered_clip: Path) -> None:
        """The sentence says what to do."""
        with pytest.raises(VideoTooLarge, match=r"cut it into shorter parts"):
            probe(numbered_clip, VideoLimits(duration_s=1.5))

    def test_two_pictures_half_a_day_apart(self, tmp_path: Path) -> None:
        """A slip of a stamp makes no video of twelve hours."""
        half_a_day_s = [0.0, 0.04, 12 * 3600.0]
        path = clips.write(tmp_path / "day.mkv", pictures.numbered(3), times_s=half_a_day_s)

        video = probe(path)

        assert video.duration_s == pytest.approx(12 * 3600.0, abs=60.0)
        assert [one.time_s for one in scan(video).candidates] == pytest.approx([0.0, 12 * 3600.0], abs=0.1)

    def test_a_year_of_slides(self, tmp_path: Path) -> None:
        """What really goes on for so long is refused."""
        form = clips.Format(rate=Fraction(1))
        times_s = [9.0 * n for n in range(2500)]
        path = clips.write(
            tmp_path / "slides.mkv", pictures.solid((9, 9, 9), 2500, size=(32, 32)), form, times_s=times_s
        )

        with pytest.raises(VideoTooLarge, match=r"6\.\d h long, the limit is 6 h"):
            probe(path)


class TestTooLargeToRead:
    """From a slow disk, a large file takes longer to read than anybody waits; a part of it says enough."""

    @pytest.fixture(autouse=True)
    def read_little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a file of a few seconds be a large one."""
        monkeypatch.setattr(length, "MAX_READ_BYTES", 50_000)

    def test_a_large_file_that_was_cut_short(self, tmp_path: Path) -> None:
        """It is taken to end where the reading did, and says so."""
        whole = clips.write(tmp_path / "upload.mp4", pictures.numbered(200), FAST_START)
        path = clips.cut_short(whole, 0.8)
        assert path.stat().st_size > 2 * length.MAX_READ_BYTES

        video = probe(path)

        assert 0.5 < video.duration_s < 4.0
        sentence = f"the file is too large to find its end: it is taken to be {video.duration_s:.1f} s long"
        assert video.notes == (sentence,)

    def test_a_large_film_that_ends_before_its_song(self, tmp_path: Path) -> None:
        """A seek finds its last picture, so nothing is left out."""
        path = clips.write(tmp_path / "song.mkv", pictures.numbered(150), audio_s=9.0)
        # Without the tag, only the length of the song is stated.
        path.write_bytes(path.read_bytes().replace(b"DURATION", b"OTHERTAG"))
        assert path.stat().st_size > 2 * length.MAX_READ_BYTES

        video = probe(path)

        assert video.duration_s == pytest.approx(6.0, abs=0.15)
        assert not video.notes

    def test_a_large_video_beyond_the_limit(self, tmp_path: Path) -> None:
        """What was not read plays as fast as what was."""
        path = clips.write(tmp_path / "day.mkv", pictures.numbered(200))
        assert path.stat().st_size > 2 * length.MAX_READ_BYTES

        with pytest.raises(VideoTooLarge, match=r"cut it into shorter parts"):
            probe(path, VideoLimits(duration_s=6.0))
