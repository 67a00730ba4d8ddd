"""`thumbs judge check`: measure on judged frames what a judge may decide."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from pydantic import ValidationError

from worker.admin.assets import operator_name
from worker.cli.database import open_database
from worker.cli.output import print_answer
from worker.cli.parameters import confirm, json_option, yes_option
from worker.database import transaction
from worker.errors import ThumbsError
from worker.judge import checks, kept_checks
from worker.judge.connection import Connection
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say
from worker.settings import Settings
from worker.standalone.servers import running_postgres
from worker.weights.training.taste.command import WORK, progress_bar
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.held_out import TASTE, head_scores
from worker.weights.training.taste.judge import check_report
from worker.weights.training.taste.judge.check import Check, check
from worker.weights.training.taste.judge.kept_ledger import KeptLedger
from worker.weights.training.taste.judge.looking import Looked, look
from worker.weights.training.taste.judged_set import read_judged_set, sum_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.weights.training.taste.judged_set import JudgedVideo

SUM_LENGTH = 16  #: hex digits of a SHA-256 that make a folder's name


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
    settings = _settings(url, model)
    try:
        videos = _some(read_judged_set(set_folder), count, seed)
        _ask_first(videos, settings, is_sure=is_sure)
        source = ScoreSource(settings.model, settings.device)
        with progress_bar() as on_progress:
            heads, may_know = _our_scores(
                videos, source, scores_file, work, partial(on_progress, "our score")
            )
            judge = _judge(settings, work, most_requests)
            looked = look(videos, heads, judge, seed, partial(on_progress, "judge"))
        _require_enough(looked, videos)
        found = check(looked)
        facts = {"set": sum_of(videos), "may_know": may_know}
        document = check_report.as_document(found, facts)
        _store(settings, source.sight, found, document)
    except ThumbsError as error:
        raise click.ClickException(str(error)) from error
    told = check_report.for_people(found, settings.judge_model or "", may_know=may_know)
    print_answer({"say": found.finding.say, "report": document}, told, as_json=as_json)


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


def _some(videos: Sequence[JudgedVideo], count: int | None, seed: int) -> list[JudgedVideo]:
    """Draw some videos, of which a larger draw has the same and more; all of them without a count."""
    drawn = np.random.default_rng(seed).permutation(len(videos))[:count]
    return [videos[place] for place in sorted(drawn.tolist())]


def _our_scores(
    videos: Sequence[JudgedVideo], source: ScoreSource, scores_file: Path | None, work: Path, on_progress: Any
) -> tuple[list[Any], bool]:
    """Score every frame, and tell whether the taste in the scores may know it."""
    kept, seen = Kept(work / "seen"), []
    for number, video in enumerate(videos, start=1):
        seen.append(kept.look(source, video))
        on_progress(number / len(videos))
    may_know = scores_file is None and any(TASTE in one for one in seen)
    return head_scores(videos, seen, scores_file), may_know


def _ask_first(videos: Sequence[JudgedVideo], settings: Settings, *, is_sure: bool) -> None:
    each = 1 + settings.judge_readings
    pictures = sum(min(len(video.frames), settings.judge_pictures) for video in videos)
    told = (
        f"{len(videos)} videos, {each} requests each: at most {len(videos) * each:,} requests with "
        f"{pictures * each:,} pictures to {settings.judge_url}; what was answered before is not asked again"
    )
    click.echo(told, err=True)
    confirm("Ask them?", is_sure=is_sure)


def _judge(settings: Settings, work: Path, most_requests: int | None) -> VlmJudge:
    connection = Connection.of(settings)
    assert connection is not None  # noqa: S101 - the settings name a judge
    server = hashlib.sha256((settings.judge_url or "").encode()).hexdigest()[:SUM_LENGTH]
    return VlmJudge(
        connection,
        KeptLedger(work / "verdicts" / server, most_requests),
        Say.LEAD,  # everything is asked for, whatever it may decide
        most_pictures=settings.judge_pictures,
        readings=settings.judge_readings,
        timeout_s=settings.judge_timeout_s,
        sends_title=False,
    )


def _require_enough(looked: Sequence[Looked], videos: Sequence[JudgedVideo]) -> None:
    """Let a check end that was broken off, or that has nothing to measure."""
    last, judged = looked[-1], sum(one.verdict is not None for one in looked)
    if last.result == "misconfigured":
        raise click.ClickException(last.message)
    if last.result == "budget":
        raise click.ClickException(
            f"{judged} of {len(videos)} videos are judged, and the requests of this run are spent; run it "
            "again to go on"
        )
    if not judged:
        raise click.ClickException(
            f"the judge gave no verdict on any of {len(videos)} videos: {last.message}"
        )


def _store(settings: Settings, sight: str, found: Check, document: dict[str, Any]) -> None:
    """Store the check on this machine, and in the database where there is one."""
    say, who = found.finding.say, operator_name()
    try:
        kept_checks.keep(settings, sight, say, document, who)
    except OSError as error:
        raise click.ClickException(
            f"{kept_checks.FILE} cannot be written ({error.strerror}): mend that, and run it again, which "
            "asks nobody"
        ) from error
    if settings.database_url or running_postgres(settings.data_dir / "postgres"):
        with open_database() as engine, transaction(engine) as session:
            checks.store(session, settings, sight, say, document, who)
