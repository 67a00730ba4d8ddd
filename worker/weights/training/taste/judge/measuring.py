"""Measures one judge on some videos of a judged set, from its first request to the document of its check."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from worker.errors import Unjudged
from worker.judge.connection import JudgeConnection
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say
from worker.weights.training.taste.features.present_score import ScoreSource
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.held_out import TASTE, head_scores
from worker.weights.training.taste.judge import check_report
from worker.weights.training.taste.judge.check import Check, check
from worker.weights.training.taste.judge.kept_ledger import KeptLedger
from worker.weights.training.taste.judge.looking import IN_A_ROW, Looked, is_silent, look
from worker.weights.training.taste.judged_set import read_judged_set, sum_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from worker.settings import Settings
    from worker.weights.training.taste.judged_set import JudgedVideo

SUM_LENGTH = 16  #: hex digits of a SHA-256 that make a folder's name


@dataclass(frozen=True, slots=True)
class MeasuredWorth:
    """What a judge was found to be worth, beside which score of ours."""

    found: Check
    sight: str  #: of our model
    may_know: bool  #: whether our taste may have been trained on these frames
    document: dict[str, Any]


def some_videos(set_folder: Path, count: int | None, seed: int) -> list[JudgedVideo]:
    """Draw videos of a judged set, of which a larger draw has the same and more; all of them without a count.

    Raises:
        JudgedSetInvalid: the set cannot be read.
    """
    videos = read_judged_set(set_folder)
    drawn = np.random.default_rng(seed).permutation(len(videos))[:count]
    return [videos[place] for place in sorted(drawn.tolist())]


def measure_judge(
    videos: Sequence[JudgedVideo],
    settings: Settings,
    work: Path,
    on_progress: Callable[[str, float], None],
    *,
    scores_file: Path | None = None,
    most_requests: int | None = None,
    seed: int = 0,
) -> MeasuredWorth:
    """Show videos to the judge that the settings name, and measure what it said.

    Args:
        videos: of a judged set.
        settings: name the judge, and our model.
        work: a folder that keeps what was seen and said, so that a further run goes on.
        on_progress: gets the name of a stage and the fraction of it that is done, 0..1.
        scores_file: held-out scores, where our taste was trained on this set.
        most_requests: of this run; None for any number.
        seed: of the order in which frames are shown.

    Raises:
        JudgedSetInvalid: a frame is no picture, or the held-out scores lack one.
        Unjudged: the check did not come to its end, or there was nothing to measure.
    """
    source = ScoreSource(settings.model, settings.device)
    heads, may_know = _our_scores(videos, source, scores_file, work, partial(on_progress, "our score"))
    judge = _judge(settings, work, most_requests)
    looked = look(videos, heads, judge, seed, partial(on_progress, "judge"))
    _require_enough(looked, videos)
    found = check(looked)
    document = check_report.as_document(found, {"set": sum_of(videos), "may_know": may_know})
    return MeasuredWorth(found, source.sight, may_know, document)


def _our_scores(
    videos: Sequence[JudgedVideo],
    source: ScoreSource,
    scores_file: Path | None,
    work: Path,
    on_progress: Callable[[float], None],
) -> tuple[list[NDArray[np.float64]], bool]:
    """Score every frame, and tell whether the taste in the scores may know it."""
    kept, seen = Kept(work / "seen"), []
    for number, video in enumerate(videos, start=1):
        seen.append(kept.look(source, video))
        on_progress(number / len(videos))
    may_know = scores_file is None and any(TASTE in one for one in seen)
    return head_scores(videos, seen, scores_file), may_know


def _judge(settings: Settings, work: Path, most_requests: int | None) -> VlmJudge:
    connection = JudgeConnection.of(settings)
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
    """Refuse a check that was broken off, or that has nothing to measure."""
    last, judged = looked[-1], sum(one.verdict is not None for one in looked)
    if last.result == "misconfigured":
        raise Unjudged(last.result, last.message)
    if last.result == "budget":
        raise Unjudged(
            last.result,
            f"{judged} of {len(videos)} videos are judged, and the requests of this run are spent; run it "
            "again to go on",
        )
    if is_silent(looked):
        raise Unjudged(
            last.result,
            f"{IN_A_ROW} videos in a row got no verdict, so nothing is stored: {last.message}. {judged} of "
            f"{len(videos)} videos are judged; run it again to go on",
        )
    if not judged:
        raise Unjudged(
            last.result, f"the judge gave no verdict on any of {len(videos)} videos: {last.message}"
        )
