"""A table with tabs that grows row by row, and is whole at every moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def rows_of(table: Path) -> list[dict[str, str]]:
    """Read the rows; none where there is no table yet."""
    heads, *lines = table.read_text("utf-8").split("\n") if table.is_file() else [""]
    columns = heads.split("\t")
    return [dict(zip(columns, line.split("\t"), strict=False)) for line in lines if line.strip()]


def add_row(table: Path, row: Mapping[str, str], columns: Sequence[str]) -> None:
    """Add a row to a table, or begin it.

    Args:
        table: UTF-8, with tabs between its columns; the rows in it stay as they are.
        row: text by column; columns that the table does not have are left away.
        columns: of a table that is begun.
    """
    before = table.read_text("utf-8").rstrip("\n") if table.is_file() else ""
    text = before or "\t".join(columns)
    heads = text.partition("\n")[0].split("\t")
    line = "\t".join(" ".join(row.get(head, "").split()) for head in heads)
    unfinished = table.with_name(f"{table.name}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(f"{text}\n{line}\n", "utf-8")
    unfinished.replace(table)
