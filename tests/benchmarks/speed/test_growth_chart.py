"""The charts of the benchmark show what was measured."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.speed.growth_chart import (
    COLORS,
    HEIGHT_PX,
    MEMORY_COLOR,
    WIDTH_PX,
    Point,
    ceiling,
    chart,
)

SVG = "{http://www.w3.org/2000/svg}"


def point(x: float, scan_s: float = 1.0, peak_mb: float = 100.0) -> Point:
    """Return a run whose other stages take half a second each."""
    return Point(f"{x:g} min", x, dict.fromkeys(COLORS, 0.5) | {"scan": scan_s}, peak_mb)


def drawn(*points: Point, is_log: bool = False) -> ET.Element:
    """Draw a chart and read it as a browser would."""
    return ET.fromstring(chart("Cost <by> length", "minutes", points, is_log=is_log))  # noqa: S314 - our own


def dots(svg: ET.Element) -> list[tuple[float, float]]:
    """Return the places of the runs' peak memory."""
    return [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in svg.iter(f"{SVG}circle")]


class TestAChart:
    """What a reader sees."""

    def test_says_what_it_shows(self) -> None:
        """Its title, both axes, every stage and every run, whatever characters they have."""
        words = {text.text for text in drawn(point(1), point(2)).iter(f"{SVG}text")}

        assert words >= {"Cost <by> length", "minutes", "seconds", "1 min", "2 min", *COLORS}

    def test_puts_more_memory_higher_and_more_minutes_further_right(self) -> None:
        """A reader sees growth as growth."""
        places = dots(drawn(point(1, peak_mb=100), point(2, peak_mb=200), point(3, peak_mb=400)))

        assert all(left[0] < right[0] and left[1] > right[1] for left, right in pairwise(places))

    def test_shows_doublings_equally_wide_on_a_logarithmic_axis(self) -> None:
        """Half a minute and two hours fit on one."""
        first, second, third = dots(drawn(point(1), point(2), point(4), is_log=True))

        assert second[0] - first[0] == pytest.approx(third[0] - second[0], abs=0.2)

    def test_stacks_the_stages_up_to_the_whole_run(self) -> None:
        """The top of one is the floor of the next, so that the upper edge is the sum."""
        svg = drawn(point(1), point(2, scan_s=10.0))

        edges = [shape.attrib["points"].split() for shape in svg.iter(f"{SVG}polygon")]
        assert len(edges) == len(COLORS)
        for lower, upper in pairwise(edges):
            assert list(reversed(lower[:2])) == upper[2:]

    def test_keeps_every_value_inside(self) -> None:
        """The axes reach the largest value."""
        svg = drawn(point(1), point(2, scan_s=97.0, peak_mb=999.0))

        numbers = [
            tuple(map(float, place.split(",")))
            for shape in [*svg.iter(f"{SVG}polygon"), *svg.iter(f"{SVG}polyline")]
            for place in shape.attrib["points"].split()
        ]
        assert all(60 < x < WIDTH_PX and 70 < y < HEIGHT_PX for x, y in numbers)
        assert next(svg.iter(f"{SVG}polyline")).attrib["stroke"] == MEMORY_COLOR


@pytest.mark.parametrize(("value", "end"), [(0.9, 1.0), (1.0, 1.0), (13.0, 16.0), (407.0, 600.0)])
def test_an_axis_ends_at_a_short_number_that_reaches_the_value(value: float, end: float) -> None:
    """So are its quarters."""
    assert ceiling(value) == pytest.approx(end)
