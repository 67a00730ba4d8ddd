"""Measures a learner from every side, each time leaving the judged videos out of the learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from worker.weights.training.taste.features.present_score import PART, SCORE
from worker.weights.training.taste.learners.ridge import Ridge
from worker.weights.training.taste.measures import SetMeasures, VideoMeasures, figures, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.progress import Progress
    from worker.weights.training.taste.features.examples import Examples
    from worker.weights.training.taste.judged_set import JudgedVideo
    from worker.weights.training.taste.learners.learner import Learner
    from worker.weights.training.taste.validation import Folds, Scores

GROUPS = ("middle layers", "last layer", "faces", "eyes", "text", "light", "place in time")
"""Groups of features whose worth is told, where they are measured."""

# A single number as a judge: its name, its group, its place in the group, and which way it counts.
SINGLE_CUES = (
    ("a large face", "faces", 0, 1.0),
    ("brightness", "light", 0, 1.0),
    ("contrast", "light", 1, 1.0),
    ("sharpness", "light", 4, 1.0),
    ("colourfulness", "light", 10, 1.0),
    ("little text", "text", 2, -1.0),
    ("nearness to the middle of the video", "place in time", 1, -1.0),
)
MAY_KNOW = " (may know these frames)"  #: behind a score whose taste was perhaps trained on the judged videos
CURVE_SHARES = (0.125, 0.25, 0.5)  #: of the videos; the whole is measured anyway
MIN_OF_KIND = 4  #: videos; kinds with fewer are summed up
MIN_WITH_FACE = 1 / 3  #: of a video's frames; then it is one with people

Rows = dict[str, SetMeasures]
"""What was measured, by who judged or what was judged."""


@dataclass(slots=True)
class Study:
    """Everything that was measured of a learner."""

    learner: str
    scores: Scores  #: of each video, by what was learned without it
    tables: dict[str, Rows] = field(default_factory=dict)  #: by their titles


def study(
    learner: Learner,
    examples: Examples,
    second: Sequence[tuple[JudgedVideo, NDArray[np.int64]]],
    folds: Folds,
    on_progress: Progress,
) -> Study:
    """Measure a learner, its learning curve, its rivals, and what each group of features is worth.

    Args:
        learner: what is measured.
        examples: all videos of the set, with all that sources measure.
        second: orders by other readers.
        folds: of the same examples.
        on_progress: gets the stage, and the fraction of it done.
    """
    scores, learned_from = folds.judge(learner, partial(on_progress, "held-out videos"))
    found = Study(learner.name, scores)
    ours = _measured(examples, scores)
    found.tables["Judges"] = {
        f"{learner.name}, videos left out": figures(ours),
        **dict(rivals(examples)),
        **dict(_second_reading(second)),
    }
    found.tables["Videos learned from"] = {
        **dict(_curve(learner, examples, folds, partial(on_progress, "learning curve"))),
        f"{learned_from:.0f}": figures(ours),
    }
    found.tables["Groups of features, by a ridge"] = dict(
        _worth(examples, folds, partial(on_progress, "groups of features"))
    )
    found.tables["People"] = dict(
        _divided(ours, ["with people" if yes else "without people" for yes in has_people(examples)])
    )
    found.tables["Kinds"] = dict(_divided(ours, _kinds(examples)))
    return found


def rivals(examples: Examples) -> Iterator[tuple[str, SetMeasures]]:
    """Measure what needs no learning: the present score, its parts, and single cues."""
    taste = f"{PART}taste"
    may_know = {SCORE, taste} if taste in examples.features else set()
    for name in examples.features:
        if name.startswith(SCORE):
            told = name + MAY_KNOW if name in may_know else name
            yield told, figures(_measured(examples, _column(examples, name, 0)))
    for name, group, place, sign in SINGLE_CUES:
        if group in examples.features:
            column = [sign * values for values in _column(examples, group, place)]
            yield name, figures(_measured(examples, column))


def has_people(examples: Examples) -> list[bool]:
    """Tell of each video whether a face was found in a third of its frames."""
    return [bool((column > 0).mean() >= MIN_WITH_FACE) for column in _column(examples, "faces", 0)]


def _curve(
    learner: Learner, examples: Examples, folds: Folds, on_progress: Callable[[float], None]
) -> Iterator[tuple[str, SetMeasures]]:
    for number, share in enumerate(CURVE_SHARES):
        part_done = _part_of(on_progress, number, len(CURVE_SHARES))
        scores, learned_from = folds.judge(learner, part_done, share)
        yield f"{learned_from:.0f}", figures(_measured(examples, scores))


def _worth(
    examples: Examples, folds: Folds, on_progress: Callable[[float], None]
) -> Iterator[tuple[str, SetMeasures]]:
    groups = tuple(name for name in GROUPS if name in examples.features)
    judges = {"all": groups}
    judges |= {f"{name} alone": (name,) for name in groups}
    judges |= {f"without {name}": tuple(one for one in groups if one != name) for name in groups}
    for number, (name, used) in enumerate(judges.items()):
        scores, _ = folds.judge(Ridge(used), _part_of(on_progress, number, len(judges)))
        yield name, figures(_measured(examples, scores))


def _second_reading(
    second: Sequence[tuple[JudgedVideo, NDArray[np.int64]]],
) -> Iterator[tuple[str, SetMeasures]]:
    """Measure other readers as judges: no score can agree much better than they do."""
    if second:
        measured = [measure(video.ranks, -ranks.astype(np.float64)) for video, ranks in second]
        yield "a second reader, by eye", figures(measured)


def _kinds(examples: Examples) -> list[str]:
    kinds = [video.kind for video in examples.videos]
    return [kind if kind and kinds.count(kind) >= MIN_OF_KIND else "all others" for kind in kinds]


def _divided(measured: Sequence[VideoMeasures], labels: Sequence[str]) -> Iterator[tuple[str, SetMeasures]]:
    by_label: Mapping[str, list[VideoMeasures]] = {label: [] for label in sorted(set(labels))}
    for one, label in zip(measured, labels, strict=True):
        by_label[label].append(one)
    yield from ((label, figures(members)) for label, members in by_label.items())


def _measured(examples: Examples, scores: Scores) -> list[VideoMeasures]:
    return [measure(video.ranks, one) for video, one in zip(examples.videos, scores, strict=True)]


def _column(examples: Examples, group: str, place: int) -> Scores:
    return [rows[:, place].astype(np.float64) for rows in examples.features[group]]


def _part_of(on_progress: Callable[[float], None], number: int, count: int) -> Callable[[float], None]:
    return lambda fraction: on_progress((number + fraction) / count)
