"""Every number from outside is finite and within bounds, or is as good as not told."""

from __future__ import annotations

import pytest

from worker.errors import MalformedPayload
from worker.platforms.shared import json_fields


@pytest.mark.parametrize(
    "number", ["9" * 400, "-" + "9" * 400, "9" * 100_000, "1e400", "-1e400", "NaN", "Infinity", "-Infinity"]
)
@pytest.mark.parametrize("body", ['{{"a": {}}}', '{{"a": [{{"b": {}}}]}}'])
def test_a_number_that_no_program_can_hold_makes_a_body_malformed(body: str, number: str) -> None:
    """Wherever it stands."""
    with pytest.raises(MalformedPayload):
        json_fields.read_object(body.format(number).encode())


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), 10**400, "1e16", "9" * 5000, float("nan"), True, [], None]
)
def test_a_number_beyond_the_bounds_is_none(value: object) -> None:
    """They are those of RFC 7493; none of ours comes near."""
    assert json_fields.finite_number(value) is None


@pytest.mark.parametrize("value", [0, 1.5, "1.5", 2**53 - 1, -(2**53 - 1)])
def test_a_number_within_them_is_read(value: float | str) -> None:
    """Also as a text."""
    assert json_fields.finite_number(value) == float(value)


@pytest.mark.parametrize(
    ("value", "seconds"), [(12.5, 12.5), ("12", 12.0), (0, 0.0), (-1, None), (10**9, None)]
)
def test_a_duration_is_one_that_a_video_may_have(value: object, seconds: float | None) -> None:
    """A year at most, and not negative."""
    assert json_fields.duration_s(value) == seconds
