"""The process that opens untrusted videos, and may be killed.

One `Decoder` is one confined child process (see `confine`), kept warm over many videos. A crash, a
hang or a memory bomb ends the child, never the caller: it becomes an error with a name, and the next
call gets a fresh child.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures import wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pebble

from worker.errors import DecodeTimedOut, DecoderCrashed, VideoTooLarge
from worker.pipeline import confine
from worker.pipeline.frames import Active, Scan, Still, Video

# The scan reads at most this much of a video frame by frame, so its deadline stops growing there.
PROBE_WALL_S = 60.0
SCAN_WALL_S = 120.0
SCAN_WALL_S_PER_VIDEO_S = 3.0
SCAN_WALL_MAX_S = 1800.0
STILLS_WALL_S = 180.0

_PROGRESS_POLL_S = 0.1

# The child's side of the progress value; set once by `_start_child`.
_progress: Any = None


class Decoder:
    """A confined child process that probes, scans and takes stills. Use as a context manager.

    One call at a time: give every thread a decoder of its own.
    """

    def __init__(self, limits: confine.ProcessLimits = confine.ProcessLimits()) -> None:
        context = multiprocessing.get_context("spawn")
        self._limits = limits
        self._fraction = context.Value("d", 0.0, lock=False)
        self._pool = pebble.ProcessPool(
            max_workers=1, initializer=_start_child, initargs=(limits, self._fraction), context=context
        )

    def __enter__(self) -> Self:
        # Loading FFmpeg and OpenCV takes the child half a second, during which the caller loads its model.
        self._pool.schedule(_warm_up)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the child, also in the middle of a task."""
        self._pool.stop()
        self._pool.join()

    def probe(self, path: Path) -> Video:
        """`probe.probe` in the child."""
        video: Video = self._call(path, "probe", "probe", (path,), wall_s=PROBE_WALL_S)
        return video

    def scan(self, video: Video, on_progress: Callable[[float], None] | None = None) -> Scan:
        """`scan.scan` in the child; `on_progress` gets the fraction done, 0..1."""
        wall_s = min(SCAN_WALL_S + SCAN_WALL_S_PER_VIDEO_S * video.duration_s, SCAN_WALL_MAX_S)
        scan: Scan = self._call(video.path, "scan", "scan", (video,), wall_s=wall_s, on_progress=on_progress)
        return scan

    def take_stills(self, video: Video, times_s: Sequence[float], active: Sequence[Active | None]) -> list[Still]:
        """`stills.take_stills` in the child."""
        arguments = (video, tuple(times_s), tuple(active))
        stills: list[Still] = self._call(video.path, "stills", "take_stills", arguments, wall_s=STILLS_WALL_S)
        return stills

    def _call(
        self,
        path: Path,
        module: str,
        function: str,
        arguments: tuple[Any, ...],
        *,
        wall_s: float,
        on_progress: Callable[[float], None] | None = None,
    ) -> Any:
        """Run one pipeline function in the child.

        Raises:
            DecodeTimedOut: no answer within `wall_s`, or more processor time than that on every core.
            DecoderCrashed: the child died.
            VideoTooLarge: the video needs more memory than the child may have.
            UnreadableVideo: as raised by the function.
        """
        self._fraction.value = 0.0
        cpu_s = wall_s * (os.cpu_count() or 1)
        future = self._pool.schedule(_run, args=[module, function, arguments, cpu_s], timeout=wall_s)
        while on_progress and wait([future], timeout=_PROGRESS_POLL_S).not_done:
            on_progress(self._fraction.value)
        try:
            return future.result()
        except FutureTimeoutError as exc:
            raise DecodeTimedOut(f"{path.name}: decoding took over {wall_s:.0f} s and was stopped") from exc
        except MemoryError as exc:
            raise VideoTooLarge(f"{path.name}: {self._memory_sentence()}") from exc
        except pebble.ProcessExpired as exc:
            raise self._crash(path, exc.exitcode or 0, cpu_s) from exc

    def _memory_sentence(self) -> str:
        limit = self._limits.address_space_bytes or 0
        return f"needs more than the {limit // confine.MIB} MiB a decoder may use (send a smaller rendition)"

    def _crash(self, path: Path, exit_code: int, cpu_s: float) -> DecoderCrashed | DecodeTimedOut:
        if exit_code == -signal.SIGXCPU:
            return DecodeTimedOut(f"{path.name}: decoding used over {cpu_s:.0f} s of processor time and was stopped")
        how = f"exit code {exit_code}"
        with contextlib.suppress(ValueError):
            how = signal.Signals(-exit_code).name
        return DecoderCrashed(
            f"{path.name}: the decoder died ({how}); the file may be damaged or hostile: export it again"
        )


def _start_child(limits: confine.ProcessLimits, progress: Any) -> None:
    global _progress  # noqa: PLW0603 - the one way to hand a shared value to later tasks of this process
    confine.confine(limits)
    _progress = progress


def _warm_up() -> None:
    for name in ("probe", "scan", "stills"):
        importlib.import_module(f"worker.pipeline.{name}")


def _run(module: str, function: str, arguments: tuple[Any, ...], cpu_s: float) -> Any:
    """Runs in the child."""
    confine.allow_cpu(cpu_s)
    call = getattr(importlib.import_module(f"worker.pipeline.{module}"), function)
    if function == "scan":
        return call(*arguments, on_progress=_report)
    return call(*arguments)


def _report(fraction: float) -> None:
    _progress.value = fraction
