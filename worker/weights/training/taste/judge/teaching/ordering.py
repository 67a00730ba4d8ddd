"""Has a judge put the frames of videos in order, one video after the other, each written down at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.errors import Unjudged
from worker.weights.training.taste.judge.shown_frames import picture_of
from worker.weights.training.taste.judge.teaching.orders import row_of
from worker.weights.training.taste.judge.teaching.table import add_row
from worker.weights.training.taste.judged_set import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from worker.pipeline.judging.verdict import Judge, Verdict
    from worker.weights.training.taste.judged_set import JudgedVideo

COLUMNS = ("video", "order", "group", "reader", "why")
MAX_FRAMES = 26  #: a judge is shown as many as there are letters

WAITED_OUT = frozenset({"busy", "paused"})  #: results that pass by themselves, as limits on rates do
ENDING = frozenset({"budget", "misconfigured"}) | WAITED_OUT  #: after these, nobody is asked in this run
WAITS_S = (5.0, 15.0, 30.0, 60.0, 60.0, 120.0, 120.0, 180.0)  #: before the same video is asked about again
MAX_FAILURES = 5  #: videos in a row without a verdict; then it is not the video


@dataclass(slots=True)
class Ordered:
    """What became of a run."""

    videos: int = 0  #: put in order
    failed: list[str] = field(default_factory=list)  #: for each video without a verdict, a sentence
    ended: str = ""  #: why nobody is asked any more; empty where every video was shown
    is_spent: bool = False  #: that is because all requests of the run are spent


def order_frames(
    videos: Sequence[JudgedVideo],
    folder: Path,
    judge: Judge,
    on_progress: Callable[[float], None],
    wait: Callable[[float], None] = time.sleep,
) -> Ordered:
    """Show each video's frames to a judge, and write its order into the set.

    Args:
        videos: of a set, not in order yet.
        folder: of the set.
        judge: is asked for everything.
        on_progress: gets the fraction done, 0..1.
        wait: waits so many seconds, where a judge has too much to do.

    Raises:
        JudgedSetInvalid: a frame is no picture.
    """
    found, in_a_row = Ordered(), 0
    for number, video in enumerate(videos, start=1):
        try:
            verdict = _ask(judge, video, wait)
        except Unjudged as error:
            in_a_row += 1
            if error.result in ENDING or in_a_row == MAX_FAILURES:
                found.ended, found.is_spent = str(error), error.result == "budget"
                break
            found.failed.append(f"{video.name}: {error}")
        else:
            in_a_row = 0
            letters = [frame.letter for frame in video.frames]
            add_row(folder / TABLE, row_of(video.name, video.group, letters, verdict), COLUMNS)
            found.videos += 1
        on_progress(number / len(videos))
    return found


def _ask(judge: Judge, video: JudgedVideo, wait: Callable[[float], None]) -> Verdict:
    """Ask about one video; where the judge has too much to do, again and again."""
    if len(video.frames) > MAX_FRAMES:
        raise Unjudged(
            "refused",
            f"{len(video.frames)} frames, and a judge is shown {MAX_FRAMES} at most; leave some out",
        )
    pictures = [picture_of(frame) for frame in video.frames]
    for wait_s in WAITS_S:
        try:
            return judge.judge(pictures, "", in_order=True)
        except Unjudged as error:
            if error.result not in WAITED_OUT:
                raise
        wait(wait_s)
    return judge.judge(pictures, "", in_order=True)
