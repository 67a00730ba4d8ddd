"""What a person decided about an asset's thumbnail, and how that is told them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from worker.text import clock

if TYPE_CHECKING:
    from worker.database.choices import Choice
    from worker.database.models import Asset, Thumbnail


class Decision(NamedTuple):
    """What a person decided, and what happens now."""

    asset: Asset
    choice: Choice | None  #: None: there was none to release
    thumbnail: Thumbnail | None  #: shown because of it; None: none yet
    is_taking_still: bool = False  #: a job is to take the picture of exactly this moment


def choice_sentences(decision: Decision, until: str) -> list[str]:
    """Tell what is shown from now on, and when.

    Args:
        decision: made by choosing.
        until: how it ends, e.g. "until it is released".
    """
    choice = decision.choice
    what = "your picture" if choice is None or choice.time_s is None else clock(choice.time_s)
    lines = [f"{what} is the thumbnail from now on, {until}"]
    if decision.is_taking_still:
        shown = "until then the nearest frame is shown" if decision.thumbnail else "then it is shown"
        lines.append(f"a run takes the picture of exactly that moment; {shown}")
    return lines


def release_sentence(decision: Decision) -> str:
    """Tell what is shown once a choice is released."""
    if decision.choice is None:
        return "nothing was chosen"
    return "released; the best pick is the thumbnail again"
