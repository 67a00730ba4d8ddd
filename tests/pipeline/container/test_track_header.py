"""The header of a track is read where PyAV does not tell it, whatever a stranger wrote into it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import av
import pytest

from tests.support.media import clips, pictures
from tests.support.media import container_edits as edits
from worker.pipeline.container.headers import bounded_file
from worker.pipeline.container.headers.matroska_tracks import video_tracks
from worker.pipeline.container.headers.mp4_boxes import sample_entry_boxes
from worker.pipeline.container.headers.track_header import TrackHeader, read_track_header

if TYPE_CHECKING:
    from pathlib import Path

DOLBY_VISION_5 = bytes.fromhex("01000a1d") + bytes(20)


def written(path: Path, **options: str) -> Path:
    """Write a short clip."""
    return clips.write(path, pictures.numbered(5), clips.Format(muxer_options=options))


def header(path: Path) -> TrackHeader:
    """Read the header of the first video stream, as FFmpeg numbers it."""
    with av.open(path) as container:
        return read_track_header(path, container, container.streams.video[0])


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_boxes_of_mp4_are_read(tmp_path: Path, suffix: str) -> None:
    """By their names, with what they hold."""
    path = written(tmp_path / f"a.{suffix}")
    edits.add_to_sample_entry(path, edits.clean_aperture(300, 170) + edits.box("dvcC", DOLBY_VISION_5))

    boxes = header(path).boxes

    assert boxes["dvcC"] == DOLBY_VISION_5
    assert boxes["clap"][:16] == struct.pack(">4I", 300, 1, 170, 1)
    assert "avcC" in boxes


def test_the_boxes_are_those_of_the_stream(tmp_path: Path) -> None:
    """The track is found by its number, not by its place."""
    path = edits.add_to_sample_entry(written(tmp_path / "a.mp4"), edits.clean_aperture(300, 170))

    assert sample_entry_boxes(path, 1)
    assert not sample_entry_boxes(path, 2)


def test_a_film_in_fragments_has_its_header_first(tmp_path: Path) -> None:
    """The header is found before the fragments, and after a long `mdat`."""
    first = written(tmp_path / "first.mp4", movflags="frag_keyframe+empty_moov")
    path = written(tmp_path / "last.mp4")
    content = path.read_bytes()
    at = content.index(b"mdat") - 4
    path.write_bytes(content[:at] + struct.pack(">I4sQ", 1, b"free", 20) + bytes(4) + content[at:])

    assert "avcC" in sample_entry_boxes(first, 1)
    assert "avcC" in sample_entry_boxes(path, 1)


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_elements_of_matroska_are_read(tmp_path: Path, suffix: str) -> None:
    """What is cut away of the picture, and the boxes of MP4 that have a place there too."""
    codec = "libx264" if suffix == "mkv" else "libvpx-vp9"
    path = clips.write(tmp_path / f"a.{suffix}", pictures.numbered(5), clips.Format(codec=codec))
    edits.add_to_matroska_track(path, video=edits.pixel_crop(2, 4, 6, 8))
    told = header(path)

    assert told.cut_px == (2, 4, 6, 8)
    assert not told.boxes


def test_dolby_vision_is_read_in_matroska(tmp_path: Path) -> None:
    """Under the name that it has in MP4."""
    path = written(tmp_path / "a.mkv")
    edits.add_to_matroska_track(path, entry=edits.dolby_vision(DOLBY_VISION_5))

    assert header(path) == TrackHeader({"dvcC": DOLBY_VISION_5}, (0, 0, 0, 0))


def test_a_live_recording_has_elements_of_unknown_size(tmp_path: Path) -> None:
    """Those that stand before the media are read all the same."""
    path = written(tmp_path / "a.mkv", live="1")

    assert len(video_tracks(path)) == 1


def test_other_containers_have_no_header_that_is_read(tmp_path: Path) -> None:
    """They are left to FFmpeg."""
    assert header(written(tmp_path / "a.ts")) == TrackHeader()


HOSTILE_MP4 = {
    "empty": b"",
    "half a size": b"\0\0",
    "size 0 for ever": edits.box("moov", edits.box("trak", b"", size=0), size=0),
    "size 1 without a long size": edits.box("moov", edits.box("trak", b"", size=1), size=1),
    "a long size of 0": struct.pack(">I4sQ", 1, b"moov", 0),
    "a long size beyond all": struct.pack(">I4sQ", 1, b"moov", (1 << 64) - 1) + bytes(64),
    "smaller than its header": edits.box("moov", bytes(64), size=7),
    "beyond the end": edits.box("moov", edits.box("trak", bytes(64), size=0xFFFFFFFF), size=0xFFFFFFFF),
    "an empty tkhd": edits.box("moov", edits.box("trak", edits.box("tkhd", b""))),
    "a tkhd of no version": edits.box("moov", edits.box("trak", edits.box("tkhd", b"\xff" * 32))),
    "a film of headers": edits.box("moov", edits.box("trak", b"") * 100_000),
}
HOSTILE_MATROSKA = {
    "empty": b"",
    "no id": bytes(64),
    "an id alone": b"\x18\x53\x80\x67",
    "no size": b"\x18\x53\x80\x67" + bytes(64),
    "unknown sizes all the way": (b"\x18\x53\x80\x67\xff" + b"\x16\x54\xae\x6b\xff") + b"\xae\xff" * 1000,
    "beyond the end": edits.element(0x18538067, b"")[:4] + b"\x01" + b"\xff" * 6 + b"\xfe" + b"\xae",
    "sizes of 0": edits.element(0x18538067, edits.element(0x1654AE6B, b"\xae\x80" * 100_000)),
    "within itself": edits.element(0x18538067, edits.element(0x18538067, bytes(16)) * 10),
}


@pytest.mark.parametrize("kind", HOSTILE_MP4)
def test_a_hostile_mp4_has_no_boxes(tmp_path: Path, kind: str) -> None:
    """It ends, and raises nothing."""
    path = tmp_path / "a.mp4"
    path.write_bytes(HOSTILE_MP4[kind])

    assert sample_entry_boxes(path, 1) == {}


@pytest.mark.parametrize("kind", HOSTILE_MATROSKA)
def test_a_hostile_matroska_cuts_nothing_away(tmp_path: Path, kind: str) -> None:
    """It ends, and raises nothing."""
    path = tmp_path / "a.mkv"
    path.write_bytes(HOSTILE_MATROSKA[kind])

    assert all(track.cut_px == (0, 0, 0, 0) for track in video_tracks(path))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_header_that_breaks_off_anywhere_is_harmless(tmp_path: Path, suffix: str) -> None:
    """As in a file that was cut short."""
    path = written(tmp_path / f"a.{suffix}")
    content = path.read_bytes()
    start = content.index(b"moov" if suffix == "mp4" else b"\x16\x54\xae\x6b")
    for end in range(start, min(start + 700, len(content))):
        path.write_bytes(content[:end])
        if suffix == "mp4":
            sample_entry_boxes(path, 1)
        else:
            video_tracks(path)


def test_only_so_much_is_read_of_a_file(tmp_path: Path) -> None:
    """A header may be as long as the disk is large, and say that it is one box."""
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        file.truncate(bounded_file.MAX_BYTES * 4)

    with bounded_file.open_bounded(path) as bounded:
        assert len(bounded.read(0, bounded.size)) == bounded_file.MAX_BYTES
        assert bounded.read(0, 8) == b""

    with bounded_file.open_bounded(path) as bounded:
        reads = [bounded.read(at, at + 1) for at in range(bounded_file.MAX_READS + 1)]
        assert (reads[0], reads[-2], reads[-1]) == (b"\0", b"\0", b"")
