"""`--config FILE`: options of a command from a TOML file, under their names on the command line."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.text import file_words

if TYPE_CHECKING:
    from collections.abc import Mapping


def _read(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Let what the file says stand in for what the command line leaves open."""
    if path is None or ctx.resilient_parsing:
        return path
    options = _options(ctx.command)
    ctx.default_map = {}
    for key, value in _parsed(path).items():
        if key not in options:
            close = difflib.get_close_matches(key, options, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(sorted(options))}"
            raise _wrong(path, f"there is no option called {key}; {hint}")
        option = options[key]
        ctx.default_map[option.name] = _checked(ctx, option, value, path)
    return path


config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read,
    help="A TOML file with options, as `count = 5`; the command line goes before it.",
)


def _options(command: click.Command) -> Mapping[str, click.Option]:
    """List what a file may say: every option but --help and --config itself, by its long name."""
    return {
        word.removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.expose_value
        for word in parameter.opts
        if word.startswith("--")
    }


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, f"it cannot be read as TOML ({error})") from error


def _checked(ctx: click.Context, option: click.Option, value: object, path: Path) -> object:
    """Check one value as the command line's would be, so that the complaint can name the file."""
    key = option.opts[0].removeprefix("--")
    if option.is_flag and not isinstance(value, bool):
        raise _wrong(path, f"{key} is to be true or false")
    if option.multiple and isinstance(value, str):
        value = [value]
    if isinstance(value, dict) or isinstance(value, list) != option.multiple:
        raise _wrong(path, f"{key} takes {'a list of texts' if option.multiple else 'one value'}")
    # A file that is named in a file lies beside it, wherever the command runs.
    if isinstance(option.type, click.Path) and isinstance(value, str):
        value = str(path.parent / value)
    try:
        option.process_value(ctx, value)
    except click.BadParameter as error:
        raise _wrong(path, f"{key}: {error.message}") from error
    return value


def _wrong(path: Path, sentence: str) -> click.UsageError:
    return click.UsageError(f"{file_words(str(path))}: {sentence}")
