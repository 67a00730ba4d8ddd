"""Which videos the words of a command mean, before anything is started for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.media import clips
from worker.local.video_paths import FoundVideos, find_videos, split_list

OUT = Path("thumbs-out")


@pytest.fixture
def films(numbered_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of videos, and of much else that lies beside videos, as it is named from around it."""
    monkeypatch.chdir(tmp_path)
    video = numbered_clip.read_bytes()
    for name in ("b.mp4", "A.MOV", "no-ending", ".hidden.mp4", "deep/c.mkv", ".cache/d.mp4", "deep/er/e.mp4"):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video)
    clips.write_audio_only(tmp_path / "films/song.m4a")
    (tmp_path / "films/types.ts").write_text("const answer: number = 42;")
    (tmp_path / "films/cover.jpg").write_bytes(b"\xff\xd8\xff\xe0 a picture")
    (tmp_path / "films/empty").touch()
    os.mkfifo(tmp_path / "films/pipe")
    return Path("films")


def names_in(found: FoundVideos) -> list[str]:
    """List what was found, as it is named."""
    return [video.name for video in found.videos]


def test_a_folder_stands_for_the_videos_in_it(films: Path) -> None:
    """By their endings or their first bytes; what is hidden or something else is counted, and no failure."""
    found = find_videos([str(films)], OUT, recursive=False)

    assert names_in(found) == ["films/A.MOV", "films/b.mp4", "films/no-ending"]
    assert [video.error for video in found.videos] == [None, None, None]
    assert (found.hidden, found.not_videos) == (2, 5)


def test_folders_in_a_folder_are_looked_into_on_request(films: Path) -> None:
    """Each video knows the way to it, so that those of one name stay apart; hidden folders stay closed."""
    found = find_videos([f"{films}/"], OUT, recursive=True)

    assert {video.name: str(video.within) for video in found.videos} == {
        "films/A.MOV": ".",
        "films/b.mp4": ".",
        "films/no-ending": ".",
        "films/deep/c.mkv": "deep",
        "films/deep/er/e.mp4": "deep/er",
    }


def test_what_was_written_is_not_looked_into(films: Path) -> None:
    """The folder for pictures may lie among the videos."""
    found = find_videos([str(films)], films / "deep", recursive=True)

    assert not [name for name in names_in(found) if "deep" in name]


def test_a_video_of_a_folder_that_cannot_be_one_is_a_failure(films: Path) -> None:
    """It is called as videos are, so somebody counts on it: text in it, nothing in it, a link to nowhere."""
    (films / "text.mp4").write_text("hello")
    (films / "empty.mkv").touch()
    (films / "gone.webm").symlink_to("nowhere.webm")

    found = find_videos([str(films)], OUT, recursive=False)

    assert {
        video.name: str(video.error).split(":")[1].split(",")[0].strip()
        for video in found.videos
        if video.error
    } == {
        "films/text.mp4": "a text",
        "films/empty.mkv": "the file is empty",
        "films/gone.webm": "no such file (check the path)",
    }


def test_a_folder_without_videos_says_where_else_to_look(films: Path) -> None:
    """Only where there is somewhere else."""
    (films / "none/below").mkdir(parents=True)

    (flat,) = find_videos([f"{films}/none"], OUT, recursive=False).videos
    (deep,) = find_videos([f"{films}/none"], OUT, recursive=True).videos

    assert str(flat.error) == "a folder without a video in it; --recursive looks into its folders"
    assert str(deep.error) == "a folder without a video in it"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("", "not the name of a file"),
        ("zero\0byte.mp4", "not the name of a file"),
        ("/dev/null", "a device or a pipe"),
        ("films/pipe", "a device or a pipe"),
        ("a" * 300 + ".mp4", "no such file"),
        ("https://example.com/a.mp4", "an address, not a file; download the video"),
        ("films/cover.jpg", "a picture (JPEG), not a video"),
        ("films/types.ts", "a text, not a video"),
        ("archive.zip", "an archive (ZIP), not a video; unpack it"),
        ("list.m3u8", "a playlist (HLS or M3U), which only names videos"),
        ("talk.pdf", "a document (PDF), not a video"),
    ],
)
@pytest.mark.usefixtures("films")
def test_what_is_no_video_is_called_by_its_name(word: str, sentence: str) -> None:
    """At once: nothing has to be opened for it. What was typed is kept as it is."""
    Path("archive.zip").write_bytes(b"PK\x03\x04 and so on")
    Path("list.m3u8").write_text("#EXTM3U\nhttps://example.com/1.ts")
    Path("talk.pdf").write_bytes(b"%PDF-1.7\n\x80\x81")

    (video,) = find_videos([word], OUT, recursive=False).videos

    assert video.name == word
    assert sentence in str(video.error)


def test_a_list_has_a_path_on_each_line() -> None:
    """Of Windows too; empty lines say nothing, and spaces belong to names."""
    assert split_list(b"a.mp4\r\n\n b c.mp4 \nd", by_null=False) == ["a.mp4", " b c.mp4 ", "d"]


def test_a_list_with_zero_bytes_takes_every_name() -> None:
    """As `find -print0` writes it: with line breaks and what is no text."""
    assert split_list(b"a\nb.mp4\0\xff.mp4\0", by_null=True) == ["a\nb.mp4", os.fsdecode(b"\xff.mp4")]
