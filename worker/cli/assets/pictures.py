"""`thumbs pictures`: where pictures are, moving them, and whether they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.cli import INTERRUPTED
from worker.cli.assets.pictures_check import check_command
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import json_option
from worker.database import transaction
from worker.errors import BucketUnavailable
from worker.local import terminal
from worker.settings import get_settings
from worker.storage.moving import Home
from worker.storage.moving_all import MAX_COUNTED, move_pictures, read_status

if TYPE_CHECKING:
    from worker.storage.moving_all import Moved, Status

_GOES_ON = "what was moved stays so: run it again to go on"


@click.group("pictures")
def pictures_group() -> None:
    """Tell where pictures are kept, move them, and check the bucket.

    They are in the database, or in a bucket.
    """


pictures_group.add_command(check_command)


@pictures_group.command("status")
@json_option
def status_command(*, as_json: bool) -> None:
    """Count what is left in the database or to be removed.

    Thumbnails are counted, and not the frames of runs, which are moved with them. Of each kind, 100,000 are
    counted at most.
    """
    settings = get_settings()
    with open_database() as engine, transaction(engine) as session:
        status = read_status(session, settings)
    print_answer(status._asdict(), list(map(Text, _status_lines(status))), as_json=as_json)


@pictures_group.command("move")
@click.option(
    "--to", type=click.Choice([home.value for home in Home]), required=True, help="Where they are to be."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="ASSETS", help="Stop after so many assets were moved."
)
@json_option
def move_command(to: str, limit: int | None, *, as_json: bool) -> None:
    """Move all pictures into the bucket, or back into the database.

    Programs go on meanwhile. It may be stopped at any time: run again, it goes on with what is left.
    """
    home, settings = Home(to), get_settings()
    with open_database() as engine, terminal.counting("assets", is_hidden=as_json) as on_progress:
        try:
            moved = move_pictures(engine, settings, home, limit, on_progress)
        except BucketUnavailable as error:
            raise click.ClickException(f"{error}; {_GOES_ON}") from error
        except KeyboardInterrupt as interrupt:
            click.echo(f"thumbs: interrupted; {_GOES_ON}", err=True)
            raise SystemExit(INTERRUPTED) from interrupt
    print_answer(_document(moved), list(map(Text, _moved_lines(moved, home))), as_json=as_json)
    if moved.lost:
        raise SystemExit(1)


def _document(moved: Moved) -> dict[str, Any]:
    return {**moved._asdict(), "lost": [lost._asdict() for lost in moved.lost]}


def _moved_lines(moved: Moved, home: Home) -> list[str]:
    where = "the bucket" if home is Home.BUCKET else "the database"
    moved_some = f"moved {moved.pictures:,} pictures of {moved.assets:,} assets into {where}"
    if not moved.is_all:
        return [f"{moved_some}; others are left: run it again to go on"]
    rest = f"nothing was left to move into {where}" if not moved.pictures and not moved.lost else moved_some
    lines = [rest if moved.lost else f"{rest}; all are there"]
    return lines + [f"asset {lost.asset_id} was left as it is: {lost.why}" for lost in moved.lost]


def _status_lines(status: Status) -> list[str]:
    home = "in the database" if status.bucket is None else f"in {status.bucket}"
    noted, due = _number(status.objects_noted), _number(status.objects_due)
    return [
        f"new pictures are put {home}",
        f"thumbnails in the database, with the frames of their runs: {_number(status.thumbnails_in_rows)}",
        f"objects that may be removed from the bucket: {noted}, of these due: {due}",
    ]


def _number(number: int) -> str:
    return f"{number:,}" if number < MAX_COUNTED else f"{number:,} or more"
