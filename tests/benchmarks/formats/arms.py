"""Who picks: this project, and FFmpeg's `thumbnail` filter by whatever FFmpeg is at hand."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import av
import cv2
import numpy as np
from av.filter import Graph

from worker.errors import ThumbsError
from worker.pipeline.jpeg import decode_jpeg
from worker.pipeline.options import Options
from worker.pipeline.pick import pick_thumbnails

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb
    from worker.pipeline.sandbox.decoder import Decoder
    from worker.pipeline.scoring.models import Models

COUNT = 3
_DEADLINE_S = 60
_MAX_TOLD = 160


class Refused(Exception):
    """There is no thumbnail; the message is what the user is told."""


@dataclass(frozen=True, slots=True)
class MadeThumbnail:
    """A picture, and the moment in seconds that it is said to be of."""

    rgb: Rgb
    time_s: float | None


class Arm(Protocol):
    """Something that picks thumbnails."""

    name: str

    def pick(self, path: Path) -> list[MadeThumbnail]:
        """Pick from a file.

        Raises:
            Refused: there is none.
        """
        ...


class Ours:
    """The pipeline, with the decode child that a worker has; all picks count, so that the worst one does."""

    name = "ours"

    def __init__(self, models: Models, decoder: Decoder) -> None:
        self._models, self._decoder = models, decoder

    def pick(self, path: Path) -> list[MadeThumbnail]:
        """Pick three pictures of the whole shape."""
        try:
            run = pick_thumbnails(
                path, Options(count=COUNT, aspects=("source",)), self._models, self._decoder
            )
        except ThumbsError as error:
            raise Refused(str(error)) from error
        return [MadeThumbnail(decode_jpeg(pick.crops[0].jpeg), pick.time_s) for pick in run.picks]


class FfmpegCommand:
    """`ffmpeg -i FILE -vf thumbnail -frames:v 1 out.png`, which turns pictures by itself."""

    def __init__(self, program: str) -> None:
        self._program = program
        told = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stdout
        self.name = f"FFmpeg {told.split()[2].partition('-')[0].removeprefix('n')}"

    def pick(self, path: Path) -> list[MadeThumbnail]:
        """Let the filter choose one picture of the first hundred."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.png"
            command = [self._program, "-hide_banner", "-nostdin", "-i", str(path)]
            command += ["-vf", "thumbnail,showinfo", "-frames:v", "1", str(out)]
            try:
                done = subprocess.run(
                    command,
                    capture_output=True,
                    check=False,
                    timeout=_DEADLINE_S,
                    text=True,
                    errors="replace",
                )
            except subprocess.TimeoutExpired as error:
                raise Refused(f"no picture within {_DEADLINE_S} s") from error
            picture = cv2.imread(str(out), cv2.IMREAD_UNCHANGED) if out.exists() else None
        if picture is None:  # where errors were many, it says that it failed, and yet there is one
            raise Refused((done.stderr.strip().splitlines() or [""])[-1][:_MAX_TOLD])
        moments = re.findall(r"pts_time:\s*(-?[\d.]+)", done.stderr)
        return [MadeThumbnail(_on_black(picture), float(moments[0]) if moments else None)]


class FfmpegFilter:
    """FFmpeg's filter by PyAV, where there is no command: pictures stay as they are stored."""

    name = f"FFmpeg's filter by PyAV {av.__version__}, not turned"

    def pick(self, path: Path) -> list[MadeThumbnail]:
        """Let the filter choose one picture of the first hundred."""
        try:
            with av.open(path) as container:
                stream = container.streams.best("video")
                if stream is None:
                    raise Refused("no video")
                graph = Graph()
                graph.link_nodes(
                    graph.add_buffer(template=stream), graph.add("thumbnail"), graph.add("buffersink")
                ).configure()
                start_s = (container.start_time or 0) / av.time_base
                for frame in container.decode(stream):
                    graph.push(frame)
                    try:
                        return [_thumbnail(graph.pull(), start_s)]
                    except av.BlockingIOError:
                        continue
                graph.push(None)
                return [_thumbnail(graph.pull(), start_s)]
        except av.FFmpegError as error:
            raise Refused(str(error)[:_MAX_TOLD]) from error


def _thumbnail(frame: object, start_s: float) -> MadeThumbnail:
    assert isinstance(frame, av.VideoFrame)
    return MadeThumbnail(
        frame.to_ndarray(format="rgb24"), None if frame.time is None else frame.time - start_s
    )


def _on_black(picture: np.ndarray) -> Rgb:
    """Read a PNG of 8 or 16 bits, grey or with alpha, as the JPEG of it would look."""
    if picture.dtype == np.uint16:
        picture = (picture / 257).round().astype(np.uint8)
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    if picture.shape[2] == 4:
        alpha = picture[..., 3:] / 255.0
        picture = (picture[..., :3] * alpha).round().astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def ffmpeg() -> Arm:
    """Return FFmpeg's arm: the command on the PATH, else imageio-ffmpeg's, else the filter alone."""
    program = shutil.which("ffmpeg")
    if program is None:
        try:
            import imageio_ffmpeg  # noqa: PLC0415 (optional)
        except ImportError:
            return FfmpegFilter()
        program = imageio_ffmpeg.get_ffmpeg_exe()
    return FfmpegCommand(program)
