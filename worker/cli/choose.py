"""`thumbs choose`, `release` and `options`. They translate between words and `worker.admin.choose`.

Exit codes: 0, done; 1, refused, or there is no such asset or choice; 2, wrong use or configuration.
"""

from __future__ import annotations

from pathlib import Path

import click

from worker.cli.operate import answer, json_option, open_database, why_option


@click.command()
@click.argument("name", metavar="ASSET")
@click.option("--time", "time_s", type=float, metavar="SECONDS", help="This moment of the video.")
@click.option("--candidate", "candidate_id", type=int, metavar="N", help="This frame of the newest run.")
@click.option(
    "--image",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="This picture: JPEG, PNG or WEBP.",
)
@why_option
@json_option
def choose(
    name: str, time_s: float | None, candidate_id: int | None, image: Path | None, why: str, *, as_json: bool
) -> None:
    """Show a thumbnail that you choose, whatever is picked."""
    from worker.admin import choose as operate_choices  # noqa: PLC0415  heavy
    from worker.choices import ChoiceRequest  # noqa: PLC0415  heavy
    from worker.choices.own_picture import OwnPicture  # noqa: PLC0415  heavy
    from worker.cli import json_output, tables  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    if sum(one is not None for one in (time_s, candidate_id, image)) != 1:
        raise click.UsageError("choose by one of --time, --candidate and --image")
    with open_database() as engine:
        wish = ChoiceRequest(time_s, candidate_id, OwnPicture.of_file(image) if image else None)
        made = operate_choices.choose(engine, name, wish, why, get_settings())
    answer(as_json, json_output.of_decision(made), tables.of_choosing(made))


@click.command()
@click.argument("name", metavar="ASSET")
@why_option
@json_option
def release(name: str, why: str, *, as_json: bool) -> None:
    """End your choice for an asset: its best pick is shown again."""
    from worker.admin import choose as operate_choices  # noqa: PLC0415  heavy
    from worker.cli import json_output, tables  # noqa: PLC0415  heavy

    with open_database() as engine:
        ended = operate_choices.release(engine, name, why)
    answer(as_json, json_output.of_decision(ended), tables.of_release(ended))
    raise SystemExit(ended.choice is None)


@click.command()
@click.argument("name", metavar="ASSET")
@click.option("--avoid", metavar="RANGE", multiple=True, help="Pick nothing from 0-15, -30-0, 0%-50% ...")
@click.option("--prefer", metavar="RANGE", multiple=True, help="Pick from here first.")
@click.option("--clear", "is_clear", is_flag=True, help="Want what the account wants again.")
@why_option
@json_option
def options(
    name: str, avoid: tuple[str, ...], prefer: tuple[str, ...], why: str, *, is_clear: bool, as_json: bool
) -> None:
    """Say which parts of an asset to avoid or to prefer."""
    from worker.admin import choose as operate_choices  # noqa: PLC0415  heavy
    from worker.cli import json_output, tables  # noqa: PLC0415  heavy
    from worker.settings import get_settings  # noqa: PLC0415  heavy

    if is_clear == bool(avoid or prefer):
        raise click.UsageError("give --avoid or --prefer, each as often as you like, or --clear")
    wanted = {key: list(texts) for key, texts in (("avoid", avoid), ("prefer", prefer)) if texts}
    with open_database() as engine:
        outcome = operate_choices.set_options(engine, name, wanted, why, get_settings())
    answer(as_json, json_output.of_requeueings([outcome]), tables.of_requeueings([outcome]))
