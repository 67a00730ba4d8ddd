"""Says who judged a video, and how much that counted; it loads nothing, as tables of the terminal need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.text import printable, say_words

if TYPE_CHECKING:
    from worker.pipeline.judging.verdict import Verdict


def verdict_words(verdict: Verdict) -> str:
    """Say who judged, what it was asked, and how much say it had."""
    asked = f"described {len(verdict.descriptions)} pictures"
    if verdict.places is not None:
        asked += f" and ordered them in {verdict.readings} readings"
    recalled = " (recalled from an earlier run)" if verdict.is_recalled else ""
    return f"The judge {printable(verdict.model)} {asked}{recalled}: {say_words(verdict.say)}."
