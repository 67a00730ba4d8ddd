"""How aspect ratios are written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from worker.aspects import check_aspects, parse_aspect


@pytest.mark.parametrize(
    "aspect", ["16-9", "16:0", "0:1", "0.0:1", "-1:1", "wide", "", "16:9:1", "1.:1", "16:"]
)
def test_what_is_no_aspect_ratio_is_refused_with_the_valid_forms(aspect: str) -> None:
    """The message says what to write."""
    with pytest.raises(ValueError, match=r"WIDTH:HEIGHT, as 16:9, 16/9 or 1\.85:1, or source"):
        parse_aspect(aspect)


def test_an_aspect_ratio_is_exact() -> None:
    """16:9 is not 1.78."""
    assert parse_aspect("16:9") == Fraction(16, 9)
    assert parse_aspect("source") is None


def test_each_ratio_is_kept_once_in_the_order_given() -> None:
    """A ratio that is asked for twice makes one picture."""
    assert check_aspects(["9:16", "source", "9:16"]) == ("9:16", "source")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("16/9", "16:9"),
        ("16x9", "16:9"),
        ("16X9", "16:9"),
        ("1.85:1", "1.85:1"),
        ("2.390/1", "2.39:1"),
        ("04:03.0", "4:3"),
        ("Source", "source"),
    ],
)
def test_a_ratio_may_be_written_as_people_write_it(written: str, kept: str) -> None:
    """As cinemas, cameras and pages do; files and rows know one form of it, so that none is cut twice."""
    assert check_aspects([written, kept]) == (kept,)
    assert parse_aspect(written) == parse_aspect(kept)


@pytest.mark.parametrize("aspect", ["1:11", "11:1", "9999:1", "1:9999", "100:9"])
def test_a_ratio_of_a_narrow_strip_is_refused_with_the_bounds(aspect: str) -> None:
    """No page shows such a picture; the message says how far a ratio may go."""
    with pytest.raises(ValueError, match="from 1:10 to 10:1"):
        parse_aspect(aspect)


@pytest.mark.parametrize("aspect", ["1:10", "10:1", "728:90", "160:600", "21:9", "9:32", "4000:1000"])
def test_every_ratio_that_pages_use_is_taken(aspect: str) -> None:
    """Banners and skyscrapers too, written in whatever numbers."""
    assert parse_aspect(aspect) is not None
