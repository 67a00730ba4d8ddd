"""A still does not show a blink where the half second around it has open eyes."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.media import clips, pictures
from tests.support.media.clips import Format
from worker.pipeline.container.probe import probe
from worker.pipeline.frames import Eyes
from worker.pipeline.scoring.face_mesh import FaceMesh
from worker.pipeline.scoring.faces import FaceFinder
from worker.pipeline.video.people import FaceReader
from worker.pipeline.video.stills import take_stills

if TYPE_CHECKING:
    from worker.pipeline.frames import Rgb

ROOT = Path(__file__).parents[3]
CLIPS = Path(os.environ.get("CLIPS", ROOT.parent / "shared" / "clips"))
PRESENTER_BLINKS_S = ((1.08, 1.18), (2.70, 2.77), (3.30, 3.39))


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    """What the decode process reads faces with."""
    return FaceReader(FaceFinder.load().find, FaceMesh.load())


def blinking(count: int, shut: range) -> list[Rgb]:
    """Frames of a man whose eyes are shut in some of them."""
    wide, narrow = pictures.man_in_a_car(), pictures.man_in_a_car(is_blinking=True)
    return [narrow if number in shut else wide for number in range(count)]


@pytest.mark.parametrize("rate", [25, 60])
def test_a_blink_is_left_whatever_the_frame_rate(tmp_path: Path, reader: FaceReader, rate: int) -> None:
    """A blink lasts as long at 60 frames a second as at 25; the nearest open eyes are taken, or nearly."""
    shut = range(round(0.45 * rate), round(0.7 * rate))
    frames = blinking(round(1.2 * rate), shut)
    path = clips.write(tmp_path / "blink.mp4", frames, Format(rate=Fraction(rate)))
    asked_s = 0.56

    [blind], [seeing] = (take_stills(probe(path), [asked_s], reader=one) for one in (None, reader))

    assert round(blind.time_s * rate) in shut
    assert round(seeing.time_s * rate) not in shut
    assert abs(seeing.time_s - asked_s) <= 0.4
    assert seeing.eyes is Eyes.OPEN


def test_open_eyes_do_not_move_a_still_far(tmp_path: Path, reader: FaceReader) -> None:
    """Beyond a fifth of a second a gesture is another one, so only shut eyes are worth it."""
    path = clips.write(tmp_path / "blink.mp4", blinking(30, range(20, 24)))

    [still] = take_stills(probe(path), [0.48], reader=reader)

    assert abs(still.time_s - 0.48) <= 0.2
    assert still.eyes is Eyes.OPEN
    assert [look.box.width for look in still.looks] == [pytest.approx(175, abs=15)]


def test_a_moment_that_a_person_chose_is_shown_as_it_is(tmp_path: Path, reader: FaceReader) -> None:
    """Blink or not."""
    path = clips.write(tmp_path / "blink.mp4", blinking(30, range(10, 16)))

    [still] = take_stills(probe(path), [0.48], refine=False, reader=reader)

    assert still.time_s == 0.48


def test_stills_of_neighbouring_picks_do_not_meet(tmp_path: Path, reader: FaceReader) -> None:
    """Each goes a twelfth of the way towards the other at most."""
    path = clips.write(tmp_path / "blink.mp4", blinking(60, range(8, 44)))

    first, second = take_stills(probe(path), [0.4, 1.6], reader=reader)

    assert first.time_s <= 0.5
    assert second.time_s >= 1.5


@pytest.mark.skipif(not (CLIPS / "presenter.mp4").is_file(), reason="no copy of the clip; CLIPS can name one")
def test_the_presenters_blinks_are_never_shown(reader: FaceReader) -> None:
    """At 60 frames a second, whichever frame around them is asked for."""
    video = probe(CLIPS / "presenter.mp4")

    for number in range(60, 214, 3):
        [still] = take_stills(video, [number * 1001 / 60000 + 0.001], reader=reader)
        assert still.eyes is Eyes.OPEN
        assert not any(start_s <= still.time_s <= end_s for start_s, end_s in PRESENTER_BLINKS_S)


@pytest.mark.skipif(not (CLIPS / "presenter.mp4").is_file(), reason="no copy of the clip; CLIPS can name one")
def test_picks_of_other_shots_do_not_keep_a_still_in_a_blink(reader: FaceReader) -> None:
    """Three blinks at once: a cut between picks keeps their stills apart, however near they are in time."""
    stills = take_stills(probe(CLIPS / "presenter.mp4"), [1.13, 2.73, 3.35], shots=[0, 1, 2], reader=reader)

    assert [still.eyes for still in stills] == [Eyes.OPEN] * 3


@pytest.mark.parametrize(
    ("shots", "is_blinking"), [([0, 0, 0], True), ([0, 1, 2], False)], ids=["one", "three"]
)
def test_only_picks_of_one_shot_keep_their_stills_apart(
    tmp_path: Path, reader: FaceReader, shots: list[int], is_blinking: bool
) -> None:
    """The eyes are shut for a third of a second, and the other picks are 0.6 s away."""
    shut = range(30, 38)
    path = clips.write(tmp_path / "blink.mp4", blinking(60, shut))

    _, still, _ = take_stills(probe(path), [0.8, 1.4, 2.0], shots=shots, reader=reader)

    assert (round(still.time_s * 25) in shut) == is_blinking
