"""A decode process that was taken over answers whatever it likes, and costs one job, in no way the worker."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.media import hostile_decoder
from tests.support.sandbox import hostile_answers
from tests.support.sandbox.hostile_answers import answer, head
from worker.errors import DecoderCrashed, DecodeTimedOut, Stopping, UnreadableVideo
from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """Return a warm decoder for the module."""
    with Decoder() as decoder:
        yield decoder


def ask(
    decoder: Decoder,
    act: Callable[..., Any],
    *arguments: object,
    wall_s: float = 20.0,
    videos: Sequence[Path] = (),
) -> Any:
    """Have a hostile act done in the child, which may read some videos."""
    return decoder.run(
        act, *arguments, label="hostile.mp4", wall_s=wall_s, reads=[*hostile_decoder.READS, *videos]
    )


@pytest.mark.parametrize("is_framed", [False, True])
def test_a_pickle_runs_nothing_here(decoder: Decoder, tmp_path: Path, is_framed: bool) -> None:
    """Its code would run in this process, with all its secrets."""
    marker = tmp_path / "pwned"
    with pytest.raises(DecoderCrashed, match=r"^hostile\.mp4: .* made no sense"):
        ask(decoder, hostile_answers.say_pickle, str(marker), is_framed)
    assert not marker.exists()


def test_objects_and_errors_run_nothing_here(decoder: Decoder, tmp_path: Path) -> None:
    """What a function returns or raises is described, not sent."""
    marker = tmp_path / "pwned"
    assert ask(decoder, hostile_answers.return_loot, str(marker)) is None
    with pytest.raises(UnreadableVideo):
        ask(decoder, hostile_answers.raise_loot, str(marker))
    assert not marker.exists()


@pytest.mark.parametrize(
    "message",
    [
        head({}, length=0xFFFFFFFF),
        head({"task": 10**6, "pictures": [], "value": None}),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["too long", "of another question", "no message"],
)
def test_an_answer_that_is_none_costs_one_job(decoder: Decoder, numbered_clip: Path, message: bytes) -> None:
    """At once, although the child waits; the next job gets another child; `test_messages` has more."""
    child = hostile_decoder.call(decoder, "process_id")
    with pytest.raises(DecoderCrashed, match="made no sense"):
        ask(decoder, hostile_answers.say_and_wait, message)

    assert decoder.probe(numbered_clip).codec == "h264"
    assert hostile_decoder.call(decoder, "process_id") != child


def test_silence_after_half_an_answer_ends_at_the_deadline(decoder: Decoder) -> None:
    """Bytes alone win no time."""
    with pytest.raises(DecodeTimedOut, match="stopped"):
        ask(decoder, hostile_answers.say_and_wait, head({"task": 1}, length=500), wall_s=0.5)


def test_a_dribbling_answer_ends_at_the_deadline(decoder: Decoder) -> None:
    """Each byte comes in time, the whole never."""
    start_s = time.monotonic()
    hostile_decoder.call(decoder, "process_id")
    with pytest.raises(DecodeTimedOut, match="stopped"):
        ask(decoder, hostile_answers.dribble, 2, wall_s=0.5)
    assert time.monotonic() - start_s < 1000 * hostile_answers.DRIBBLE_S


def test_whoever_waits_for_a_dribbling_answer_can_be_stopped(decoder: Decoder) -> None:
    """The listener is called between bytes, too."""
    hostile_decoder.call(decoder, "process_id")

    def stop(_fraction: float) -> None:
        raise Stopping("enough")

    with pytest.raises(Stopping):
        decoder.run(
            hostile_answers.dribble,
            1,
            label="hostile.mp4",
            wall_s=600.0,
            reads=hostile_decoder.READS,
            on_progress=stop,
        )


def test_progress_without_end_is_no_progress(decoder: Decoder) -> None:
    """To listen to it for the half hour that a scan may take would cost a core."""
    with pytest.raises(DecoderCrashed, match="made no sense"):
        ask(decoder, hostile_answers.flood_with_progress)


def test_a_child_that_closes_its_pipe_is_ended(decoder: Decoder) -> None:
    """Long before the deadline: nothing can come any more."""
    with pytest.raises(DecoderCrashed, match="SIGKILL"):
        ask(decoder, hostile_answers.close_pipe, wall_s=600.0)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_answer_without_a_question_is_never_taken(numbered_clip: Path, number: int) -> None:
    """Neither for the first question, which gets two answers then, nor for the next one; it costs one job."""
    with Decoder() as decoder:
        failures = 0
        for act in (hostile_answers.say, hostile_answers.say_nothing):
            try:
                ask(decoder, act, answer(number))
            except DecoderCrashed:
                failures += 1

        assert failures <= 1
        assert decoder.probe(numbered_clip).codec == "h264"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_answer_is_never_taken_for_that_of_the_next_video(
    numbered_clip: Path, bikes_clip: Path, number: int
) -> None:
    """What a process left in its pipe goes with it; the next video does not even lose a call."""
    with Decoder() as decoder:
        for video in (numbered_clip, bikes_clip):
            with contextlib.suppress(DecoderCrashed):
                ask(decoder, hostile_answers.say, answer(number, "a lie"), videos=[video])
            decoder.renew()

            assert ask(decoder, hostile_answers.text, 3) == "xxx"
            decoder.renew()


def test_a_text_is_short_and_forges_no_line(decoder: Decoder) -> None:
    """Texts go into logs, rows and terminals."""
    said = ask(decoder, hostile_answers.forging_text)
    assert said.isprintable()
    assert said.startswith("fine ERROR")

    with pytest.raises(DecoderCrashed):
        ask(decoder, hostile_answers.text, 5_000)


def test_a_child_holds_its_two_pipes_and_nothing_else(decoder: Decoder) -> None:
    """No log, no terminal, no socket of its parent."""
    found = hostile_decoder.call(decoder, "open_files")
    nowhere = Path(os.devnull).stat().st_rdev
    assert [(number, is_pipe) for number, is_pipe, _ in found] == [
        (0, False),
        (1, False),
        (2, False),
        (3, True),
        (4, True),
    ]
    assert {device for _, is_pipe, device in found if not is_pipe} == {nowhere}


def test_a_call_in_another_thread_ends_when_the_decoder_is_closed() -> None:
    """It does not wait for its deadline."""
    decoder = Decoder()
    hostile_decoder.call(decoder, "process_id")
    threading.Timer(0.2, decoder.close).start()
    with pytest.raises(DecoderCrashed):
        hostile_decoder.call(decoder, "hang", wall_s=600.0)
    with pytest.raises(DecoderCrashed):
        hostile_decoder.call(decoder, "process_id")
