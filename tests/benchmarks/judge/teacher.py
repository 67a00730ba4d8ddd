"""What a head learns from a scripted judge's orders, beside what it learns from the editor's.

    python -m tests.benchmarks.judge teacher --set DIR [--learner trunk] [--scores FILE] [--right 92]

The frames of a set (`docs/judged-frames.md`) are put in order by a scripted judge over HTTP, by the product's
own steps, without a look at the editor's orders. A head then learns from the judge's orders, another from
those of the editor, each leaving related videos out, and both are measured by the editor's orders of those.
`--scores` are held-out scores of a head that learned from the editor's orders in as many folds, which need
not be learned again.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tests.benchmarks.quality.quality_table import markdown
from tests.benchmarks.speed.footage import CACHE
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.noise import sigma_for
from tests.support.judge_server.scripts import knows
from worker.errors import ThumbsError
from worker.judge.connection import JudgeConnection
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say
from worker.settings.judge import JudgeSettings
from worker.weights.training.taste.command import RIDGE_GROUPS
from worker.weights.training.taste.features.cues import CueSource
from worker.weights.training.taste.features.examples import see
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.features.trunk import ActivationSource, LayerSource
from worker.weights.training.taste.held_out import read_scores
from worker.weights.training.taste.judge.kept_ledger import KeptLedger
from worker.weights.training.taste.judge.shown_frames import picture_of
from worker.weights.training.taste.judge.teaching.ordering import MAX_FRAMES, order_frames
from worker.weights.training.taste.judged_set import FRAMES, TABLE, read_judged_set, read_unordered
from worker.weights.training.taste.learners.rank_net import RankNet
from worker.weights.training.taste.learners.ridge import Ridge
from worker.weights.training.taste.measures import figures, lead, measure
from worker.weights.training.taste.related import folds, related_groups
from worker.weights.training.taste.report import HEADS, cells
from worker.weights.training.taste.validation import Folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.features.source import FeatureSource
    from worker.weights.training.taste.judged_set import JudgedVideo
    from worker.weights.training.taste.learners.learner import Learner
    from worker.weights.training.taste.validation import Scores

SEED = 0
TIMEOUT_S = 600.0  #: for a video; the machine may be busy
RIDGE, TRUNK = "ridge", "trunk"


def run(arguments: Sequence[str]) -> int:
    """Run as the command line asks."""
    given = _given(arguments)
    if not given.set.is_dir():
        print(f"skipped: {given.set} is no folder of judged frames (docs/judged-frames.md)")
        return 0
    try:
        text = _measured(given)
    except ThumbsError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    if given.out:
        given.out.write_text(text, "utf-8")
    return 0


def _measured(given: argparse.Namespace) -> str:
    torch.use_deterministic_algorithms(True)
    videos = read_judged_set(given.set)[: given.sample]
    taught = by_judge(videos, given.set, given.right / 100, given.readings, given.work)
    groups = related_groups(videos, [names.split(",") for names in given.together])
    dealt = folds(groups, given.folds, SEED)
    rows = {f"the judge itself, {given.right:.0f} % right": [-one.ranks.astype(np.float64) for one in taught]}
    for who, examples in (("the judge's orders", taught), ("the editor's orders", videos)):
        name = f"{given.learner}, taught by {who}"
        if examples is videos and given.scores is not None:
            rows[name] = read_scores(given.scores, videos)
            continue
        seen = _seen(examples, given.learner, given.work)
        judged = Folds(seen, groups, dealt, SEED, given.work / "judged")
        rows[name], _ = judged.judge(_learner(given.learner), _say(name))
    return table(videos, rows)


def by_judge(
    videos: Sequence[JudgedVideo], folder: Path, share_right: float, readings: int, work: Path
) -> list[JudgedVideo]:
    """Have a scripted judge order the frames of videos, by the steps of `--from-judge`.

    Args:
        videos: of a judged set.
        folder: of that set.
        share_right: of the pairs of one reading; its errors are new ones each time.
        readings: of the order.
        work: where its verdicts are kept.

    Returns:
        The same videos in the judge's order.
    """
    made = work / f"set-{share_right:.2f}-{readings}"
    made.mkdir(parents=True, exist_ok=True)
    if not (made / FRAMES).exists():
        (made / FRAMES).symlink_to((folder / FRAMES).resolve())
    (made / TABLE).unlink(missing_ok=True)
    places = [_places(video) for video in videos]
    worth = {
        picture_of(frame): place
        for video, of_video in zip(videos, places, strict=True)
        for frame, place in zip(video.frames, of_video, strict=True)
    }
    sigma = sigma_for(share_right, places)
    names = {video.name for video in videos}
    waiting = [video for video in read_unordered(made, ()) if video.name in names]
    with FakeJudge(knows(worth.__getitem__, sigma, SEED), remembers=False) as server:
        judge = VlmJudge(
            JudgeConnection(server.url, f"scripted-{share_right:.2f}"),
            KeptLedger(made / "verdicts"),
            Say.LEAD,
            most_pictures=MAX_FRAMES,
            readings=readings,
            timeout_s=TIMEOUT_S,
            sends_title=False,
        )
        found = order_frames(waiting, made, judge, _say("orders"))
        print(f"{server.usage.requests} requests; {found}", file=sys.stderr)
    by_name = {video.name: video for video in read_judged_set(made)}
    return [
        replace(
            video,
            frames=tuple(
                replace(frame, rank=ordered.rank)
                for frame, ordered in zip(video.frames, by_name[video.name].frames, strict=True)
            ),
        )
        for video in videos
    ]


def table(videos: Sequence[JudgedVideo], rows: dict[str, Scores]) -> str:
    """Write a row for each judge of frames, and how the last of them compares with each."""
    ranks = [video.ranks for video in videos]
    measured = {
        name: [measure(rank, one) for rank, one in zip(ranks, scores, strict=True)]
        for name, scores in rows.items()
    }
    last = list(rows)[-1]
    lines = [
        (name, *cells(figures(one)), "" if name == last else _signed(lead(one, measured[last])))
        for name, one in measured.items()
    ]
    return markdown(("order by", *HEADS, f"pairs more than by {last}"), lines) + "\n"


def _places(video: JudgedVideo) -> list[float]:
    """Tell what each frame is worth: 0 for the best; those alike share the mean of their places."""
    ranks = video.ranks
    before = (ranks < ranks[:, None]).sum(axis=1)
    alike = (ranks == ranks[:, None]).sum(axis=1) - 1
    worth: list[float] = (-(before + alike / 2)).tolist()
    return worth


def _seen(videos: Sequence[JudgedVideo], learner: str, work: Path) -> Examples:
    kept, trains_trunk = Kept(work / "seen"), learner == TRUNK
    sources: list[FeatureSource] = [] if trains_trunk else [LayerSource(), CueSource()]
    return see(videos, sources, kept, _say("frames"), ActivationSource() if trains_trunk else None)


def _learner(name: str) -> Learner:
    return RankNet(SEED) if name == TRUNK else Ridge(RIDGE_GROUPS)


def _say(stage: str) -> _Told:
    return _Told(stage)


class _Told:
    """Tells the progress of a stage, in lines, since a run of hours has a log."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._told = -1

    def __call__(self, fraction: float) -> None:
        """Say it at each twentieth."""
        if int(20 * fraction) > self._told:
            self._told = int(20 * fraction)
            print(f"{self._stage}: {fraction:.0%}", file=sys.stderr, flush=True)


def _signed(found: tuple[float, float, float]) -> str:
    mean, low, high = (100 * one for one in found)
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    readings = JudgeSettings.model_fields["judge_readings"].default
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.judge teacher", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--set", type=Path, required=True, metavar="DIR", help="folder of judged frames")
    parser.add_argument("--learner", choices=(RIDGE, TRUNK), default=RIDGE)
    parser.add_argument("--right", type=float, default=92.0, help="per cent of the pairs of one reading")
    parser.add_argument("--readings", type=int, default=readings, metavar="N")
    parser.add_argument("--scores", type=Path, metavar="FILE", help="held-out scores, taught by the editor")
    parser.add_argument("--together", action="append", default=[], metavar="NAME,NAME...")
    parser.add_argument("--folds", type=int, default=8, metavar="N")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many videos")
    parser.add_argument("--work", type=Path, default=CACHE / "teacher", metavar="DIR", help="keeps results")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there, too")
    return parser.parse_args(arguments)
