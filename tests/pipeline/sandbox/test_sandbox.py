"""The decode process is confined, and its death is an error with a name."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.support.media import clips, hostile_decoder, pictures
from tests.support.sandbox import decode_processes
from tests.support.waiting import until
from worker.confinement.confine import ProcessLimits
from worker.errors import DecoderCrashed, DecodeTimedOut, Stopping, UnreadableVideo, VideoTooLarge
from worker.pipeline.sandbox.child_process import MODULE
from worker.pipeline.sandbox.decoder import Decoder

START_S = 60.0  # on a busy machine

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the limit exists on Linux only")


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    """Return a warm decoder for the module."""
    with Decoder() as decoder:
        yield decoder


def test_errors_of_the_pipeline_come_through(decoder: Decoder, tmp_path: Path) -> None:
    """A file that is no video is reported as such, with its sentence."""
    with pytest.raises(UnreadableVideo, match="no such file"):
        decoder.probe(tmp_path / "gone.mp4")


def test_a_large_file_is_given_the_time_to_be_read(
    decoder: Decoder, tmp_path: Path, numbered_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find the end of one that was cut short, from a disk of 50 MB/s; but no file takes hours."""
    walls_s: list[float] = []
    video = decoder.probe(numbered_clip)
    monkeypatch.setattr(decoder, "run", lambda *_, wall_s, **__: walls_s.append(wall_s) or video)
    sizes_bytes = [1_000, 4_000_000_000, 10**12]

    for size_bytes in sizes_bytes:
        path = tmp_path / "upload.mp4"
        path.write_bytes(b"")
        os.truncate(path, size_bytes)  # takes no room on the disk
        decoder.probe(path)

    assert walls_s[0] == pytest.approx(60.0, abs=0.1)
    assert walls_s[1] >= walls_s[0] + sizes_bytes[1] / 50e6
    assert walls_s[2] == 600.0


def test_progress_of_the_scan_is_reported(decoder: Decoder, tmp_path: Path) -> None:
    """The caller hears fractions that grow, of a video that takes a while."""
    frames = pictures.footage("bikes", 75, size=(160, 68)) * 12
    video = decoder.probe(clips.write(tmp_path / "half a minute.mp4", frames))
    heard: list[float] = []

    decoder.scan(video, heard.append)

    assert heard == sorted(heard)
    assert 0.0 < heard[-1] <= 1.0


def test_a_crash_is_an_error_and_the_next_call_works(decoder: Decoder, numbered_clip: Path) -> None:
    """A segmentation fault in the decoder costs one call."""
    with pytest.raises(DecoderCrashed, match="SIGSEGV"):
        hostile_decoder.call(decoder, "crash")

    assert decoder.probe(numbered_clip).codec == "h264"


def test_a_child_that_dies_while_idle_costs_nothing(numbered_clip: Path) -> None:
    """The system kills whom it likes when memory runs out; the next call starts another one."""
    with Decoder() as decoder:
        child = hostile_decoder.call(decoder, "process_id")
        os.kill(child, signal.SIGKILL)
        while _is_alive(child):
            time.sleep(0.01)

        assert decoder.probe(numbered_clip).codec == "h264"


def test_a_child_that_dies_while_it_answers_costs_one_call(numbered_clip: Path) -> None:
    """The next call does not read the other half of that answer."""
    with Decoder() as decoder:
        with pytest.raises(DecoderCrashed, match="SIGKILL"):
            hostile_decoder.call(decoder, "die_while_answering")

        assert decoder.probe(numbered_clip).codec == "h264"


def test_a_child_that_dies_before_its_first_call_costs_nothing(numbered_clip: Path) -> None:
    """It was loading its libraries; another one does."""
    others = _children()
    with Decoder() as decoder:
        (child,) = _children() - others
        child.suspend()
        threading.Timer(0.2, child.kill).start()

        assert decoder.probe(numbered_clip).codec == "h264"


def _children() -> set[psutil.Process]:
    ours = psutil.Process().children()
    return {process for process in ours if MODULE in process.cmdline()}


@linux_only
def test_a_child_loads_its_libraries_before_anybody_asks() -> None:
    """A worker loads its model or downloads a video meanwhile, and no job waits for it."""
    others = _children()
    with Decoder():
        (child,) = _children() - others
        until(lambda: decode_processes.waits(child.pid), START_S, "it waits for the first question")


def test_a_call_that_nobody_waits_for_is_ended(decoder: Decoder, numbered_clip: Path) -> None:
    """Within a moment, and the next call works."""

    def stop(_fraction: float) -> None:
        raise Stopping("enough")

    with pytest.raises(Stopping):
        decoder.run(
            hostile_decoder.hang,
            label="endless.mp4",
            wall_s=600.0,
            reads=hostile_decoder.READS,
            on_progress=stop,
        )

    assert decoder.probe(numbered_clip).codec == "h264"


def test_a_hang_is_an_error_and_the_next_call_works(decoder: Decoder, numbered_clip: Path) -> None:
    """A decoder that never comes back is stopped at its deadline."""
    with pytest.raises(DecodeTimedOut, match="stopped"):
        hostile_decoder.call(decoder, "hang", wall_s=0.5)

    assert decoder.probe(numbered_clip).codec == "h264"


@linux_only
def test_a_memory_bomb_is_too_large(numbered_clip: Path) -> None:
    """Memory beyond the limit is refused to the child; the caller hears what to do."""
    with Decoder() as decoder:
        with pytest.raises(VideoTooLarge, match=r"3072 MiB .* smaller rendition"):
            hostile_decoder.call(decoder, "hoard")

        assert decoder.probe(numbered_clip).codec == "h264"


def test_a_busy_loop_is_stopped_by_its_processor_time(decoder: Decoder) -> None:
    """Threads that burn processor time are stopped even before the deadline."""
    with pytest.raises(DecodeTimedOut, match="processor time"):
        hostile_decoder.call(decoder, "spin", cpu_s=0.5)


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment has none of the parent's variables, nor has the memory in which they came."""
    monkeypatch.setenv("MUX_TOKEN_SECRET", "do-not-tell")
    with Decoder() as decoder:
        environment, is_shown = hostile_decoder.call(decoder, "environment")

    assert "MUX_TOKEN_SECRET" not in environment
    assert not is_shown


def test_the_child_writes_no_file(decoder: Decoder, tmp_path: Path) -> None:
    """It may open none for writing, and where nothing keeps it from that, its file-size limit is zero."""
    with pytest.raises(UnreadableVideo) as caught:
        hostile_decoder.call(decoder, "write", str(tmp_path / "loot"))
    assert getattr(caught.value.__cause__, "errno", None) in {errno.EPERM, errno.EACCES, errno.EFBIG}
    assert hostile_decoder.call(decoder, "file_size_limit") == 0


@pytest.mark.parametrize(
    ("codec", "sentence"),
    [
        (
            "h264",
            "it is H.264, but cannot be decoded: the file may be damaged; copy or download it again, or",
        ),
        ("libdav1d", r"its picture \(AV1\) cannot be decoded; export it again as H\.264"),
        ("", "it cannot be read: the file may be damaged; copy or download it again, or export it again"),
    ],
)
def test_an_error_without_a_name_becomes_a_sentence_for_people(
    decoder: Decoder, tmp_path: Path, codec: str, sentence: str
) -> None:
    """Without a number of the system's, and without advice to change to the codec that it has."""
    with pytest.raises(UnreadableVideo, match=rf"^clip\.mp4: {sentence}") as caught:
        decoder.run(
            hostile_decoder.write,
            str(tmp_path / "loot"),
            label="clip.mp4",
            codec=codec,
            wall_s=20.0,
            reads=hostile_decoder.READS,
        )
    assert "rrno" not in str(caught.value)


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    """A parent that is killed leaves no decoder behind."""
    script = (
        "import sys\n"
        "from tests.support.media import clips, hostile_decoder, pictures\n"
        "from worker.pipeline.sandbox.decoder import Decoder\n"
        "if __name__ == '__main__':\n"
        "    with Decoder() as decoder:\n"
        "        print(hostile_decoder.call(decoder, 'process_id'), flush=True)\n"
        "        sys.stdin.read()\n"
    )
    program = tmp_path / "parent.py"
    program.write_text(script)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child_id = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline_s = time.monotonic() + 10
        while _is_alive(child_id) and time.monotonic() < deadline_s:
            time.sleep(0.05)

    assert not _is_alive(child_id)


def test_limits_can_be_tightened(numbered_clip: Path) -> None:
    """An operator may give the decoder less."""
    tight = ProcessLimits(open_files=32)
    with Decoder(tight) as decoder:
        assert hostile_decoder.call(decoder, "open_files_limit") == 32
        assert decoder.probe(numbered_clip).codec == "h264"


def test_each_video_has_a_child_of_its_own(numbered_clip: Path, bikes_clip: Path, tmp_path: Path) -> None:
    """One that was taken over by a video never sees the next; the files of one folder belong to one video."""
    pieces = [Path(shutil.copy(clip, tmp_path)) for clip in (numbered_clip, bikes_clip)]
    with Decoder() as decoder:
        first = [hostile_decoder.call(decoder, "process_id", videos=[numbered_clip]) for _ in range(2)]
        second = hostile_decoder.call(decoder, "process_id", videos=[bikes_clip])
        decoder.begin(tmp_path)
        third = [hostile_decoder.call(decoder, "process_id", videos=[piece]) for piece in pieces]
        decoder.renew()
        fourth = hostile_decoder.call(decoder, "process_id", videos=[pieces[0]])

    assert len({*first, second, *third, fourth}) == 4
    assert len(set(third)) == 1


def test_a_file_that_took_the_place_of_another_is_read(
    numbered_clip: Path, bikes_clip: Path, tmp_path: Path
) -> None:
    """Though the child was allowed to read the one that was there before."""
    path = tmp_path / "upload.mp4"
    with Decoder() as decoder:
        lengths_s = []
        for clip in (numbered_clip, bikes_clip):
            arrived = Path(shutil.copy(clip, tmp_path / "arrived"))
            arrived.replace(path)
            lengths_s.append(decoder.probe(path).duration_s)

    assert lengths_s[0] != lengths_s[1]


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    # A dead child that nobody has waited for still has a number.
    status = Path(f"/proc/{process_id}/stat")
    return not (status.exists() and ") Z " in status.read_text())
