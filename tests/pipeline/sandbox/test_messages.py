"""Answers are of a fixed form within bounds; whatever else the bytes are is an error, and nothing worse."""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.sandbox.hostile_answers import answer, head
from worker.errors import UnreadableVideo
from worker.pipeline.frames import Box, Candidate, Cues, Eyes, FaceLook, Scan, Still
from worker.pipeline.media import JoinedParts, Part, TransferFunction, Video
from worker.pipeline.sandbox.answers import bounds, failures, messages
from worker.pipeline.sandbox.answers.forms import NOTHING, Nonsense, codec
from worker.pipeline.sandbox.answers.messages import Room, TaskProgress, read_answer
from worker.timeline import Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.pipeline.sandbox.answers.bounds import Bounds
    from worker.pipeline.sandbox.answers.forms import Codec

TASK = 7

VIDEO = Video(
    path=Path("/secret/name.mp4"),
    duration_s=12.5,
    width_px=1920,
    height_px=1080,
    rotation_deg=90,
    sample_aspect_ratio=Fraction(4, 3),
    frame_rate=Fraction(30000, 1001),
    is_vfr=True,
    is_interlaced=False,
    transfer=TransferFunction.HLG,
    codec="hevc",
    start_s=0.1,
    visible=(0.0, 0.0, 0.5, 1.0),
    joined=JoinedParts((Part(0, 188, -5),), ((0, 188), (900, 4000)), 1800),
    notes=("the file was cut short: it ends at 12.5 s of 20.0 s",),
)
CANDIDATE = Candidate(1.0, 0, np.full((2, 3, 3), 7, np.uint8), Cues(*[0.5] * 11), (0.0, 0.1, 1.0, 0.9))
SCAN = Scan((CANDIDATE, replace(CANDIDATE, time_s=2.0)), (0.0, 1.5), 40, is_sampled=False)
LOOK = FaceLook(Box(1, 2, 30, 40), 0.9, 0.3, 0.5, 0.55, 0.1, 0.0, is_inside=True)
STILLS = [Still(1.0, np.zeros((4, 5, 3), np.uint8), (LOOK,), Eyes.OPEN)]

KINDS: dict[str, tuple[Any, Codec, Bounds]] = {
    "video": (VIDEO, codec(Video), bounds.of_video()),
    "scan": (SCAN, codec(Scan), bounds.of_scan(VIDEO)),
    "ranges": (SCAN, codec(Scan), bounds.of_ranges(VIDEO, [Range(0.0, 3.0)])),
    "stills": (STILLS, codec(list[Still]), bounds.of_stills([1.0])),
}


def read(message: bytes, form: Codec = NOTHING, within: Bounds = bounds.NO_BOUNDS) -> Any:
    """Read an answer from bytes, as from a pipe that ends behind them."""
    pipe = io.BytesIO(message)

    def read_into(buffer: memoryview) -> None:
        if pipe.readinto(buffer) != len(buffer):
            raise EOFError

    said = read_answer(read_into, TASK, form, within.room, TaskProgress())
    within.check(said)
    return said


def sent(kind: str) -> bytes:
    """Return the bytes of an honest answer."""
    value, form, _ = KINDS[kind]
    return b"".join(messages.answer(TASK, value, form))


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_answer_arrives_as_it_was(kind: str) -> None:
    """To the last digit and pixel; but a path stays where it is."""
    value, form, within = KINDS[kind]
    got = read(sent(kind), form, within)

    if kind == "video":
        assert got == replace(VIDEO, path=Path())
    np.testing.assert_equal(repr(got), repr(replace(value, path=Path()) if kind == "video" else value))


@pytest.mark.parametrize(
    "message",
    [
        b"NOPE" + answer(TASK)[4:],
        head(None),
        head([]),
        head({}),
        head({"task": TASK}),
        head({"task": TASK, "pictures": [], "value": None, "more": 1}),
        head({"task": TASK, "pictures": {}, "value": None}),
        head({"task": TASK, "pictures": [], "value": 1}),
        head({"task": True, "pictures": [], "value": None}),
        head({"task": float(TASK), "pictures": [], "value": None}),
        answer(TASK + 1),
        answer(TASK - 1),
        b"ANS1\0\0\0\x02{]",
        b"ANS1\0\0\0\x02\xff\xfe",
        b"ANS1\0\x03\0\0" + b"[" * 0x30000,
        b"ANS1\xff\xff\xff\xff",
        head({"progress": 1.5}),
        head({"progress": "half"}),
        head({"progress": float("nan")}),
        head({"task": TASK, "error": ["SystemExit", "", 0]}),
        head({"task": TASK, "error": ["UnreadableVideo", 5, 0]}),
        head({"task": TASK, "error": "UnreadableVideo"}),
        head({"task": TASK, "error": ["CredentialsRefused", "stop the account", 0]}),
    ],
    ids=lambda message: repr(message[:60]),
)
def test_what_is_no_answer_is_refused(message: bytes) -> None:
    """By one error, whatever is wrong with it."""
    with pytest.raises(Nonsense):
        read(message)


@pytest.mark.parametrize(
    "sizes",
    [
        [[2, 3]] * 3,
        [[2, 3]],
        [[2, 3], [10**9, 10**9]],
        [[2, 3], [0, 3]],
        [[2, 3], [-2, -3]],
        [[2, 3], [2, 3, 3]],
        [[2, 3], [2.0, 3.0]],
        [[2, 3], "23"],
        [[2, 3]] * 10_000,
    ],
    ids=repr,
)
def test_pictures_are_as_many_and_as_large_as_was_asked(sizes: list[Any]) -> None:
    """No memory is taken for others."""
    _, form, within = KINDS["scan"]
    said = {**_head_of("scan"), "pictures": sizes}
    with pytest.raises(Nonsense):
        read(head(said) + bytes(1000), form, within)


def test_a_picture_that_is_cut_short_is_waited_for() -> None:
    """What its child never sends, the deadline ends."""
    _, form, within = KINDS["scan"]
    with pytest.raises(EOFError):
        read(sent("scan")[:-1], form, within)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "lie",
    [None, True, -1, 10**30, -1e300, 1e999, float("nan"), "x" * 3000, "", [], [1, 0], [[]] * 5000, {}, 0.5],
    ids=lambda lie: repr(lie)[:20],
)
def test_every_value_is_checked(kind: str, lie: object) -> None:
    """Each value of an answer in turn is a lie: it is refused, or is one that a file might really give."""
    value, form, within = KINDS[kind]
    said = _head_of(kind)
    pixels = sent(kind)[8 + len(json.dumps(said, separators=(",", ":"))) :]

    for mutant in _mutants(said["value"], lie):
        try:
            got = read(head({**said, "value": mutant}) + pixels, form, within)
        except Nonsense:
            continue
        _assert_alike(got, value)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("video", {"start_s": -60.0}),
        ("video", {"duration_s": -1.0}),
        ("video", {"duration_s": 1e300}),
        ("video", {"width_px": 0}),
        ("video", {"width_px": 10**6, "height_px": 10**6}),
        ("video", {"rotation_deg": 45}),
        ("video", {"sample_aspect_ratio": Fraction(0)}),
        ("video", {"frame_rate": Fraction(-1)}),
        ("video", {"visible": (0.5, 0.0, 0.5, 1.0)}),
        ("video", {"codec": "x" * 101}),
        ("video", {"notes": ("a",) * 1000}),
        ("scan", {"candidates": ()}),
        ("scan", {"shot_starts_s": ()}),
        ("scan", {"shot_starts_s": (2.0, 1.0)}),
        ("scan", {"candidates": SCAN.candidates[::-1]}),
        ("scan", {"candidates": (replace(CANDIDATE, time_s=-60.0),)}),
        ("scan", {"candidates": (replace(CANDIDATE, shot=-1),)}),
        ("scan", {"candidates": (replace(CANDIDATE, cues=Cues(*[7.0] * 11)),)}),
        ("scan", {"candidates": (replace(CANDIDATE, active=(0.0, 0.0, 2.0, 1.0)),)}),
        ("scan", {"frames_seen": -1}),
        ("ranges", {"candidates": SCAN.candidates * 2000}),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_what_no_file_can_give_is_refused(kind: str, change: dict[str, Any]) -> None:
    """Of the right type, but beyond all bounds."""
    value, form, within = KINDS[kind]
    lie = b"".join(messages.answer(TASK, replace(value, **change), form))
    with pytest.raises(Nonsense):
        read(lie, form, within)


@pytest.mark.parametrize(
    "stills",
    [
        [],
        STILLS * 2,
        [replace(STILLS[0], time_s=1e12)],
        [replace(STILLS[0], looks=(LOOK,) * 500)],
        [replace(STILLS[0], looks=(LOOK._replace(presence=2.0),))],
        [replace(STILLS[0], looks=(LOOK._replace(yaw=1e300),))],
        [replace(STILLS[0], looks=(LOOK._replace(box=Box(5, 5, 1, 1)),))],
        [replace(STILLS[0], looks=(LOOK._replace(box=Box(0, 0, 10**12, 1)),))],
    ],
)
def test_stills_are_those_that_were_asked_for(stills: list[Still]) -> None:
    """One for each moment, with a few faces of a size."""
    _, form, within = KINDS["stills"]
    with pytest.raises(Nonsense):
        read(b"".join(messages.answer(TASK, stills, form)), form, within)


def test_a_picture_larger_than_any_video_is_refused() -> None:
    """Whatever the child may decode, its parent takes no more memory than that."""
    within = bounds.of_stills([1.0])
    assert within.room == Room(pictures=1, pixels=8192 * 4320)


def test_errors_keep_their_name_and_a_bounded_text() -> None:
    """And the number of the system's errors."""
    for error, kind in [
        (UnreadableVideo("clip.mp4: \x1b[2Jno\nvideo" + "!" * 9000), UnreadableVideo),
        (PermissionError(1, "not permitted"), PermissionError),
        (MemoryError(), MemoryError),
        (ZeroDivisionError("division"), Exception),
    ]:
        with pytest.raises(failures.Failed) as caught:
            read(messages.failure(TASK, failures.told(error)))
        made = caught.value.error
        assert type(made) is kind
        assert str(made).isprintable()
        assert len(str(made)) <= 600


def _head_of(kind: str) -> dict[str, Any]:
    message = sent(kind)
    length = int.from_bytes(message[4:8], "big")
    said: dict[str, Any] = json.loads(message[8 : 8 + length])
    return said


def _mutants(said: Any, lie: object) -> Iterator[Any]:
    """Yield a value with each of its parts replaced by a lie, and itself replaced."""
    yield lie
    if isinstance(said, list):
        for index, part in enumerate(said):
            for mutant in _mutants(part, lie):
                yield [*said[:index], mutant, *said[index + 1 :]]


def _assert_alike(got: Any, honest: Any) -> None:
    """Check that a value has the types that an honest one has, whatever its numbers."""
    if honest is None or got is None:
        return
    assert type(got) is type(honest)
    if isinstance(got, float):
        assert abs(got) <= 1e9
    if isinstance(got, str):
        assert len(got) <= 2000
    if is_dataclass(got):
        for field in fields(got):
            _assert_alike(getattr(got, field.name), getattr(honest, field.name))
    if isinstance(got, tuple | list):
        for part in got:
            _assert_alike(part, next((one for one in honest if type(one) is type(part)), part))
