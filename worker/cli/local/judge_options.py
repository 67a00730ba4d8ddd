"""`--judge URL --judge-model NAME`: who else looks at the pictures of files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from worker.errors import SettingsInvalid

if TYPE_CHECKING:
    from worker.judge.files.named import JudgeOfFiles
    from worker.pipeline.scoring.models import Models

judge_option = click.option(
    "--judge",
    "judge_url",
    metavar="URL",
    help="Show the best frames to a vision-language model: a server with an OpenAI-compatible API, as "
    "http://gpu-box:8000/v1. Pictures of the videos are sent there, with the key in JUDGE_API_KEY.",
)
judge_model_option = click.option(
    "--judge-model", metavar="NAME", help="The model's name there; JUDGE_MODEL without it."
)


def named_judge(url: str | None, model: str | None) -> JudgeOfFiles | None:
    """Read who is to judge, before anything slow begins; None where nobody was named.

    Raises:
        UsageError: they cannot be used.
    """
    if not url:
        if model:
            raise click.UsageError("--judge-model names the model of a judge: add --judge URL")
        return None
    from worker.judge.files.named import JudgeOfFiles  # noqa: PLC0415 - httpx takes a while to import

    try:
        return JudgeOfFiles.named(url, model)
    except SettingsInvalid as exc:
        raise click.UsageError(str(exc)) from exc


def with_judge(models: Models, named: JudgeOfFiles | None) -> Models:
    """Add the judge; say so where it is not going to be asked."""
    if named is None:
        return models
    from worker.local import terminal  # noqa: PLC0415
    from worker.pipeline.judging.looking import has_say  # noqa: PLC0415 - imports what models are made of

    judge = named.beside(models.scorer.sight)
    if not has_say(judge):
        terminal.warn("thumbs: the judge is not asked, for `thumbs judge check` found that it does harm")
    return replace(models, judge=judge)
