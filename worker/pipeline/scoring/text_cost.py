"""What text costs a frame: captions, banners and titles that other frames of the video do not have.

Of 183 videos whose frames were judged by eye, 59 have text in some frames and not in others; there the frame
with less of it is the better one in 73 % of the pairs that differ clearly.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from worker.confinement.cores import available_cores
from worker.pipeline.scoring.ranking import DEFAULT_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Scored
    from worker.pipeline.scoring.text import TextFinder, TextLine

PART = "text"  #: its name among the parts of a score; 0 = the frame was looked at, and has no text of its own

# A frame is full of text when letters cover this share of it: a large title. A caption covers 0.01.
FULL_SHARE = 0.03

# So many frames are looked at, 24 ms each; and no more of one shot while others have any.
MAX_MEASURED, MAX_OF_SHOT = 20, 4

# What so many frames show in the same place is the look of the video: a watermark, the score of a game. Not
# all, because a frame in twenty is where the finder misses a watermark.
LOOK_SHARE = 0.9
# In the same place: so much of both together do two boxes share. Subtitles begin and end elsewhere each time.
SAME_PLACE = 0.5


def charge_for_text(
    scored: Sequence[Scored], finder: TextFinder, weight: float = DEFAULT_WEIGHTS.text
) -> list[Scored]:
    """Take from the score of each frame what its text costs, in the order given.

    Only the best frames are looked at; the others lose what those lose on average. So a frame that was not
    looked at never wins by that against one without text. Where no frame has text that others lack, nothing
    changes, and there is no part `text`.

    Args:
        scored: frames of one video.
        finder: what finds the lines.
        weight: what a frame full of text loses.
    """
    looked_at = _worth_a_look(scored)
    with ThreadPoolExecutor(available_cores()) as pool:
        texts = list(pool.map(finder.find, [scored[index].candidate.rgb for index in looked_at]))
    found = text_values(texts)
    if not any(found):
        return list(scored)
    losses = dict.fromkeys(range(len(scored)), weight * sum(found) / len(found))
    losses |= {index: weight * value for index, value in zip(looked_at, found, strict=True)}
    lines = {index: len(text) for index, text in zip(looked_at, texts, strict=True)}
    return [
        replace(
            one,
            parts={**one.parts, PART: losses[index]},
            score=one.score + losses[index],
            text_lines=lines.get(index),
        )
        for index, one in enumerate(scored)
    ]


def text_values(texts: Sequence[Sequence[TextLine]]) -> list[float]:
    """Value the text of frames beside each other: -1 for one full of text, 0 for one without.

    Args:
        texts: the lines of each frame.
    """

    def is_look(line: TextLine) -> bool:
        return _showing(line, texts) >= LOOK_SHARE * len(texts)

    shares = (sum(line.share for line in lines if not is_look(line)) for lines in texts)
    # From 0.0, since reports would show the -0.0 of a frame without text.
    return [0.0 - min(1.0, share / FULL_SHARE) for share in shares]


def _worth_a_look(scored: Sequence[Scored]) -> list[int]:
    """Choose the frames to look at: the best, of as many shots as there are."""
    best_first = sorted(range(len(scored)), key=lambda index: -scored[index].score)
    taken: Counter[int] = Counter()
    turns = {}
    for index in best_first:
        shot = scored[index].candidate.shot
        turns[index] = taken[shot] // MAX_OF_SHOT
        taken[shot] += 1
    return sorted(best_first, key=lambda index: turns[index])[:MAX_MEASURED]


def _showing(line: TextLine, texts: Sequence[Sequence[TextLine]]) -> int:
    """Count the frames that show a line in the place of this one."""
    return sum(any(_overlap(line, other) >= SAME_PLACE for other in lines) for lines in texts)


def _overlap(one: TextLine, other: TextLine) -> float:
    """Measure the intersection over union of two boxes, 0..1."""
    width = min(one.region[2], other.region[2]) - max(one.region[0], other.region[0])
    height = min(one.region[3], other.region[3]) - max(one.region[1], other.region[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def _area(line: TextLine) -> float:
    left, top, right, bottom = line.region
    return (right - left) * (bottom - top)
