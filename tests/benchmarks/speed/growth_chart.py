"""Draws how cost grows, as an SVG: seconds, stage on stage, and beside them peak memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH_PX, HEIGHT_PX = 960, 340
PANEL_WIDTH_PX, PANEL_HEIGHT_PX = 360, 200
LEFTS_PX = (70, 560)  # of the two panels
TOP_PX = 76
COLORS = {"probe": "#94a3b8", "scan": "#2563eb", "score": "#059669", "pick": "#f59e0b", "stills": "#db2777"}
MEMORY_COLOR = "#7c3aed"
INK, FAINT, PAPER = "#334155", "#cbd5e1", "#f8fafc"
FONT = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Point:
    """What one run cost."""

    label: str
    x: float
    stages_s: Mapping[str, float]
    peak_mb: float


def chart(title: str, axis: str, points: Sequence[Point], *, is_log: bool = False) -> str:
    """Draw runs that differ in one thing.

    Args:
        title: what the reader sees.
        axis: what they differ in.
        points: in order of it, at least two.
        is_log: whether equal ratios of it are as far apart as equal differences are elsewhere.
    """
    size = {"viewBox": f"0 0 {WIDTH_PX} {HEIGHT_PX}", "font-family": FONT, "font-size": "13", "fill": INK}
    svg = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": title, **size}
    )
    _add(svg, "rect", width=WIDTH_PX, height=HEIGHT_PX, rx=14, fill=PAPER)
    _text(svg, WIDTH_PX / 2, 28, title, font_size=17, font_weight=600)
    xs = [math.log(point.x) if is_log else point.x for point in points]
    shares = [(x - xs[0]) / (xs[-1] - xs[0]) for x in xs]
    totals_s = [sum(point.stages_s.values()) for point in points]
    memory_mb = [point.peak_mb for point in points]
    for left_px, what, highest in zip(
        LEFTS_PX, ("seconds", "peak memory of the decode child, MB"), (totals_s, memory_mb), strict=True
    ):
        _frame(
            svg,
            left_px,
            what,
            ceiling(max(highest)),
            axis,
            dict(zip((p.label for p in points), shares, strict=True)),
        )
    _stages(svg, points, shares, ceiling(max(totals_s)))
    _memory(svg, _line(LEFTS_PX[1], shares, memory_mb, ceiling(max(memory_mb))))
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def ceiling(value: float) -> float:
    """Return the end of an axis that reaches a value, and whose quarters are short numbers."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if power * step >= value)


def _frame(
    svg: ET.Element, left_px: int, what: str, top: float, axis: str, labels: Mapping[str, float]
) -> None:
    """Draw what values are read against: lines in quarters, and a label under each run."""
    bottom_px = TOP_PX + PANEL_HEIGHT_PX
    for quarter in range(5):
        y = bottom_px - PANEL_HEIGHT_PX * quarter / 4
        _add(svg, "line", x1=left_px, x2=left_px + PANEL_WIDTH_PX, y1=y, y2=y, stroke=FAINT)
        _text(svg, left_px - 8, y + 4, f"{top * quarter / 4:g}", text_anchor="end")
    for label, share in labels.items():
        _text(svg, left_px + PANEL_WIDTH_PX * share, bottom_px + 20, label)
    _text(svg, left_px + PANEL_WIDTH_PX / 2, bottom_px + 44, axis)
    _text(svg, left_px, TOP_PX - 14, what, text_anchor="start", font_weight=600)


def _stages(svg: ET.Element, points: Sequence[Point], shares: Sequence[float], top: float) -> None:
    """Fill the seconds of each stage, upon those of the stages before it."""
    below = [0.0] * len(points)
    for number, (stage, color) in enumerate(COLORS.items()):
        above = [y + point.stages_s[stage] for y, point in zip(below, points, strict=True)]
        edge = [*_line(LEFTS_PX[0], shares, above, top), *reversed(_line(LEFTS_PX[0], shares, below, top))]
        _add(svg, "polygon", points=_places(edge), fill=color)
        legend_px = LEFTS_PX[0] + 92 + 56 * number
        _add(svg, "rect", x=legend_px, y=TOP_PX - 24, width=10, height=10, fill=color)
        _text(svg, legend_px + 14, TOP_PX - 14, stage, text_anchor="start")
        below = above


def _memory(svg: ET.Element, line: Sequence[tuple[float, float]]) -> None:
    _add(svg, "polyline", points=_places(line), fill="none", stroke=MEMORY_COLOR, stroke_width=2)
    for x, y in line:
        _add(svg, "circle", cx=round(x, 1), cy=round(y, 1), r=4, fill=MEMORY_COLOR)


def _line(
    left_px: int, shares: Sequence[float], values: Sequence[float], top: float
) -> list[tuple[float, float]]:
    return [
        (left_px + PANEL_WIDTH_PX * share, TOP_PX + PANEL_HEIGHT_PX * (1 - value / top))
        for share, value in zip(shares, values, strict=True)
    ]


def _places(line: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in line)


def _text(svg: ET.Element, x: float, y: float, words: str, **style: object) -> None:
    _add(svg, "text", x=x, y=y, **{"text_anchor": "middle", **style}).text = words


def _add(svg: ET.Element, tag: str, **attributes: object) -> ET.Element:
    return ET.SubElement(svg, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()})
