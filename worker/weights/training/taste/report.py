"""Writes what a study found: tables for the terminal, for a page, and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from worker.weights.training.taste.judged_set import JudgedVideo
    from worker.weights.training.taste.measures import SetMeasures
    from worker.weights.training.taste.study import Rows, Study

HEADS = ("videos", "pairs", "best", "best three", "worst three")

HOW = """
Pairs: how many of the editor's pairs are in the right order. The rest: in how many videos the first is the
best, among the best three, among the worst three. Each video was judged by what was learned without it and
its relatives. In brackets: 95 % intervals in per cent, by bootstrap over videos. Frames that the editor calls
alike share their places. A row that may know these frames is that of a taste which was trained before: if it
was on these very videos, it flatters; else it is a fair rival.
"""


def cells(found: SetMeasures) -> tuple[str, ...]:
    """Write figures as the cells that belong under `HEADS`."""
    return (str(found.videos), *(str(one) for one in found[2:]))


def terminal_tables(study: Study) -> Iterator[Table]:
    """Lay out every table for a terminal."""
    for title, rows in study.tables.items():
        yield terminal_table(title, rows)


def terminal_table(title: str, rows: Rows) -> Table:
    """Lay out one table for a terminal, its title as the head of the first column."""
    table = Table(title, *HEADS, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        column.no_wrap = True
    for name, found in rows.items():
        table.add_row(name, *cells(found))
    return table


def markdown(title: str, rows: Rows) -> str:
    """Write one table as Markdown, its title as the head of the first column."""
    lines = [
        (title, *HEADS),
        ("---",) * (len(HEADS) + 1),
        *((name, *cells(found)) for name, found in rows.items()),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(
    study: Study, facts: Mapping[str, Any], videos: tuple[JudgedVideo, ...], weights_file: Path
) -> list[Path]:
    """Write the report beside the weights, as `.md` and `.json`, and the held-out scores.

    Args:
        study: what was found.
        facts: how it was found: the model, the seed, the folds, the sum of the set.
        videos: of the set, in the order of the study's scores.
        weights_file: tells folder and name.

    Returns:
        The files: Markdown, JSON, and the scores of each frame by what was learned without its video.
    """
    page, figures, scores = (
        weights_file.with_suffix(suffix) for suffix in (".report.md", ".report.json", ".held-out.json")
    )
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    tables = "\n\n".join(markdown(title, rows) for title, rows in study.tables.items())
    page.write_text(f"# Taste: {study.learner}\n\n{told}.\n{HOW}\n{tables}\n", "utf-8")
    by_title = {
        title: {name: as_json(found) for name, found in rows.items()} for title, rows in study.tables.items()
    }
    figures.write_text(json.dumps({**facts, "tables": by_title}, indent=1), "utf-8")
    by_video = {
        video.name: {frame.letter: float(score) for frame, score in zip(video.frames, one, strict=True)}
        for video, one in zip(videos, study.scores, strict=True)
    }
    scores.write_text(json.dumps({**facts, "scores": by_video}), "utf-8")
    return [page, figures, scores]


def as_json(found: SetMeasures) -> dict[str, Any]:
    """Write figures for programs: each share with the ends of its interval."""
    return {
        name: value._asdict() if hasattr(value, "_asdict") else value
        for name, value in found._asdict().items()
    }
