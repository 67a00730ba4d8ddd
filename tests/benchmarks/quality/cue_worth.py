"""What becomes of the picks when a part of the score, a prompt pair or a gate is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.pickers.methods import COUNT
from tests.benchmarks.quality.seen_videos import ScoringVariant
from tests.benchmarks.quality.stability import MOMENT_S
from tests.benchmarks.quality.weight_search import PARTS
from worker.pipeline.cues.defects import GATES
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tests.benchmarks.quality.seen_videos import Encodings, SeenVideo

EVERY_GATE = frozenset(GATES)
EVERYTHING = "(nothing)"  #: the row to compare with
MIN_RANGE = 1e-9  #: of scores; below, they are all the same


def without_part(pairs: Sequence[str]) -> Iterator[tuple[str, ScoringVariant]]:
    """Judges that each lack one part of the score; where a pair goes, the others take its share."""
    yield EVERYTHING, ScoringVariant()
    for name in DEFAULT_WEIGHTS._fields:
        if name in PARTS:
            yield name, ScoringVariant(DEFAULT_WEIGHTS._replace(**{name: 0.0}))
    rest = len(pairs) / (len(pairs) - 1)
    for pair in pairs:
        yield f"`{pair}`", ScoringVariant(pairs={name: 0.0 if name == pair else rest for name in pairs})


def without_gate() -> Iterator[tuple[str, ScoringVariant]]:
    """Judges that each lack one gate, and one that lacks all."""
    yield EVERYTHING, ScoringVariant()
    for name in GATES:
        yield name, ScoringVariant(open_gates=frozenset({name}))
    yield "all of them", ScoringVariant(open_gates=EVERY_GATE)


def margin(video: SeenVideo, judge: ScoringVariant) -> float | None:
    """By how much the best good candidate outscores the best bad one, in units of the video's range.

    Of what a judge's gates let pass; None where nothing bad passes, or nothing good.
    """
    among = video.past(judge.open_gates)
    scores, is_bad = _scores(video, judge, among)
    if is_bad.all() or not is_bad.any():
        return None
    ahead = scores[~is_bad].max() - scores[is_bad].max()
    return float(ahead / max(float(np.ptp(scores)), MIN_RANGE))


def order(video: SeenVideo, judge: ScoringVariant) -> float | None:
    """In how many pairs of a good and a bad candidate, of those that pass, the good one scores higher."""
    among = video.past(judge.open_gates)
    scores, is_bad = _scores(video, judge, among)
    if is_bad.all() or not is_bad.any():
        return None
    return float((scores[~is_bad][:, None] > scores[is_bad]).mean())


def _scores(
    video: SeenVideo, judge: ScoringVariant, among: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the scores of some candidates, and which of them are bad."""
    scores = np.array([one.score for one in video.scored(judge, among)])
    return scores, np.array([bool(video.kinds[index]) for index in among])


def picked(videos: Sequence[SeenVideo], judge: ScoringVariant) -> dict[str, list[float]]:
    """Judge the picks of each video."""
    rows = [(video, video.picks(judge, COUNT)) for video in videos]
    return {
        "first bad": [float(bool(video.kinds[picks[0]])) for video, picks in rows],
        "any bad": [float(any(video.kinds[pick] for pick in picks)) for video, picks in rows],
        "three good": [
            float(len({video.pieces[pick] for pick in picks if not video.kinds[pick]}) == COUNT)
            for video, picks in rows
            if video.has_three_good_shots
        ],
    }


def agreement(clips: Sequence[Encodings], judge: ScoringVariant) -> list[float]:
    """For each clip, in how many other encodings the first pick is of the same moment."""
    return [_same_moment(clip, judge) for clip in clips]


def _same_moment(clip: Encodings, judge: ScoringVariant) -> float:
    first_s = _first_s(clip.original, judge)
    apart_s = [abs(_first_s(other, judge) + early_s - first_s) for early_s, other in clip.others]
    return float((np.array(apart_s) <= MOMENT_S).mean())


def _first_s(video: SeenVideo, judge: ScoringVariant) -> float:
    return video.candidates[video.picks(judge, 1)[0]].time_s
