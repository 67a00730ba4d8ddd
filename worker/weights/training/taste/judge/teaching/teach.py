"""From one's own videos to a set that a judge has put in order: each step goes on where it was broken off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from worker.errors import ConfigurationError, JudgedSetInvalid
from worker.judge.connection import JudgeConnection
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say
from worker.pipeline.sandbox.decoder import Decoder
from worker.pipeline.scoring.clip_scorer import ClipScorer
from worker.settings import Settings
from worker.weights.training.taste.judge.kept_ledger import KeptLedger
from worker.weights.training.taste.judge.teaching.frames_of import LEFT_OUT_TABLE, take_frames
from worker.weights.training.taste.judge.teaching.ordering import MAX_FRAMES, order_frames
from worker.weights.training.taste.judge.teaching.own_videos import own_videos
from worker.weights.training.taste.judge.teaching.table import rows_of
from worker.weights.training.taste.judged_set import FRAMES, TABLE, TIMES, read_judged_set, read_unordered
from worker.weights.training.taste.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.weights.training.taste.judged_set import JudgedVideo

SEED = 0  #: of frames that are drawn at random, so that a video gives the same frames again
ASK_FROM = 1_000  #: requests; with more, somebody has to agree
PATIENCE = 10  #: times JUDGE_TIMEOUT_S for each video: nobody waits for a picture meanwhile


@dataclass(frozen=True, slots=True)
class Teacher:
    """The judge that the caller wants, and how much it may be asked."""

    url: str | None = None  #: None: that of the settings
    model: str | None = None
    most_requests: int | None = None  #: of this run; None: any number, if somebody agrees to many

    def settings(self) -> Settings:
        """Read the settings, with what the caller named in place of them.

        Raises:
            SettingsInvalid: something in them is wrong.
        """
        named = {"judge_url": self.url, "judge_mode": "rank"} if self.url else {}
        return Settings.read(**named, **({"judge_model": self.model} if self.model else {}))


def taught_set(
    folder: Path,
    out: Path,
    teacher: Teacher,
    work: Path,
    check: Callable[[Sequence[JudgedVideo]], object],
) -> Path:
    """Take frames of videos, and have a judge put them in order.

    Args:
        folder: of one's own videos, or a set in the making.
        out: where the set of one's own videos is made.
        teacher: the judge.
        work: where the judge's verdicts are kept.
        check: gets all videos of the set before anybody is asked, and raises where nothing could be learned
            from them.

    Returns:
        The folder of the set, every video of which the judge was shown.

    Raises:
        JudgedSetInvalid: there are no videos, or what there is of a set contradicts itself.
        ConfigurationError: no judge is named, or it cannot be asked any more; the next run goes on.
    """
    settings = teacher.settings()
    connection = JudgeConnection.of(settings)
    if connection is None:
        raise ConfigurationError(
            "no judge is named; give --judge-url and --judge-model, or set JUDGE_URL, JUDGE_MODEL and "
            "JUDGE_MODE=rank (docs/judge.md)"
        )
    made = folder if any(folder.glob(f"{FRAMES}/*/{TIMES}")) else _with_frames(folder, out)
    ordered = read_judged_set(made) if rows_of(made / TABLE) else ()
    waiting = read_unordered(made, {video.name for video in ordered})
    if not ordered and not waiting:
        raise JudgedSetInvalid(f"{folder}: none of its videos has frames to put in order; name other videos")
    check([*ordered, *waiting])
    if waiting:
        _order(waiting, len(ordered), made, connection, settings, teacher, work)
    return made


def _with_frames(folder: Path, out: Path) -> Path:
    """Take frames of one's own videos, beside which nothing is written."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"the set would be written among the videos, to {out}; name a folder elsewhere by --set-out"
        )
    videos = own_videos(folder)
    if before := len(rows_of(out / LEFT_OUT_TABLE)):
        some = f"{before} videos were" if before > 1 else "1 video was"
        click.echo(f"{some} left out before; {out / LEFT_OUT_TABLE} says why", err=True)
    with progress_bar() as on_progress, Decoder() as decoder:  # it starts while the model loads
        left_out = take_frames(
            videos, out, SEED, ClipScorer.load(), decoder, lambda done: on_progress("frames to order", done)
        )
    for sentence in left_out:
        click.echo(f"left out: {sentence}", err=True)
    return out


def _order(
    waiting: Sequence[JudgedVideo],
    in_order: int,
    folder: Path,
    connection: JudgeConnection,
    settings: Settings,
    teacher: Teacher,
    work: Path,
) -> None:
    """Have the judge order what waits, if the caller agrees to so many requests."""
    of_each = 1 + settings.judge_readings
    needed = len(waiting) * of_each
    click.echo(
        f"{len(waiting)} videos wait for an order by {connection.model}: {needed:,} requests, {of_each} for "
        f"each; their frames are sent to {connection.url}",
        err=True,
    )
    most = teacher.most_requests
    if most is not None and most < of_each:
        raise ConfigurationError(f"--judge-requests {most}: a video takes {of_each}; allow as many at least")
    if most is None and needed > ASK_FROM:
        click.confirm("Ask for all of them? (--judge-requests N allows fewer)", abort=True, err=True)
    judge = VlmJudge(
        connection,
        KeptLedger(work / "verdicts", most and most - most % of_each),  # none is spent on half a video
        Say.LEAD,
        most_pictures=MAX_FRAMES,
        readings=settings.judge_readings,
        timeout_s=PATIENCE * settings.judge_timeout_s,
        sends_title=False,
    )
    with progress_bar() as on_progress:
        found = order_frames(waiting, folder, judge, lambda done: on_progress("orders", done))
    for sentence in found.failed:
        click.echo(f"without an order: {sentence}", err=True)
    if found.ended or not in_order + found.videos:
        raise ConfigurationError(
            f"{found.ended or 'the judge gave no order'}. {in_order + found.videos} of "
            f"{in_order + len(waiting)} videos are in order: the same command goes on from there, and "
            f"--set {folder} learns from those alone"
        )
