"""`thumbs models`: which models there are, and their files: put in place, and verified.

`python -m worker.weights` is the same, for a machine on which `thumbs` is not on the path.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker import weights
from worker.cli.listing import Listing
from worker.cli.output import print_answer, print_json
from worker.cli.parameters import json_option
from worker.errors import ThumbsError, WeightsMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHIPPED, HERE, ABSENT = "ships with it", "in place", "to fetch"
DEFAULT = "lite"  #: the one model that ships; the other files that do are parts of all

folder_option = click.option(
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=weights.FOLDER,
    show_default="~/.cache/auto-thumbnail-picker/weights",
    help="Where fetched models lie.",
)


@click.group("models", invoke_without_command=True)
@folder_option
@json_option
@click.pass_context
def models_group(ctx: click.Context, folder: Path, *, as_json: bool) -> None:
    """List, fetch and check the models.

    Without `fetch` or `check`, it lists those that are known to do well, and what was fetched beside them.
    Any of them is a `--model`, and so is every other model that open_clip can load.
    """
    if ctx.invoked_subcommand is not None:
        return
    models = list(_models(folder))
    table = Listing("model", "state", "size", "licence", "says")
    for one in models:
        size = "" if one["bytes"] is None else f"{one['bytes'] / 1e6:.0f} MB"
        table.add_row(one["name"], one["state"], size, one["licence"], one["note"])
    print_answer({"models": models}, [table], as_json=as_json)


@models_group.command("fetch")
@click.argument("name")
@click.option("--sha256", metavar="SUM", help="The file's sum, where the server does not name one.")
@click.option("--url", metavar="URL", help="Take the file from here instead of from the model's page.")
@folder_option
def fetch_command(name: str, sha256: str | None, url: str | None, folder: Path) -> None:
    """Download the model NAME (open_clip's ARCH:TAG), verify it, put it in place.

    A tokenizer and heads of taste come with it, where it has some; ARCH alone, or with a checkpoint of your
    own (ARCH:/path/to/checkpoint), fetches the tokenizer.
    """
    from worker.weights import download  # noqa: PLC0415 - `check` needs no network code

    try:
        fetched = download.fetch_model(name, folder, sha256=sha256, url=url)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    for path in fetched:
        click.echo(f"{name}: {path}")
    if not fetched:
        click.echo(
            f"{name}: there is nothing to fetch; all that it needs ships with the product, or is yours"
        )


@models_group.command("check")
@folder_option
@json_option
def check_command(folder: Path, *, as_json: bool) -> None:
    """Verify the sum of every file that ships with the product or was fetched.

    The exit code is 1 where one is damaged or missing; what was never fetched is no failure.
    """
    files, absent = [], 0
    for name, find, is_there in _pieces(folder):
        try:
            state, says = "ok", str(find())
        except WeightsMissing as error:
            state, says = "failed" if is_there else "absent", str(error)
        files.append({"name": name, "state": state, "says": says})
        absent += state == "absent"
        if not as_json and state != "absent":  # each at once: a large file takes seconds to read
            click.echo(f"{'FAILED' if state == 'failed' else state:7}  {name}: {says}")
    if as_json:
        print_json({"files": files})
    elif absent:
        click.echo(f"absent   {absent} that were never fetched; `thumbs models` lists the models")
    raise SystemExit(any(file["state"] == "failed" for file in files))


def _models(folder: Path) -> Iterator[dict[str, Any]]:
    """Describe each model that may be named: what ships first, then the manifest's, then one's own."""
    known = set()
    for entry in weights.manifest().values():
        if entry.file and entry.name != DEFAULT:
            continue
        file = None if entry.file else weights.fetched_file(entry.name, folder)
        known.add(weights.fetched_stem(entry.name))
        state = SHIPPED if entry.file else HERE if file else ABSENT
        size = entry.bytes if entry.file else file.stat().st_size if file else None
        yield _model(entry.name, state, size, entry.licence, entry.note)
    for file in sorted(folder.glob("*")):
        if file.suffix in weights.CHECKPOINT_SUFFIXES and file.stem not in known:
            yield _model(file.stem.replace(".", ":", 1), HERE, file.stat().st_size, "", "")


def _model(name: str, state: str, size_bytes: int | None, licence: str, note: str) -> dict[str, Any]:
    return {"name": name, "state": state, "bytes": size_bytes, "licence": licence, "note": note}


def _pieces(folder: Path) -> Iterator[tuple[str, Callable[[], Path], bool]]:
    """Yield what may be in place: its name, what finds and verifies it, and whether it has to be there."""
    for entry in weights.manifest().values():
        is_there = bool(entry.file) or weights.is_fetched(entry.name, folder)
        yield entry.name, partial(weights.path, entry.name, folder), is_there
    for tokenizer in sorted(weights.tokenizer_folder("", folder).glob("*")):
        remedy = "fetch its model again"
        yield tokenizer.name, partial(weights.tokenizer_path, tokenizer.name, remedy, folder), True
    for head in weights.heads().values():
        is_there = weights.head_file(head, folder).is_file()
        yield head.name, partial(weights.head_path, head, folder), is_there
