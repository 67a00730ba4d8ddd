"""How commands print: tables and sentences for people, or one JSON document for a program."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

PIPE_WIDTH = 240  # columns where stdout is no terminal: hardly a line is folded
LEAST_WIDTH = 40  # columns; a narrower terminal breaks the lines itself, and nothing is cut off

_STYLES = {
    "running": "cyan",
    "sending": "cyan",
    "completed": "green",
    "confirmed": "green",
    "applied": "green",
    "chosen": "magenta",
    "winner": "green",
    "broken": "red",
    "yielded": "yellow",
    "lost": "yellow",
    "retryable": "yellow",
    "discarded": "red",
    "failed": "red",
}


def print_answer(document: dict[str, Any], parts: Sequence[RenderableType], *, as_json: bool) -> None:
    """Print the document for a program, or the parts for people, on stdout."""
    if as_json:
        print_json(document)
    else:
        print_parts(parts)


def print_json(document: dict[str, Any]) -> None:
    """Print one document in ASCII, for any terminal or pipe; moments are written as in ISO 8601."""
    click.echo(json.dumps(document, indent=2, default=datetime.isoformat))


def print_parts(parts: Sequence[RenderableType]) -> None:
    """Print for people, in colours where stdout is a terminal; only sentences in tables are ever folded."""
    # Rich would read [brackets] and :colons: of a title as commands.
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, LEAST_WIDTH) if console.is_terminal else PIPE_WIDTH
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text), crop=False)


def fields_of(row: object, names: str) -> dict[str, Any]:
    """Copy attributes of a row into a document, where they keep their names.

    Args:
        row: of the database.
        names: of the attributes, with spaces between them.
    """
    return {name: getattr(row, name) for name in names.split()}


def coloured(state: str) -> Text:
    """Colour a state: red for what needs the operator, green for what is done."""
    return Text(state, style=_STYLES.get(state, ""))
