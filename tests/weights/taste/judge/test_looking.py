"""A check shows frames as the product does, waits for a busy judge, and goes on where it was."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.support.judged_sets import write_judged_set
from worker.errors import Unjudged
from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict
from worker.weights.training.taste.judge import looking
from worker.weights.training.taste.judge.kept_ledger import KeptLedger
from worker.weights.training.taste.judge.looking import look
from worker.weights.training.taste.judge.shown_frames import order_shown, picture_of
from worker.weights.training.taste.judged_set import JudgedFrame, JudgedVideo, read_judged_set

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

VERDICT = Verdict(
    say=Say.LEAD,
    model="eye",
    prompt_version="1",
    descriptions=(Description(frozenset({Fault.TEXT}), "a dog"), Description()),
    places=(1.0, 0.0),
    readings=2,
    requests=3,
    answers=("{}",),
)


class SilentJudge:
    """A judge that gives no verdict, for these reasons in turn (empty: it gives one); then it gives one."""

    say = Say.LEAD
    most_pictures = 2

    def __init__(self, *results: str) -> None:
        self.results = list(results)
        self.asked: list[Sequence[bytes]] = []

    def judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        """Answer by the script."""
        assert (title, in_order) == ("", True)
        self.asked.append(pictures)
        if self.results and (result := self.results.pop(0)):
            raise Unjudged(result, "because")
        return VERDICT


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[JudgedVideo, ...]:
    """Write twelve videos of two frames."""
    names = [f"video-{letter}" for letter in "abcdefghijkl"]
    return read_judged_set(write_judged_set(tmp_path_factory.mktemp("judged") / "set", names, frames=2))


@pytest.fixture
def run(videos: tuple[JudgedVideo, ...]) -> Callable[[SilentJudge], list[str]]:
    """Return what shows all videos to a judge, and returns what became of each."""

    def shown(judge: SilentJudge) -> list[str]:
        heads = [np.arange(2.0) for _ in videos]
        found = look(videos, heads, judge, 0, lambda _done: None, lambda _s: None)
        return [one.result for one in found]

    return shown


def test_a_busy_judge_is_waited_for(run: Callable[[SilentJudge], list[str]]) -> None:
    """Also one that is left alone for a while: a check measures judges, and not how busy they are."""
    assert run(SilentJudge("busy", "paused", "busy")) == ["judged"] * 12


def test_patience_ends(run: Callable[[SilentJudge], list[str]]) -> None:
    """After two minutes the video has no verdict."""
    tries = int(looking.PATIENCE_S / looking.STEP_S) + 1

    assert run(SilentJudge(*["busy"] * tries)) == ["busy", *["judged"] * 11]


def test_failures_of_one_video_are_not_those_of_the_next(run: Callable[[SilentJudge], list[str]]) -> None:
    """They are counted."""
    assert run(SilentJudge("timeout", "refused")) == ["timeout", "refused", *["judged"] * 10]


@pytest.mark.parametrize("result", ["misconfigured", "budget"])
def test_what_would_be_the_same_for_all_ends_it(run: Callable[[SilentJudge], list[str]], result: str) -> None:
    """The rest is not tried."""
    assert run(SilentJudge("timeout", result)) == ["timeout", result]


@pytest.mark.parametrize("judged", [0, 3])
def test_a_judge_that_falls_silent_ends_it(run: Callable[[SilentJudge], list[str]], judged: int) -> None:
    """Five videos in a row are enough to know, also of a server that has answered before."""
    silent = SilentJudge(*[""] * judged, *["timeout"] * 12)

    assert run(silent) == ["judged"] * judged + ["timeout"] * 5


def test_pictures_are_small_and_bare(tmp_path: Path) -> None:
    """At most 512 px, never enlarged, and without EXIF data, which may tell a place or a name."""
    for name, size in (("large", (1920, 1080)), ("small", (320, 180))):
        Image.new("RGB", size, "teal").save(tmp_path / f"{name}.jpg", exif=_exif())

    def seen(name: str) -> Image.Image:
        return Image.open(io.BytesIO(picture_of(JudgedFrame("A", tmp_path / f"{name}.jpg", 0.0, 0, 0))))

    assert seen("large").size == (512, 288)
    assert seen("small").size == (320, 180)
    assert not seen("large").getexif()


def test_frames_are_shuffled_and_the_best_are_shown(videos: tuple[JudgedVideo, ...]) -> None:
    """Each video in another way, and a second time in the same; of too many, those that our score prefers."""
    orders = {tuple(order_shown(video, np.arange(6.0), 6, seed=0)) for video in videos}
    assert len(orders) > 6
    assert orders == {tuple(order_shown(video, np.arange(6.0), 6, seed=0)) for video in videos}

    assert sorted(order_shown(videos[0], np.array([0.1, 0.9, 0.5, 0.7]), 2, seed=0)) == [1, 3]


def test_verdicts_are_kept_for_the_next_run(tmp_path: Path) -> None:
    """All of them, in a folder; a damaged file is none."""
    KeptLedger(tmp_path).keep("abc", VERDICT)

    assert KeptLedger(tmp_path).recall("abc") == VERDICT
    assert KeptLedger(tmp_path).recall("abd") is None
    (tmp_path / "abc.json").write_text("{")
    assert KeptLedger(tmp_path).recall("abc") is None


def test_a_run_makes_so_many_requests(tmp_path: Path) -> None:
    """And no more; without a number, any."""
    ledger = KeptLedger(tmp_path, most_requests=2)
    ledger.spend()
    ledger.spend()
    with pytest.raises(Unjudged, match="run it again to go on") as caught:
        ledger.spend()

    assert caught.value.result == "budget"
    for _ in range(100):
        KeptLedger(tmp_path).spend()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    return exif
