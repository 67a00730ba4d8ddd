"""`python -m tests.cli.reference`: write the options of all commands into docs/cli.md, from the commands.

A part between `<!-- command: NAME -->` and `<!-- /command -->` is about that command; the one between
`<!-- commands -->` and `<!-- /commands -->` has all that no part of their own speaks of.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker.cli.lazy import LazyCommand
from worker.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
_OWN = re.compile(r"(<!-- command: ([a-z ]+) -->\n).*?(<!-- /command -->)", re.DOTALL)
_REST = re.compile(r"(<!-- commands -->\n).*?(<!-- /commands -->)", re.DOTALL)


def written(page: str) -> str:
    """Return the page with every part as the commands are now."""
    commands = dict(_commands(click.Context(main, info_name="thumbs"), [*COMMANDS]))
    own = {match[2] for match in _OWN.finditer(page)}
    rest = "\n".join(
        f"### `thumbs {name}`\n\n{_sentence(ctx)}\n\n{options(ctx)}"
        for name, ctx in commands.items()
        if name not in own
    )
    page = _OWN.sub(lambda found: f"{found[1]}{options(commands[found[2]])}{found[3]}", page)
    return _REST.sub(lambda found: f"{found[1]}{rest}{found[2]}", page)


def _commands(parent: click.Context, listed: list[click.Command]) -> Iterator[tuple[str, click.Context]]:
    """Yield every command with the words that call it; those of a group after the group."""
    for one in listed:
        command = one.load() if isinstance(one, LazyCommand) else one
        ctx = click.Context(command, parent=parent, info_name=command.name)
        yield ctx.command_path.removeprefix("thumbs "), ctx
        if isinstance(command, click.Group):
            yield from _commands(ctx, list(command.commands.values()))


def options(ctx: click.Context) -> str:
    """Write how a command is called, and its options as a table in Markdown."""
    pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
    rows = [_row(one, ctx) for one in ctx.command.params if isinstance(one, click.Option) and not one.hidden]
    table = ["| option | default | meaning |", "|---|---|---|", *rows] if rows else []
    return "\n".join(["```", f"{ctx.command_path} {pieces}", "```", "", *table, *([""] if table else [])])


def _sentence(ctx: click.Context) -> str:
    """Return the first paragraph of a command's help, in lines as short as those of the page."""
    return textwrap.fill(
        " ".join((ctx.command.help or "").partition("\n\n")[0].split()), 120, break_on_hyphens=False
    )


def _row(option: click.Option, ctx: click.Context) -> str:
    metavar = "" if option.is_flag else f" {_metavar(option, ctx)}"
    words = ", ".join(f"`{word}{metavar}`" for word in sorted(option.opts, key=len, reverse=True))
    extra = option.get_help_extra(ctx)
    default = extra.get("default", "").strip("()") if not option.is_flag else ""
    asked = f" ({_range(extra['range'])})" if "range" in extra else ""
    return f"| {words} | {f'`{default}`' if default else ''} | {option.help or ''}{asked} |".replace(
        " |  |", " | |"
    )


def _metavar(option: click.Option, ctx: click.Context) -> str:
    """Name an option's value; a vertical bar would end the cell of the table."""
    metavar = option.make_metavar(ctx)
    return "N" if metavar.startswith("INTEGER") else metavar.replace("|", r"\|")


def _range(described: str) -> str:
    """Put click's words for a range, as 1<=x<=20, into ours."""
    low, _, high = described.partition("<=x<=")
    return f"{low} to {high}" if high else described.replace("x>=", "at least ").replace("x<=", "at most ")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
