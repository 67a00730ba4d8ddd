"""What a judge found, in the form in which people write down orders of frames."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from worker.pipeline.judging.vetoes import counting_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.pipeline.judging.verdict import Verdict

DIGITS = 9  #: of a place that count; beyond is the rounding of shares that are the same


def order_of(letters: Sequence[str], verdict: Verdict) -> str:
    """Write an order as `B>A=C`: by the judge's places, and behind all others what it would veto.

    A head has no veto: all that it can say of a frame with shut eyes is that others are better.

    Args:
        letters: of the frames, as they were shown.
        verdict: with places.
    """
    faults = counting_faults(verdict.descriptions)
    worth = {
        letter: (not vetoed, round(place, DIGITS))
        for letter, vetoed, place in zip(letters, faults, verdict.places or (), strict=True)
    }
    best_first = sorted(worth, key=lambda letter: worth[letter], reverse=True)
    return ">".join("=".join(alike) for _, alike in groupby(best_first, key=lambda letter: worth[letter]))


def row_of(name: str, group: str, letters: Sequence[str], verdict: Verdict) -> dict[str, str]:
    """Write a row of `judged.tsv`: the order, who found it, and what the judge sees in the best frame."""
    order = order_of(letters, verdict)
    best = letters.index(order[0])
    return {
        "video": name,
        "order": order,
        "group": group,
        "reader": f"{verdict.model} {verdict.prompt_version}",
        "why": f"best {order[0]}: {verdict.descriptions[best].subject}",
    }
