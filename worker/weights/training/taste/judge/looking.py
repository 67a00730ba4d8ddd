"""Shows judged videos to a judge, one after the other, and keeps what became of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from worker.errors import Unjudged
from worker.weights.training.taste.judge.shown_frames import order_shown, picture_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from worker.pipeline.judging.verdict import Judge, Verdict
    from worker.weights.training.taste.judged_set import JudgedVideo

MUST_END = frozenset({"budget", "misconfigured"})  #: a result after which all others would be the same
MAY_WAIT = frozenset({"busy", "paused"})  #: a result that another try may change
PATIENCE_S = 120.0  #: for one video; a pause lasts 60 s, and servers that count ask for about as much
STEP_S = 5.0
IN_A_ROW = 5  #: videos without a verdict; the server has gone away, and what it is worth would look like less


@dataclass(frozen=True, slots=True)
class Looked:
    """One video that a judge was shown."""

    video: JudgedVideo
    head: NDArray[np.float64]  #: (frames,) our score
    shown: list[int]  #: places of frames in the video, in the order in which they were shown
    verdict: Verdict | None  #: of the frames shown; None where it gave none
    result: str = "judged"  #: or why not, in the word of `Unjudged`
    message: str = ""  #: of `Unjudged`

    @property
    def scores(self) -> NDArray[np.float64]:
        """(frames,) places by the judge, higher is better; below, by our score, what it was not shown."""
        found = np.argsort(np.argsort(self.head, kind="stable")) / len(self.head) - 1.0
        if self.verdict is not None and self.verdict.places is not None:
            found[self.shown] = self.verdict.places
        return np.asarray(found, np.float64)


def look(
    videos: Sequence[JudgedVideo],
    heads: Sequence[NDArray[np.float64]],
    judge: Judge,
    seed: int,
    on_progress: Callable[[float], None],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Looked]:
    """Have a judge describe and order the frames of each video.

    It ends early, with what there is until then, where no more requests may be made, where the server has to
    be mended first, and where `IN_A_ROW` videos got no verdict.

    Args:
        videos: of a judged set.
        heads: of each, (frames,) our score.
        judge: is asked for everything, whatever its say.
        seed: of the order in which frames are shown.
        on_progress: gets the fraction done, 0..1.
        sleep: waits for some seconds, where the server is busy.

    Raises:
        JudgedSetInvalid: a frame is no picture.
    """
    found: list[Looked] = []
    for number, (video, head) in enumerate(zip(videos, heads, strict=True), start=1):
        shown = order_shown(video, head, judge.most_pictures, seed)
        pictures = [picture_of(video.frames[place]) for place in shown]
        try:
            found.append(Looked(video, head, shown, _patiently(judge, pictures, sleep)))
        except Unjudged as error:
            found.append(Looked(video, head, shown, None, error.result, str(error)))
            if error.result in MUST_END:
                break
        if is_silent(found):
            break
        on_progress(number / len(videos))
    return found


def is_silent(looked: Sequence[Looked]) -> bool:
    """Tell whether the last videos all got no verdict."""
    last = looked[-IN_A_ROW:]
    return len(last) == IN_A_ROW and all(one.verdict is None for one in last)


def _patiently(judge: Judge, pictures: Sequence[bytes], sleep: Callable[[float], None]) -> Verdict:
    """Wait for a judge that is busy: a check has time, and would else measure how busy it is."""
    waited_s = 0.0
    while True:
        try:
            return judge.judge(pictures, "", in_order=True)
        except Unjudged as error:
            if error.result not in MAY_WAIT or waited_s >= PATIENCE_S:
                raise
        sleep(STEP_S)
        waited_s += STEP_S
