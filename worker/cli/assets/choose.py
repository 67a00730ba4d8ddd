"""`thumbs choose`, `release` and `options`: what an operator decides about an asset's thumbnail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from worker.admin.assets import operator
from worker.admin.choose import (
    Wish,
    choice_sentences,
    choose_thumbnail,
    release_choice,
    release_sentence,
    set_options,
)
from worker.admin.find import asset_name
from worker.choices.own_picture import OwnPicture
from worker.cli.assets.requeue import print_requeueings
from worker.cli.assets.show import CHOICE_FIELDS
from worker.cli.database import open_database
from worker.cli.output import fields_of, print_answer
from worker.cli.parameters import VideoTime, json_option, why_option
from worker.settings import get_settings
from worker.text import printable

if TYPE_CHECKING:
    from worker.admin.choose import Decision


@click.command()
@click.argument("name", metavar="ASSET")
@click.option(
    "--time",
    "time_s",
    type=VideoTime(),
    metavar="TIME",
    help="Choose this moment: 12.4 or 00:12.4.",
)
@click.option(
    "--candidate", "number", type=int, metavar="N", help="Choose this frame, by its number in `thumbs show`."
)
@click.option(
    "--image",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Choose this picture: JPEG, PNG or WEBP.",
)
@why_option
@json_option
def choose_command(
    name: str, time_s: float | None, number: int | None, image: Path | None, why: str, *, as_json: bool
) -> None:
    """Show a thumbnail that you choose; later runs keep it."""
    if sum(one is not None for one in (time_s, number, image)) != 1:
        raise click.UsageError("choose by one of --time, --candidate and --image")
    with open_database() as engine:
        wish = Wish(time_s, number, OwnPicture.of_file(image) if image else None)
        made = choose_thumbnail(engine, name, wish, operator(), why, get_settings())
    print_answer(_document(made), _choice_sentences(made), as_json=as_json)


@click.command()
@click.argument("name", metavar="ASSET")
@why_option
@json_option
def release_command(name: str, why: str, *, as_json: bool) -> None:
    """End your choice for an asset: its best pick is shown again.

    Where nothing was chosen, that is said, and nothing is wrong.
    """
    with open_database() as engine:
        ended = release_choice(engine, name, operator(), why)
    print_answer(_document(ended), [Text(_release_sentence(ended))], as_json=as_json)


@click.command()
@click.argument("name", metavar="ASSET")
@click.option(
    "--avoid",
    metavar="RANGE",
    multiple=True,
    help="Pick nothing from here: 0-15, 00:04.5-01:10, -30-0, 0%-50%.",
)
@click.option("--prefer", metavar="RANGE", multiple=True, help="Pick from here first.")
@click.option("--clear", "is_clear", is_flag=True, help="Forget both: the account's own ranges apply again.")
@why_option
@json_option
def options_command(
    name: str, avoid: tuple[str, ...], prefer: tuple[str, ...], why: str, *, is_clear: bool, as_json: bool
) -> None:
    """Say which parts of an asset to avoid or to prefer."""
    if is_clear == bool(avoid or prefer):
        raise click.UsageError("give --avoid or --prefer, each as often as you like, or --clear")
    wanted = {key: list(texts) for key, texts in (("avoid", avoid), ("prefer", prefer)) if texts}
    with open_database() as engine:
        outcome = set_options(engine, name, wanted, operator(), why, get_settings())
    print_requeueings([outcome], as_json=as_json)


def _document(decision: Decision) -> dict[str, Any]:
    """Write for a program; the choice is null where there was none to release."""
    return {
        "asset": asset_name(decision.asset),
        "choice": fields_of(decision.choice, CHOICE_FIELDS) if decision.choice else None,
        "sha256": decision.thumbnail.sha256 if decision.thumbnail else None,
        "is_taking_still": decision.is_taking_still,
    }


def _choice_sentences(decision: Decision) -> list[Text]:
    """Tell what is shown from now on, and when."""
    first, *more = choice_sentences(decision, "until `thumbs release`")
    return [Text(f"{printable(asset_name(decision.asset))}: {first}"), *map(Text, more)]


def _release_sentence(decision: Decision) -> str:
    return f"{printable(asset_name(decision.asset))}: {release_sentence(decision)}"
