"""What the page says about each candidate, no surer than what was measured: why it lost, or was picked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from worker.pipeline.selection.reasons import ANOTHER_MOMENT, ANOTHER_SCENE, PREFERRED
from worker.text import clock, lost_words, said_by_judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.frames import Crop, Loser, Pick, Scored
    from worker.pipeline.media import Video

# A crop that is narrower than this share of what the file could give deserves a word.
_SMALL_SHARE = 0.6

_INSTEAD = {
    ANOTHER_SCENE: "Taken to show another scene: frames that score higher are of scenes picked before.",
    ANOTHER_MOMENT: "Taken to show another moment: frames that score higher are more like the picks before.",
    PREFERRED: "Taken from a range that you prefer: frames outside it score higher.",
}


def why_lost(loser: Loser, picks: Sequence[Pick]) -> str:
    """Say why a candidate was not picked, as `lost_words`."""
    score = None if loser.scored is None else loser.scored.score
    return lost_words(loser.why, score, {pick.rank: pick.score for pick in picks})


def group_of(words: str) -> str:
    """Name the kind of such words, for the page's filter: the first fault, without the number of a pick."""
    return re.sub(r"\bpick \d+", "a pick", words.partition(", ")[0])


def why_taken(pick: Pick) -> list[str]:
    """Say in sentences what a pick was compared with, and why it was taken although others score higher."""
    sentences = [_INSTEAD[reason] for reason in pick.reasons if reason in _INSTEAD]
    if pick.instead_of is not None:
        first = f"the frame at {clock(pick.instead_of.candidate.time_s)} with {pick.instead_of.score:.2f}"
        sentences.append(f"Taken in place of {first}, in which somebody's eyes are shut.")
    if pick.runner_up is not None:
        runner_up = f"the frame at {clock(pick.runner_up.candidate.time_s)} with {pick.runner_up.score:.2f}"
        sentences.append(f"The marks show the runner-up for this place: {runner_up}.")
    return sentences


def judge_words(one: Pick | Scored) -> str:
    """Say what a judge said of a candidate; nothing where it was not shown to one."""
    return said_by_judge(*one.by_judge) if one.by_judge else ""


def size_words(crop: Crop, video: Video) -> str:
    """Say of what a crop was cut out, where it is small beside that; else nothing."""
    ratio = crop.box.width / crop.box.height
    possible_px = min(video.width_px, video.height_px * ratio)
    if crop.box.width >= _SMALL_SHARE * possible_px:
        return ""
    return f"cut out of a picture of {video.width_px} × {video.height_px}"  # noqa: RUF001  the sign for sizes
