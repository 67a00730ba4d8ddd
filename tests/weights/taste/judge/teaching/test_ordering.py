"""Asking about many videos: each order is written at once, and what fails does not end the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.judged_sets import write_judged_set
from worker.errors import Unjudged
from worker.pipeline.judging.verdict import Description, Say, Verdict
from worker.weights.training.taste.judge.teaching.ordering import MAX_FAILURES, WAITS_S, Ordered, order_frames
from worker.weights.training.taste.judged_set import read_judged_set, read_unordered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("cat", "dog", "fox", "hen", "owl", "pig", "rat")


class FailingJudge:
    """A judge that fails as told, and else prefers what it is shown first."""

    say = Say.LEAD
    most_pictures = 26

    def __init__(self, *results: str) -> None:
        self.results = list(
            results
        )  #: of the videos to come, in the words of `Unjudged`; empty for a verdict
        self.asked = 0

    def judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        """Answer or fail."""
        assert in_order
        assert title == ""
        self.asked += 1
        if result := self.results.pop(0) if self.results else "":
            raise Unjudged(result, f"the judge is {result}")
        shown = len(pictures)
        places = tuple(1 - place / (shown - 1) for place in range(shown))
        return Verdict(Say.LEAD, "eye", "v1", (Description(),) * shown, places)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a set in the making: frames that nobody has put in order."""
    made = write_judged_set(tmp_path / "set", NAMES, frames=3)
    (made / "judged.tsv").unlink()
    return made


def ordered(folder: Path, judge: FailingJudge, waits: list[float] | None = None) -> Ordered:
    """Have a judge order what waits."""
    names = {video.name for video in read_judged_set(folder)} if (folder / "judged.tsv").exists() else set()
    waiting = read_unordered(folder, names)
    return order_frames(waiting, folder, judge, lambda _done: None, ([] if waits is None else waits).append)


def orders(folder: Path) -> dict[str, str]:
    """Read the orders that were written."""
    return {
        video.name: "".join(frame.letter for frame in sorted(video.frames, key=lambda one: one.rank))
        for video in read_judged_set(folder)
    }


def test_every_video_gets_its_row(folder: Path) -> None:
    """Which training reads."""
    assert ordered(folder, FailingJudge()).videos == 7

    assert orders(folder) == dict.fromkeys(NAMES, "ABC")


def test_a_killed_run_goes_on_where_it_was(folder: Path) -> None:
    """Without asking about what has an order."""
    killed = FailingJudge()

    def kill(done: float) -> None:
        if done > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        order_frames(read_unordered(folder, ()), folder, killed, kill)
    second = FailingJudge()

    assert ordered(folder, second).videos == 3
    assert (killed.asked, second.asked) == (4, 3)
    assert orders(folder).keys() == set(NAMES)


def test_a_video_without_a_verdict_waits_for_the_next_run(folder: Path) -> None:
    """And is named; the others are not held up."""
    found = ordered(folder, FailingJudge("", "refused", "", "timeout"))

    assert found.failed == ["dog: the judge is refused", "hen: the judge is timeout"]
    assert found.ended == ""
    assert orders(folder).keys() == set(NAMES) - {"dog", "hen"}
    assert ordered(folder, FailingJudge()).videos == 2


@pytest.mark.parametrize("result", ["budget", "misconfigured"])
def test_what_no_video_can_help_ends_the_run(folder: Path, result: str) -> None:
    """At once, with what there is until then."""
    judge = FailingJudge("", "", result)
    found = ordered(folder, judge)

    assert found.ended == f"the judge is {result}"
    assert judge.asked == 3
    assert orders(folder).keys() == {"cat", "dog"}


def test_failures_in_a_row_end_the_run(folder: Path) -> None:
    """Then it is not the videos; each costs money or minutes."""
    judge = FailingJudge(*["invalid"] * 7)
    found = ordered(folder, judge)

    assert found.ended == "the judge is invalid"
    assert judge.asked == MAX_FAILURES


def test_a_judge_with_too_much_to_do_is_waited_for(folder: Path) -> None:
    """A limit on the rate must not lose a run of hours."""
    waits: list[float] = []
    found = ordered(folder, FailingJudge("busy", "busy", "paused"), waits)

    assert found.videos == 7
    assert waits == sorted(waits)
    assert len(waits) == 3


def test_a_judge_that_stays_busy_ends_the_run(folder: Path) -> None:
    """After a while, and not after a while for each video of thousands."""
    waits: list[float] = []
    found = ordered(folder, FailingJudge(*["busy"] * 1_000), waits)

    assert found.ended == "the judge is busy"
    assert sum(waits) == sum(WAITS_S) < 3600


def test_more_frames_than_letters_are_not_sent(tmp_path: Path) -> None:
    """The video is named, and says what helps."""
    made = write_judged_set(tmp_path / "set", ["cat"], frames=3)
    (made / "judged.tsv").unlink()
    (cat,) = read_unordered(made, ())
    many = type(cat)(cat.name, cat.frames * 9, cat.duration_s)

    found = order_frames([many], made, FailingJudge(), lambda _done: None)

    assert found.failed == ["cat: 27 frames, and a judge is shown 26 at most; leave some out"]
