"""Every video is judged by what was learned without it, and nothing is learned twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from worker.weights.training.taste.features.examples import Examples
from worker.weights.training.taste.judged_set import JudgedFrame, JudgedVideo
from worker.weights.training.taste.related import folds, related_groups
from worker.weights.training.taste.validation import Folds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass
class CountingLearner:
    """Scores a video by how many it learned from, and remembers whom it learned from and judged."""

    name: str = "spy"
    identity: str = "spy"
    fits: list[tuple[set[str], set[str]]] = field(default_factory=list)
    fails_at: int = -1

    def fit(self, examples: Examples) -> CountingLearner.Judge:
        """Learn nothing."""
        if len(self.fits) == self.fails_at:
            raise KeyboardInterrupt
        return CountingLearner.Judge(self, {video.name for video in examples.videos})

    @dataclass
    class Judge:
        """Scores by a count."""

        spy: CountingLearner
        learned_from: set[str]

        def __call__(self, examples: Examples) -> list[NDArray[np.float64]]:
            """Score."""
            self.spy.fits.append((self.learned_from, {video.name for video in examples.videos}))
            return [np.arange(2.0) + len(self.learned_from) for _ in examples.videos]

        def tensors(self) -> dict[str, object]:
            """Give nothing."""
            return {}


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Make twelve videos, of which every two are related."""
    picture = tmp_path / "frame"
    picture.write_bytes(b"")
    frames = (JudgedFrame("A", picture, 0.0, 0, 0), JudgedFrame("B", picture, 1.0, 0, 1))
    return Examples(
        tuple(JudgedVideo(f"{letter}{number}", frames, 2.0) for letter in "abcdef" for number in (1, 2)), {}
    )


def made(examples: Examples, folder: Path) -> Folds:
    """Deal the videos to three folds."""
    groups = related_groups(examples.videos)
    return Folds(examples, groups, folds(groups, 3, seed=0), 0, folder)


def test_no_video_is_judged_by_what_was_learned_from_it_or_its_relatives(
    examples: Examples, tmp_path: Path
) -> None:
    """And every video is judged once, in the set's order."""
    spy = CountingLearner()

    scores, learned_from = made(examples, tmp_path / "judged").judge(spy, lambda _done: None)

    for learned, judged in spy.fits:
        assert not {name[0] for name in learned} & {name[0] for name in judged}
        assert len(learned) == 8
    assert [one.tolist() for one in scores] == [[8.0, 9.0]] * 12
    assert learned_from == 8


def test_a_share_of_the_videos_is_a_share_of_those_outside(examples: Examples, tmp_path: Path) -> None:
    """For the learning curve."""
    spy = CountingLearner()

    _, learned_from = made(examples, tmp_path / "judged").judge(spy, lambda _done: None, 0.25)

    assert learned_from == 2
    assert all(len(learned) == 2 and not learned & judged for learned, judged in spy.fits)


def test_a_second_run_learns_nothing(examples: Examples, tmp_path: Path) -> None:
    """It recalls the same scores."""
    once, _ = made(examples, tmp_path / "judged").judge(CountingLearner(), lambda _done: None)
    spy = CountingLearner()

    again, _ = made(examples, tmp_path / "judged").judge(spy, lambda _done: None)

    assert spy.fits == []
    assert np.array_equal(once, again)


def test_work_that_was_broken_off_goes_on(examples: Examples, tmp_path: Path) -> None:
    """Two of three folds were done."""
    with pytest.raises(KeyboardInterrupt):
        made(examples, tmp_path / "judged").judge(CountingLearner(fails_at=2), lambda _done: None)
    spy = CountingLearner()

    made(examples, tmp_path / "judged").judge(spy, lambda _done: None)

    assert len(spy.fits) == 1


@pytest.mark.parametrize("what", ["settings", "order"])
def test_what_changed_is_learned_anew(examples: Examples, tmp_path: Path, what: str) -> None:
    """Other settings everywhere; another order of one video wherever it takes part."""
    made(examples, tmp_path / "judged").judge(CountingLearner(), lambda _done: None)
    spy = CountingLearner(identity="other settings" if what == "settings" else "spy")
    first = examples.videos[0]
    turned = tuple(replace(frame, rank=1 - frame.rank) for frame in first.frames)
    if what == "order":
        examples = replace(examples, videos=(replace(first, frames=turned), *examples.videos[1:]))

    made(examples, tmp_path / "judged").judge(spy, lambda _done: None)

    assert len(spy.fits) == 3
