"""The options of the commands that load a model, and what JSON documents have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.errors import ThumbsError

DIGITS = 6  #: of a score or a time: a microsecond is the pipeline's own resolution

model_option = click.option(
    "--model",
    metavar="NAME",
    default="lite",
    show_default=True,
    help="lite, lite:TASTE_FILE, ARCH:TAG (`thumbs models` lists them), or ARCH:CHECKPOINT.",
)
prompts_option = click.option(
    "--prompts",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with your own pairs of prompts.",
)
yunet_option = click.option(
    "--yunet",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Find faces with YuNet, loaded from this ONNX file.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cuda", "mps", "cpu"]),
    default="auto",
    show_default=True,
    help="What computes; auto takes the first of cuda, mps and cpu that is available.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."
)


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Round what a document tells of a score or of times."""
    return {name: round(float(value), DIGITS) for name, value in values.items()}


def error_document(error: ThumbsError | None) -> dict[str, Any] | None:
    """Describe what ended the work on one file; null where nothing did."""
    if error is None:
        return None
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "may_retry": isinstance(error, TransientError),
    }
