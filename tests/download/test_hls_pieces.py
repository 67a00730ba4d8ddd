"""Of a long HLS stream the beginnings of segments are fetched, and show the moments of the whole stream."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest

from tests.support.media import clips, pictures
from tests.support.media import media_server as media
from tests.support.media.media_server import MediaServer
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import DownloadFailed
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.files.video_file import VideoFile
    from worker.pipeline.frames import Scan
    from worker.pipeline.sandbox.decoder import Decoder

LIMITS = DownloadLimits(max_bytes=200_000_000, timeout_s=60, allow_loopback=True)
FILM_S, SEGMENT_S = 660, 6
SCENE_FRAMES = 525  # no whole number of segments, so that each shows other numbers than the next
INDEX = "index.m3u8"
KINDS = {
    "ts": (),
    "mp4": ("-hls_segment_type", "fmp4"),
    "mp4-parts": ("-hls_segment_type", "fmp4", "-hls_flags", "single_file"),
}


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Repeat a clip for eleven minutes, in each kind of stream."""
    folder, ffmpeg = tmp_path_factory.mktemp("long"), imageio_ffmpeg.get_ffmpeg_exe()
    scene = folder / "scene.mp4"
    options = {"g": "75", "bf": "2", "crf": "12", "preset": "ultrafast"}
    clips.write(scene, pictures.numbered(SCENE_FRAMES), clips.Format(options=options))
    files: dict[str, bytes] = {}
    for kind, form in KINDS.items():
        out = folder / kind
        out.mkdir()
        cut = ("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_playlist_type", "vod", *form)
        loop = ("-stream_loop", "-1", "-i", scene, "-t", str(FILM_S), "-c", "copy", "-an", *cut)
        subprocess.run([ffmpeg, "-v", "error", *loop, INDEX], check=True, cwd=out)
        files |= {f"/{kind}/{path.name}": path.read_bytes() for path in out.iterdir()}
    return files


@pytest.fixture
def server(streams: dict[str, bytes]) -> Iterator[MediaServer]:
    """Run a platform's media server."""
    with MediaServer(streams) as running:
        yield running


def begin(server: MediaServer, folder: Path, kind: str = "ts") -> VideoFile:
    """Fetch the beginnings of a stream's segments."""
    return fetch_video(Rendition(f"{server.url}/{kind}/{INDEX}", is_hls=True), folder, LIMITS)


def look_at(file: VideoFile, decoder: Decoder) -> Scan:
    """Scan it, as a run does."""
    decoder.begin(file.path.parent)
    try:
        return decoder.scan(
            decoder.probe(
                file.path,
                is_assembled=file.is_assembled,
                is_sparse=file.is_sparse,
                pieces=file.pieces,
                pages=file.pages,
            )
        )
    finally:
        file.close()


def segments_answer(server: MediaServer, kind: str, answer: media.Answer) -> None:
    """Answer so whoever asks for a segment of a stream."""
    for path in server.files:
        if path.startswith(f"/{kind}/") and not path.endswith(INDEX):
            server.answers[path] = answer


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_show_what_the_stream_has_at_those_moments(
    server: MediaServer, streams: dict[str, bytes], decoder: Decoder, tmp_path: Path, kind: str
) -> None:
    """In every minute, frame by frame, from a part of its bytes."""
    file = begin(server, tmp_path, kind)
    assert file.pages is not None

    seen = look_at(file, decoder)

    assert seen.is_sampled
    assert len(seen.candidates) >= FILM_S / SEGMENT_S / 2
    assert {int(one.time_s // 60) for one in seen.candidates} >= set(range(FILM_S // 60))
    shown = [
        (pictures.read_number(one.rgb), round(one.time_s * 25) % SCENE_FRAMES) for one in seen.candidates
    ]
    assert [one for one in shown if one[0] != one[1]] == []
    total_bytes = sum(len(content) for path, content in streams.items() if path.startswith(f"/{kind}/"))
    assert file.pages.fetched_bytes < 0.6 * total_bytes  # type: ignore[attr-defined]


def without_parts(handler: media.Handler, content: bytes) -> None:
    """Send whole files, and refuse whoever asks for a part."""
    (media.status(416) if "Range" in handler.headers else media.whole)(handler, content)


def elsewhere(handler: media.Handler, content: bytes) -> None:
    """Send another part than was asked for."""
    if "Range" not in handler.headers:
        media.whole(handler, content)
        return
    part = content[1000:2000]
    head = {"Content-Range": f"bytes 1000-1999/{len(content)}", "Content-Length": len(part)}
    handler.reply(206, head, part)


def of_a_shorter_file(handler: media.Handler, content: bytes) -> None:
    """Send what was asked for, of a file that is said to be shorter than that."""
    if "Range" not in handler.headers:
        media.whole(handler, content)
        return
    part = content[: 128 * 1024]
    handler.reply(206, {"Content-Range": "bytes 0-9/10", "Content-Length": len(part)}, part)


@pytest.mark.parametrize("answer", [media.without_ranges, without_parts, elsewhere])
def test_a_host_that_sends_no_parts_sends_whole_segments(
    server: MediaServer, decoder: Decoder, tmp_path: Path, answer: media.Answer
) -> None:
    """Of some of them, in the same attempt."""
    segments_answer(server, "ts", answer)

    file = begin(server, tmp_path)

    assert file.pages is None
    assert file.is_sparse
    whole = {path for path in server.paths if path.endswith(".ts")}
    assert len(whole) >= 60
    assert look_at(file, decoder).is_sampled


def test_a_host_that_lies_about_a_segments_length_is_not_believed(
    server: MediaServer, tmp_path: Path
) -> None:
    """Its bytes would lie over those of the next segment."""
    segments_answer(server, "ts", of_a_shorter_file)

    try:
        file = begin(server, tmp_path)
    except DownloadFailed:
        return
    assert file.pages is None


def test_a_part_without_end_fills_no_memory(server: MediaServer, tmp_path: Path) -> None:
    """A host that goes on sending is left as soon as more came than was asked for."""
    sent: list[int] = []

    def endless(handler: media.Handler, content: bytes) -> None:
        handler.reply(206, {"Content-Range": f"bytes 0-131071/{len(content)}", "Connection": "close"})
        chunk = bytes(64 * 1024)
        while len(sent) < 4000:
            handler.wfile.write(chunk)
            sent.append(len(chunk))

    segments_answer(server, "ts", endless)

    with pytest.raises(DownloadFailed, match="more came than was asked for"):
        begin(server, tmp_path)
    assert len(sent) < 4000
