"""Films that count as large, a host that has them, and a decode process."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest

from tests.support.films.paged_films import FORMS
from tests.support.media.media_server import MediaServer
from tests.support.media.pictures import footage_path
from worker.download import fetch
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILM_S = 900


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Repeat a clip for a quarter of an hour: index at the end, index at the start, and Matroska."""
    folder, ffmpeg = tmp_path_factory.mktemp("films"), imageio_ffmpeg.get_ffmpeg_exe()
    scene = folder / "scene.mp4"
    source = ("-i", footage_path("bikes"), "-vf", "scale=480:-2", "-g", "50", "-bf", "2", "-b:v", "900k")
    subprocess.run([ffmpeg, "-v", "error", *source, scene], check=True)
    for name, packing in FORMS.items():
        loop = ("-stream_loop", "-1", "-i", scene, "-t", str(FILM_S), "-c", "copy", *packing)
        subprocess.run([ffmpeg, "-v", "error", *loop, folder / name], check=True)
    return {f"/{name}": folder / name for name in FORMS}


@pytest.fixture
def server(films: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaServer]:
    """Run a platform's media server, whose films count as large."""
    monkeypatch.setattr(fetch, "WHOLE_BYTES", 10_000_000)
    with MediaServer({path: file.read_bytes() for path, file in films.items()}) as running:
        yield running


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """Return one decode process for all tests here."""
    with Decoder() as decoder:
        yield decoder
