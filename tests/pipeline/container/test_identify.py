"""A file that is no video is called what it is, and the sentence names the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.media import clips, pictures
from tests.support.media.not_videos import NOT_VIDEOS
from worker.errors import UnreadableVideo
from worker.pipeline.container.identify import sentence_about
from worker.pipeline.container.probe import probe

TS_PACKET_BYTES = 188


def sentence(path: Path) -> str:
    """What a person reads about a file, behind its name."""
    with pytest.raises(UnreadableVideo) as caught:
        probe(path)
    name, _, rest = str(caught.value).partition(": ")
    assert name == path.name
    return rest


@pytest.mark.parametrize("name", NOT_VIDEOS)
def test_each_kind_of_file_gets_its_own_sentence(tmp_path: Path, name: str) -> None:
    """Whatever its name ends in; here it always ends in what a video's does."""
    path = tmp_path / f"{name}.mp4"
    path.write_bytes(NOT_VIDEOS[name].content)

    assert sentence(path) == NOT_VIDEOS[name].sentence


@given(st.sampled_from(sorted(NOT_VIDEOS)), st.integers(0, 40), st.binary(max_size=40))
@example("moving.webp", 16, b"")
@example("moving.webp", 20, b"")
def test_whatever_the_first_bytes_are_there_is_a_sentence(name: str, kept: int, rest: bytes) -> None:
    """Cut off anywhere, or followed by anything: never a traceback."""
    head = NOT_VIDEOS[name].content[:kept] + rest

    assert re.search("; (send|convert|unpack|get|copy|check)", sentence_about(Path("/dev/null"), head))


def test_an_address_is_no_path() -> None:
    """People paste one in place of a file."""
    assert sentence(Path("https://www.example.com/a.mp4")) == (
        "an address, not a file; download the video and name the file"
    )


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    """The shell can name what is in it."""
    assert sentence(tmp_path) == f"a folder, not a video; name the videos in it, e.g. {tmp_path.name}/*.mp4"


@pytest.mark.parametrize("name", ["podcast.mp4", "podcast.mkv", "podcast.ts"])
def test_sound_in_a_file_for_videos_is_told_from_damage(tmp_path: Path, name: str) -> None:
    """Nothing is wrong with the file."""
    path = clips.write_audio_only(tmp_path / name)

    assert sentence(path) == "sound only, no video in it; send the file with the picture"


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    """A song with its album's picture."""
    cover, path = tmp_path / "cover.mov", tmp_path / "song.mp4"
    song = clips.write_audio_only(tmp_path / "sound.mp4")
    clips.write(cover, pictures.numbered(1), clips.Format(codec="mjpeg", pix_fmt="yuvj420p"))
    with av.open(song) as sound, av.open(cover) as picture, av.open(path, "w") as target:
        sources = [(one, one.streams[0]) for one in (sound, picture)]
        targets = [target.add_stream_from_template(stream) for _, stream in sources]
        targets[1].disposition = av.stream.Disposition.attached_pic
        for (container, source), added in zip(sources, targets, strict=True):
            for packet in container.demux(source):
                if packet.dts is not None:
                    packet.stream = added
                    target.mux(packet)

    assert sentence(path) == "sound with a cover picture, no video; send the file with the picture"


def test_a_scrambled_broadcast_is_called_encrypted(tmp_path: Path) -> None:
    """A recording of pay television plays only with its card."""
    path = clips.write(tmp_path / "film.ts", pictures.numbered(20))
    packets = bytearray(path.read_bytes())
    for start in range(0, len(packets), TS_PACKET_BYTES):
        if int.from_bytes(packets[start + 1 : start + 3], "big") & 0x1FFF == 0x100:
            packets[start + 3] |= 0x80
            packets[start + 12 : start + TS_PACKET_BYTES] = bytes(
                byte ^ 0x5A for byte in packets[start + 12 : start + TS_PACKET_BYTES]
            )
    path.write_bytes(packets)

    assert sentence(path) == "the video is encrypted (scrambled); send the unprotected file"
