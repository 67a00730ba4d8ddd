"""`thumbs judge check`: measure on judged frames what a judge may decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from worker.admin.assets import operator_name
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import confirm, json_option, yes_option
from worker.database import transaction
from worker.errors import ThumbsError
from worker.judge import checks, kept_checks
from worker.settings import Settings
from worker.standalone.servers import running_postgres
from worker.weights.training.taste import WORK
from worker.weights.training.taste.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.weights.training.taste.judge.measuring import MeasuredWorth
    from worker.weights.training.taste.judged_set import JudgedVideo


@click.command("check")
@click.option(
    "--set",
    "set_folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="The folder of judged frames; docs/judged-frames.md says what is in it.",
)
@click.option("--url", metavar="URL", help="The judge's server; JUDGE_URL without it.")
@click.option("--model", metavar="NAME", help="The judge's model; JUDGE_MODEL without it.")
@click.option(
    "--videos", "count", type=click.IntRange(1), metavar="N", help="Measure on so many videos, by chance."
)
@click.option(
    "--requests",
    "most_requests",
    type=click.IntRange(1),
    metavar="N",
    help="Make at most so many requests now; running again goes on.",
)
@click.option(
    "--head-scores",
    "scores_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Held-out scores, as training writes them, where our taste was trained on this set.",
)
@click.option("--seed", default=0, show_default=True, help="Of what is left to chance.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=WORK,
    show_default="~/.cache/auto-thumbnail-picker/training",
    metavar="DIR",
    help="Keeps verdicts; running again goes on from there.",
)
@yes_option
@json_option
def check_command(
    set_folder: Path,
    url: str | None,
    model: str | None,
    count: int | None,
    most_requests: int | None,
    scores_file: Path | None,
    seed: int,
    work: Path,
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Measure on judged frames what the judge may decide.

    The judge looks at each video's frames as it would at candidates. If it orders them surely better than our
    score, it leads; the result is stored, and counts from the next video on. A check is not part of
    JUDGE_BUDGET: it says first how many requests it will make.
    """
    from worker.weights.training.taste.judge import measuring  # noqa: PLC0415 - PyTorch takes seconds
    from worker.weights.training.taste.judge.check_report import for_people  # noqa: PLC0415

    settings = _settings(url, model)
    try:
        videos = measuring.some_videos(set_folder, count, seed)
        _ask_first(videos, settings, is_sure=is_sure)
        with progress_bar() as on_progress:
            measured = measuring.measure_judge(
                videos,
                settings,
                work,
                on_progress,
                scores_file=scores_file,
                most_requests=most_requests,
                seed=seed,
            )
        _store(settings, measured)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    told = for_people(measured.found, settings.judge_model or "", may_know=measured.may_know)
    document = {"say": measured.found.finding.say, "report": measured.document}
    print_answer(document, told, as_json=as_json)


def _settings(url: str | None, model: str | None) -> Settings:
    """Read the settings, in which the command line's judge takes the place of theirs."""
    given: dict[str, Any] = {
        name: value for name, value in (("judge_url", url), ("judge_model", model)) if value
    }
    try:
        settings = Settings(judge_mode="rank", **given)
    except ValidationError as error:
        sentences = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        raise click.UsageError(sentences) from error
    if not settings.judge_url or not settings.judge_model:
        raise click.UsageError("name the judge: --url URL --model NAME, or JUDGE_URL and JUDGE_MODEL")
    return settings


def _ask_first(videos: Sequence[JudgedVideo], settings: Settings, *, is_sure: bool) -> None:
    each = 1 + settings.judge_readings
    pictures = sum(min(len(video.frames), settings.judge_pictures) for video in videos)
    told = (
        f"{len(videos)} videos, {each} requests each: at most {len(videos) * each:,} requests with "
        f"{pictures * each:,} pictures to {settings.judge_url}; what was answered before is not asked again"
    )
    click.echo(told, err=True)
    confirm("Ask them?", is_sure=is_sure)


def _store(settings: Settings, measured: MeasuredWorth) -> None:
    """Store the check on this machine, and in the database where there is one."""
    found = (measured.sight, measured.found.finding.say, measured.document, operator_name())
    try:
        kept_checks.keep(settings, *found)
    except OSError as error:
        raise click.ClickException(
            f"{kept_checks.FILE} cannot be written ({error.strerror}): mend that, and run it again, which "
            "asks nobody"
        ) from error
    if settings.database_url or running_postgres(settings.data_dir / "postgres"):
        with open_database() as engine, transaction(engine) as session:
            checks.store(session, settings, *found)
