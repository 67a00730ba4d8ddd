"""What was picked before is found again in the video as it is now."""

from __future__ import annotations

import pytest

from tests.pipeline.scoring.test_ranking import GOOD
from tests.support.media import pictures
from worker.pipeline.earlier_picks import REACH_S, EarlierPick, find_again
from worker.pipeline.frames import Candidate, Rgb
from worker.pipeline.jpeg import decode_jpeg, encode_jpeg

BIKES = pictures.footage("bikes", 40, start=90)
BUNNY = pictures.footage("bigbuckbunny", 10, start=60)


def candidates(frames: list[Rgb]) -> list[Candidate]:
    """Return a candidate a second."""
    return [Candidate(float(second), 0, rgb, GOOD) for second, rgb in enumerate(frames)]


def encoded_again(rgb: Rgb) -> Rgb:
    """Return the same picture, as a poor encoder leaves it."""
    return decode_jpeg(encode_jpeg(rgb, 30))


FILM = candidates([BUNNY[0], BIKES[0], BIKES[35], BUNNY[9]])


@pytest.mark.parametrize("places_s", [None, (2.0 + 0.9 * REACH_S,), (0.0, 2.0)])
def test_the_same_picture_is_found(places_s: tuple[float, ...] | None) -> None:
    """Anywhere, if nobody knows what was done to the video; else about where it has to be."""
    assert find_again([EarlierPick(encoded_again(BIKES[35]), places_s)], FILM) == [2]


@pytest.mark.parametrize("places_s", [(), (1.0,), (3.0,)])
def test_a_picture_that_was_cut_away_is_gone(places_s: tuple[float, ...]) -> None:
    """Nor is something else that is shown in its place."""
    assert find_again([EarlierPick(BIKES[35], places_s)], FILM) == []


def test_a_video_that_was_replaced_shows_none_of_it() -> None:
    """Another film under the same address."""
    assert find_again([EarlierPick(pictures.noise(1)[0], None)], FILM) == []


def test_the_order_of_the_picks_stays() -> None:
    """The first is what viewers see, and one picture is found once."""
    picks = [EarlierPick(rgb, None) for rgb in (BUNNY[9], BIKES[0], BIKES[0])]

    assert find_again(picks, FILM) == [3, 1]
