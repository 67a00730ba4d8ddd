"""`thumbs rank`: put pictures in order, as `thumbs pick` does frames.

docs/cli.md describes the JSON document: fields may be added, but a name never changes its meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.cli.listing import Listing
from worker.cli.local.parameters import (
    DIGITS,
    device_option,
    error_document,
    json_option,
    model_option,
    prompts_option,
    rounded,
    yunet_option,
)
from worker.cli.output import print_answer
from worker.local import terminal
from worker.text import file_words, part_words, reason_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from worker.pipeline.rank_pictures import RankedPicture, RefusedPicture


@click.command()
@click.argument(
    "pictures", metavar="PICTURE...", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path)
)
@model_option
@click.option("--title", default="", help="What they are to show; pictures that show it rank higher.")
@prompts_option
@yunet_option
@device_option
@json_option
def rank_command(
    pictures: tuple[Path, ...],
    model: str,
    title: str,
    prompts: Path | None,
    yunet: Path | None,
    device: str,
    *,
    as_json: bool,
) -> None:
    """Put pictures in order, the best one first.

    Frames and designed pictures may be mixed. A score compares the pictures of one command only.
    """
    # PyTorch takes seconds to import, which `rank --help` and an option that is refused need not wait for.
    from worker.local.run import load_models  # noqa: PLC0415
    from worker.pipeline.rank_pictures import rank_pictures  # noqa: PLC0415

    models = load_models(model, prompts, device, yunet)
    with terminal.progress(f"{len(pictures)} pictures") as on_progress:
        ranked, refused = rank_pictures(pictures, title, models, lambda share: on_progress("score", share))
    for one in refused:
        terminal.warn(f"{file_words(str(one.path))}: {one.error}")
    parts = [_table(ranked)] if ranked else []
    print_answer(_document(model, ranked, refused), parts, as_json=as_json)
    raise SystemExit(bool(refused))


def _table(ranked: Sequence[RankedPicture]) -> Table:
    names = list(dict.fromkeys(name for one in ranked for name in one.scored.parts))
    table = Listing("rank", "score", "file", *map(part_words, names), "reasons")
    for column in table.columns[3:-1]:
        column.justify = "right"
    for one in ranked:
        parts = (f"{one.scored.parts.get(name, 0.0):+.2f}" for name in names)
        reasons = ", ".join(map(reason_words, one.reasons))
        table.add_row(str(one.rank), f"{one.scored.score:.2f}", file_words(str(one.path)), *parts, reasons)
    return table


def _document(
    model: str, ranked: Sequence[RankedPicture], refused: Sequence[RefusedPicture]
) -> dict[str, Any]:
    return {
        "model": model,
        "pictures": [_ranked(one) for one in ranked] + [_refused(one) for one in refused],
    }


def _ranked(one: RankedPicture) -> dict[str, Any]:
    return {
        "picture": str(one.path),
        "error": None,
        "rank": one.rank,
        "score": round(one.scored.score, DIGITS),
        "parts": rounded(one.scored.parts),
        "prompts": rounded(one.scored.prompts),
        "reasons": list(one.reasons),
        "width_px": one.width_px,
        "height_px": one.height_px,
    }


def _refused(one: RefusedPicture) -> dict[str, Any]:
    return {
        "picture": str(one.path),
        "error": error_document(one.error),
        "rank": None,
        "score": None,
        "parts": {},
        "prompts": {},
        "reasons": [],
        "width_px": None,
        "height_px": None,
    }
