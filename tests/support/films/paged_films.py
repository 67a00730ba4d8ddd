"""A film of which the host of `media_server` has the bytes, and of which the beginning is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.media import media_server as media
from worker.download.fetch import DownloadLimits, fetch_video
from worker.platforms.base import Rendition

if TYPE_CHECKING:
    from pathlib import Path

    from worker.files.video_file import VideoFile
    from worker.pipeline.sandbox.decoder import Decoder

FORMS = {"film.mp4": (), "first.mp4": ("-movflags", "faststart"), "film.webm": ("-f", "matroska")}
"""How films are packed: the index at the end, at the start, and Matroska."""
LIMITS = DownloadLimits(max_bytes=200_000_000, timeout_s=60, allow_loopback=True)


def begin(
    server: media.MediaServer, folder: Path, limits: DownloadLimits = LIMITS, path: str = "/film.mp4"
) -> VideoFile:
    """Fetch the beginning of a film."""
    file = fetch_video(Rendition(f"{server.url}{path}"), folder, limits)
    assert file.pages is not None
    return file


def look_at(file: VideoFile, decoder: Decoder) -> None:
    """Read of it what a run reads before it scores anything."""
    try:
        decoder.begin(file.path.parent)
        decoder.scan(decoder.probe(file.path, pages=file.pages))
    finally:
        file.close()


def from_then_on(server: media.MediaServer, answer: media.Answer, path: str = "/film.mp4") -> None:
    """Answer so every request but that for the beginning and the first for a part."""
    requests = iter(range(1_000_000))

    def answers(handler: media.Handler, content: bytes) -> None:
        (answer if next(requests) > 1 else media.whole)(handler, content)

    server.answers[path] = answers
