"""Ranges of a video, as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from worker.time_ranges import MAX_TIME_RANGES, TimeRange, parse_moment_s, parse_time_ranges, read_options

DURATION_S = 100.0


@pytest.mark.parametrize(
    ("text", "inside_s", "outside_s"),
    [
        ("0-15", (0, 14.9), (15, 50)),
        ("-30-0", (70, 99.9), (0, 69.9)),
        ("-30--10", (70, 89.9), (69.9, 90)),
        ("0%-50%", (0, 49.9), (50, 99)),
        ("10-50%", (10, 49.9), (9.9, 50)),
        ("12.5--5.25", (12.5, 94.7), (12.4, 94.8)),
        (" 1-2 ", (1, 1.9), (0.9, 2)),
    ],
)
def test_a_range_means_what_it_says(
    text: str, inside_s: tuple[float, ...], outside_s: tuple[float, ...]
) -> None:
    """Seconds from the beginning or the end, or percent; the end is not part of it."""
    span = TimeRange.parse(text)

    assert [span.holds(time_s, DURATION_S) for time_s in inside_s] == [True] * len(inside_s)
    assert [span.holds(time_s, DURATION_S) for time_s in outside_s] == [False] * len(outside_s)


@pytest.mark.parametrize(
    "text", ["", "15", "a-b", "5-5", "9-3", "-10--30", "60%-50%", "1-2-3", "1e9-2", "0-٣"]
)
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    """Rather than being taken for something else."""
    with pytest.raises(ValueError, match=r"write START-END as 0-15, 00:04.5-01:10, -30-0 \(the last 30"):
        TimeRange.parse(text)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"avoids": []}, "there is no option 'avoids'; there are: avoid, prefer"),
        ({"avoid": "0-15"}, "'avoid' must be a list of ranges"),
        ({"prefer": [5]}, "'prefer' must be a list of ranges"),
        ({"avoid": ["x"]}, "'x' is no range"),
        ([], "options are an object with avoid and prefer"),
    ],
)
def test_an_option_that_means_nothing_is_refused_by_name(given: Any, says: str) -> None:
    """A misspelt one would be ignored for ever."""
    with pytest.raises(ValueError, match=says):
        read_options(given)


def test_a_video_has_no_more_ranges_than_anybody_writes() -> None:
    """Each candidate is compared with all of them."""
    with pytest.raises(ValueError, match="more than 100 ranges"):
        parse_time_ranges(["0-1"] * (MAX_TIME_RANGES + 1))


@pytest.mark.parametrize(
    ("text", "time_s"),
    [("12.4", 12.4), ("00:04.5", 4.5), ("00:12.400", 12.4), ("75:03.2", 4503.2), ("1:15:03.2", 4503.2)],
)
def test_a_moment_is_read_as_it_is_printed(text: str, time_s: float) -> None:
    """Tables print minutes that go on counting after an hour; people also write hours."""
    assert parse_moment_s(text) == pytest.approx(time_s)


@pytest.mark.parametrize("text", ["", "-1", "1:2", "00:4", "12,4", "1:2:3:4", "now", "00:0\u0663"])
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=r"write seconds, as 12.4, or a time, as 00:12.4"):
        parse_moment_s(text)


@pytest.mark.parametrize(
    ("printed", "seconds"),
    [("00:04.5-01:10", "4.5-70"), ("-00:30-0", "-30-0"), ("10-01:00", "10-60"), ("10%-00:20", "10%-20")],
)
def test_a_range_takes_moments_as_they_are_printed(printed: str, seconds: str) -> None:
    """They mean the same as seconds; per cent of a clock's time mean nothing."""
    assert TimeRange.parse(printed) == TimeRange.parse(seconds)
    with pytest.raises(ValueError, match="is no range"):
        TimeRange.parse("00:10%-20")
