"""`thumbs pictures check`: whether the bucket has what rows show, and what is left over there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.filesize import decimal
from rich.text import Text

from worker.admin.find import asset_name
from worker.cli import INTERRUPTED
from worker.cli.database import open_database
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import confirm, json_option, yes_option
from worker.errors import BucketUnavailable
from worker.local import terminal
from worker.settings import get_settings
from worker.storage.checking import MOST_NAMED, BucketCheck, check_pictures
from worker.storage.keys import is_ours
from worker.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.storage.comparing import Missing

_SHOWN = 20  #: of what is missing, for people; the document for a program has more


@click.command("check")
@click.option("--remove-orphans", is_flag=True, help="Have objects removed that no row shows.")
@click.option("--after", metavar="KEY", default="", help="Go on after this key, which an earlier check told.")
@yes_option
@json_option
def check_command(after: str, *, remove_orphans: bool, is_sure: bool, as_json: bool) -> None:
    """Compare the bucket with the database.

    It names the videos whose pictures are missing from the bucket, as after a restore, and then ends with
    code 1; it counts what no row shows. Programs go on meanwhile.

    With --remove-orphans, the dispatcher removes that, ten minutes later, where it is older than a day. Never
    use it with a copy of the database: what the service still shows would be removed.
    """
    if after and not is_ours(after):
        raise click.BadParameter("no key of a picture", param_hint="--after")
    check, settings = BucketCheck(after), get_settings()
    if remove_orphans and settings.bucket_url:
        confirm(_question(settings.bucket_url), is_sure=is_sure)
    try:
        with open_database() as engine, terminal.counting("objects", is_hidden=as_json) as on_progress:
            check_pictures(engine, settings, check, on_progress, removes_orphans=remove_orphans)
    except KeyboardInterrupt as interrupt:
        _print(check, remove_orphans=remove_orphans, as_json=as_json)
        click.echo(f"thumbs: interrupted{_to_go_on(check)}", err=True)
        raise SystemExit(INTERRUPTED) from interrupt
    except (BucketUnavailable, click.ClickException) as error:
        _print(check, remove_orphans=remove_orphans, as_json=as_json)
        raise click.ClickException(f"{error}{_to_go_on(check)}") from error
    _print(check, remove_orphans=remove_orphans, as_json=as_json)
    if check.needed:
        raise SystemExit(1)


def _question(bucket_url: str) -> str:
    with open_database() as engine:
        database = f"{engine.url.database} at {engine.url.host or 'this machine'}"
    return (
        f"the database {database} decides what is removed from {bucket_url}; if it is a copy, or another"
        " service has its pictures there, those go that the service shows. Go on?"
    )


def _to_go_on(check: BucketCheck) -> str:
    return f"; run it with --after {check.after} to go on" if check.after else ""


def _print(check: BucketCheck, *, remove_orphans: bool, as_json: bool) -> None:
    counted = "objects objects_bytes orphans orphans_bytes orphans_young strange missing needed is_all after"
    named = [{"asset": _asset(one), "key": one.key} for one in check.named]
    lines = [*_there(check, remove_orphans=remove_orphans), *_missing(check)]
    print_answer(fields_of(check, counted) | {"named": named}, list(map(Text, lines)), as_json=as_json)


def _there(check: BucketCheck, *, remove_orphans: bool) -> Iterator[str]:
    some = "" if check.is_all else ", and not all of it"
    yield f"compared {check.objects:,} objects of the bucket ({decimal(check.objects_bytes)}){some}"
    if check.orphans:
        old = check.orphans - check.orphans_young
        orphans = f"{check.orphans:,} objects are shown by no row ({decimal(check.orphans_bytes)})"
        then = "the dispatcher removes" if remove_orphans else "--remove-orphans has the dispatcher remove"
        yield f"{orphans}; {then} those that are older than a day: {old:,}"
    if check.strange:
        yield f"{check.strange:,} objects have names that are not ours, and are left alone"


def _missing(check: BucketCheck) -> Iterator[str]:
    if not check.missing:
        yield "all that rows show is there" if check.is_all else "so far, all that rows show is there"
        return
    past = check.missing - check.needed
    if past:
        yield f"{past:,} objects of earlier picks or deleted videos are missing; nothing is to be done"
    if not check.needed:
        return
    yield f"{check.needed:,} objects that rows show are missing:"
    yield from (f"  {_asset(one)}: {one.key}" for one in check.named[:_SHOWN])
    if check.needed > _SHOWN:
        yield f"  and {check.needed - _SHOWN:,} more, of which --json names up to {MOST_NAMED:,}"
    yield (
        "`thumbs requeue ASSET...` has these videos looked at again, which makes the pictures anew;"
        " a person's own picture has to be chosen again"
    )


def _asset(missing: Missing) -> str:
    return printable(asset_name(missing.asset)) if missing.asset else ""
