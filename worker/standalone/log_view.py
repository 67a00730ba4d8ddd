"""Log lines as a person at a terminal reads them: the sentence first, then its fields."""

from __future__ import annotations

import json

import click

from worker.text import printable

_LOUD = {"warning": "yellow", "error": "red", "critical": "red"}
# The sentence and its colour, or the name of the program before it, say these already.
_SAID_ELSEWHERE = frozenset({"at", "level", "logger", "message", "traceback"})


def message_of(line: str) -> str:
    """Read the sentence of one line, without its fields; the line itself where it is no JSON of ours."""
    return str(_fields(line).get("message", line))


def readable(line: str) -> str:
    """Write one line for a terminal, coloured by its level.

    The rest of a message of several lines follows indented, so that nobody takes it for a line of its own; a
    traceback follows, too. Control characters, which a caller may have sent, are made visible.
    """
    fields = _fields(line)
    if "message" not in fields:
        return printable(line)
    first, *rest = str(fields["message"]).splitlines() or [""]
    sentence = click.style(printable(first), fg=_LOUD.get(str(fields.get("level"))))
    about = [f"{name}={value}" for name, value in fields.items() if name not in _SAID_ELSEWHERE]
    parts = [sentence, click.style(printable(" ".join(about)), dim=True)] if about else [sentence]
    below = [f"    {printable(row)}" for row in rest]
    below += [printable(row) for row in str(fields.get("traceback", "")).splitlines()]
    return "\n".join([" ".join(parts), *below])


def _fields(line: str) -> dict[str, object]:
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
