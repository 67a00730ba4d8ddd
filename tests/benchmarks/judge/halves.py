"""Judged videos in two halves: a judge is measured on one, and decides on the other as far as it may."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks.judge.judged_path import JudgedPath
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.scripts import always_first
from worker.judge.connection import JudgeConnection
from worker.judge.ledger import MemoryLedger
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say
from worker.settings import Settings
from worker.weights.training.taste.judge.check import check
from worker.weights.training.taste.judge.looking import look
from worker.weights.training.taste.measures import figures, measure, share, share_of_places
from worker.weights.training.taste.related import folds, related_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.judge.judged_path import Picked
    from tests.support.judge_server.scripts import Script
    from worker.weights.training.taste.judge.looking import Looked
    from worker.weights.training.taste.judged_set import JudgedVideo
    from worker.weights.training.taste.measures import Estimate

HALVES = 2
TIMEOUT_S = 600.0  #: for a video; the machine may be busy
SEED = 0


class JudgeRow(NamedTuple):
    """What one judge came to."""

    says: str  #: measured on either half
    pairs: Estimate  #: of its order
    is_best: Estimate  #: the first pick is the editor's best, or alike
    in_best: Estimate  #: it is among the best three
    as_before: float  #: the share of videos in which all picks are those without a judge
    requests: float  #: for a pick
    tokens: float


class Halves:
    """Measures judges on one half of the videos, and picks with them on the other.

    Args:
        videos: of a judged set.
        tastes: of each, (frames,) held-out scores.
        pictures: that a judge is shown.
        readings: of the order.
    """

    def __init__(
        self,
        videos: Sequence[JudgedVideo],
        tastes: Sequence[NDArray[np.float64]],
        pictures: int,
        readings: int,
    ) -> None:
        self._videos = videos
        self._pictures, self._readings = pictures, readings
        self._path = JudgedPath(videos, tastes)
        self._halves = folds(related_groups(videos), HALVES, SEED)
        self._heads: list[NDArray[np.float64]] = []
        self._before: list[Picked] = []
        for number, video in enumerate(videos, start=1):
            print(f"our score: {number}/{len(videos)} {video.name}", file=sys.stderr)
            self._heads.append(self._path.scores(video))
            self._before.append(self._path.pick(video))

    def without_a_judge(self) -> JudgeRow:
        """Measure our score, and what is picked by it."""
        measured = [measure(video.ranks, one) for video, one in zip(self._videos, self._heads, strict=True)]
        return JudgeRow("", figures(measured).pairs_right, *self._first_picks(self._before), 1.0, 0.0, 0.0)

    def row(self, script: Callable[[JudgedVideo], Script]) -> JudgeRow:
        """Measure a judge on either half, and pick with it on the other one.

        Args:
            script: by which it answers about a video.
        """
        looked: list[Looked] = []
        says: list[Say] = []
        picked: dict[int, Picked] = {}
        with FakeJudge(always_first(), remembers=False) as server:
            for measured, other in (self._halves, self._halves[::-1]):
                seen = self._look(server, script, measured)
                says.append(check(seen).finding.say)
                looked += seen
                picked |= self._pick(server, script, says[-1], other)
        after = [picked[index] for index in range(len(self._videos))]
        return JudgeRow(
            "/".join(dict.fromkeys(says)),
            check(looked).judge.pairs_right,
            *self._first_picks(after),
            float(
                np.mean([one.times_s == two.times_s for one, two in zip(after, self._before, strict=True)])
            ),
            float(np.mean([one.requests for one in after])),
            float(np.mean([one.tokens for one in after])),
        )

    def _look(
        self, server: FakeJudge, script: Callable[[JudgedVideo], Script], indexes: Sequence[int]
    ) -> list[Looked]:
        """Have the judge describe and order frames, as a check does."""
        judge, looked = self._judge(server, Say.LEAD), []
        for index in indexes:
            video = self._videos[index]
            server.script = script(video)
            looked += look([video], [self._heads[index]], judge, SEED, lambda _done: None)
        return looked

    def _pick(
        self, server: FakeJudge, script: Callable[[JudgedVideo], Script], say: Say, indexes: Sequence[int]
    ) -> dict[int, Picked]:
        """Pick with a judge that has this say."""
        judge, picked = self._judge(server, say), {}
        for index in indexes:
            server.script = script(self._videos[index])
            before = server.usage
            found = self._path.pick(self._videos[index], judge)
            tokens = server.usage.prompt_tokens + server.usage.answer_tokens
            picked[index] = found._replace(
                requests=server.usage.requests - before.requests,
                tokens=tokens - before.prompt_tokens - before.answer_tokens,
            )
        return picked

    def _judge(self, server: FakeJudge, say: Say) -> VlmJudge:
        connection = JudgeConnection.of(Settings(judge_url=server.url, judge_model="scripted"))
        assert connection is not None, "the settings name a judge"
        return VlmJudge(
            connection,
            MemoryLedger(),
            say,
            most_pictures=self._pictures,
            readings=self._readings,
            timeout_s=TIMEOUT_S,
            sends_title=False,
        )

    def _first_picks(self, picked: Sequence[Picked]) -> tuple[Estimate, Estimate]:
        """Measure how often the first pick is the editor's best, and among the best three."""
        pairs = list(zip(self._videos, picked, strict=True))
        whole = [1.0] * len(pairs)
        best = [float(video.ranks[one.first] == video.ranks.min()) for video, one in pairs]
        few = [float(share_of_places(video.ranks)[one.first]) for video, one in pairs]
        return share(best, whole), share(few, whole)
