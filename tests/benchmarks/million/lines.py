"""Lines in one or two panels side by side, as SVG; axes and colours are those of `growth_chart`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.benchmarks.speed.growth_chart import COLORS, FAINT, FONT, INK, PAPER, ceiling

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH_PX, HEIGHT_PX = 960, 400
PANEL_HEIGHT_PX, TOP_PX = 200, 76
LEFT_PX, GAP_PX, RIGHT_PX = 70, 80, 40
TICKS = 4
MARKED = 12  #: so few values are marked each, as the line between them was not measured


@dataclass(frozen=True, slots=True)
class Line:
    """One thing over another."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines that share their axes."""

    title: str  #: what is measured, and its unit
    axis: str  #: over what
    lines: Sequence[Line]
    is_log: bool = False  #: whether equal ratios along it are as far apart as equal differences elsewhere
    is_log_up: bool = False  #: the same upwards


@dataclass(frozen=True, slots=True)
class _Axis:
    """Turns values into shares (0..1) of its length."""

    first: float
    last: float
    is_log: bool

    def share(self, value: float) -> float:
        if self.is_log:
            floor = max(value, self.first)
            return math.log(floor / self.first) / math.log(self.last / self.first)
        return (value - self.first) / (self.last - self.first)

    def ticks(self) -> list[float]:
        if not self.is_log:
            return [self.first + (self.last - self.first) * tick / TICKS for tick in range(TICKS + 1)]
        powers = round(math.log10(self.last / self.first))
        return [self.first * 10**power for power in range(powers + 1)]


def chart(title: str, panels: Sequence[Panel]) -> str:
    """Draw one or two panels under a title."""
    style = {"viewBox": f"0 0 {WIDTH_PX} {HEIGHT_PX}", "font-family": FONT, "font-size": "13", "fill": INK}
    svg = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": title, **style}
    )
    _add(svg, "rect", width=WIDTH_PX, height=HEIGHT_PX, rx=14, fill=PAPER)
    _text(svg, WIDTH_PX / 2, 28, title, font_size=17, font_weight=600)
    width_px = (WIDTH_PX - LEFT_PX - RIGHT_PX - GAP_PX * (len(panels) - 1)) / len(panels)
    for number, panel in enumerate(panels):
        _panel(svg, panel, LEFT_PX + number * (width_px + GAP_PX), width_px)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _panel(svg: ET.Element, panel: Panel, left_px: float, width_px: float) -> None:
    across, up = _across(panel), _up(panel)
    bottom_px = TOP_PX + PANEL_HEIGHT_PX
    _text(svg, left_px, TOP_PX - 14, panel.title, text_anchor="start", font_weight=600)
    for tick in up.ticks():
        y = bottom_px - PANEL_HEIGHT_PX * up.share(tick)
        _add(svg, "line", x1=left_px, x2=left_px + width_px, y1=y, y2=y, stroke=FAINT)
        _text(svg, left_px - 8, y + 4, _short(tick), text_anchor="end")
    for tick in across.ticks():
        _text(svg, left_px + width_px * across.share(tick), bottom_px + 20, _short(tick))
    _text(svg, left_px + width_px / 2, bottom_px + 42, panel.axis)
    for number, (line, color) in enumerate(zip(panel.lines, COLORS.values(), strict=False)):
        places = [
            (left_px + width_px * across.share(x), bottom_px - PANEL_HEIGHT_PX * up.share(y))
            for x, y in zip(line.xs, line.ys, strict=True)
        ]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        _add(svg, "polyline", points=points, fill="none", stroke=color, stroke_width=2)
        if len(places) <= MARKED:
            for x, y in places:
                _add(svg, "circle", cx=x, cy=y, r=3, fill=color)
        legend = (left_px + width_px / 2 * (number % 2), bottom_px + 62 + 18 * (number // 2))
        _add(svg, "rect", x=legend[0], y=legend[1] - 9, width=10, height=10, fill=color)
        _text(svg, legend[0] + 14, legend[1], line.name, text_anchor="start")


def _across(panel: Panel) -> _Axis:
    xs = [x for line in panel.lines for x in line.xs]
    return _Axis(min(xs), max(xs), panel.is_log)


def _up(panel: Panel) -> _Axis:
    ys = [y for line in panel.lines for y in line.ys]
    if panel.is_log_up:
        lowest = min(y for y in ys if y > 0)
        return _Axis(10 ** math.floor(math.log10(lowest)), 10 ** math.ceil(math.log10(max(ys))), is_log=True)
    return _Axis(0.0, ceiling(max([*ys, 1e-9])), is_log=False)


def _short(value: float) -> str:
    """Write a number on an axis: 10 M rather than 1e+07."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _text(svg: ET.Element, x: float, y: float, words: str, **style: object) -> None:
    _add(svg, "text", x=x, y=y, **{"text_anchor": "middle", **style}).text = words


def _add(svg: ET.Element, tag: str, **attributes: object) -> ET.Element:
    values = {
        name.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
    }
    return ET.SubElement(svg, tag, values)
