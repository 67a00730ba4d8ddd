"""How aspect ratios are written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from worker.aspects import check_aspects, parse_aspect


@pytest.mark.parametrize("aspect", ["16x9", "16:0", "0:1", "-1:1", "wide", "", "16:9:1", "1.5:1"])
def test_what_is_no_aspect_ratio_is_refused_with_the_valid_forms(aspect: str) -> None:
    """The message says what to write."""
    with pytest.raises(ValueError, match="WIDTH:HEIGHT, as 16:9, or source"):
        parse_aspect(aspect)


def test_an_aspect_ratio_is_exact() -> None:
    """16:9 is not 1.78."""
    assert parse_aspect("16:9") == Fraction(16, 9)
    assert parse_aspect("source") is None


def test_each_ratio_is_kept_once_in_the_order_given() -> None:
    """A ratio that is asked for twice makes one picture."""
    assert check_aspects(["9:16", "source", "9:16"]) == ("9:16", "source")
