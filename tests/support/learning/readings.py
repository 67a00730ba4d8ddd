"""Verdicts as a judge by script would give them, without a server: for tests of what is measured of them."""

from __future__ import annotations

import json
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np

from worker.judge.readings import orders, places
from worker.pipeline.judging.verdict import Description, Say, Verdict
from worker.weights.training.taste.judge.looking import Looked
from worker.weights.training.taste.judged_set import JudgedFrame, JudgedVideo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.judge.readings import Order
    from worker.pipeline.judging.verdict import Fault

    Read = Callable[[Order], list[int]]  #: orders what it is shown, frames by their rank, the best first

FRAMES = 10


def video(name: str, ranks: Sequence[int] = tuple(range(FRAMES))) -> JudgedVideo:
    """Make a video of a set, without pictures."""
    frames = [
        JudgedFrame(letter, Path(letter), float(place), 0, rank)
        for place, (letter, rank) in enumerate(zip(ascii_uppercase, ranks, strict=False))
    ]
    return JudgedVideo(name, tuple(frames), 60.0)


def looked(
    seed: int,
    read: Read,
    head_error: float = 3.0,
    faults: Callable[[int], frozenset[Fault]] = lambda _rank: frozenset(),
) -> Looked:
    """Have a judge look at a video of ten frames, of which the first is the best.

    Args:
        seed: of the order in which they are shown, and of the errors of our score.
        read: how the judge orders what it is shown.
        head_error: the deviation of our score's errors, in ranks.
        faults: that the judge finds in a frame, by its rank.
    """
    rng = np.random.default_rng(seed)
    head = -np.arange(FRAMES) + head_error * rng.standard_normal(FRAMES)
    shown = rng.permutation(FRAMES).tolist()
    couples, answers = [], ["{}"]
    for couple in orders(FRAMES, 6, seed):
        found = []
        for order in couple:
            best_first = read(tuple(shown[place] for place in order))
            found.append(tuple(shown.index(rank) for rank in best_first))
            letters = [ascii_uppercase[order.index(place)] for place in found[-1]]
            answers.append(json.dumps({"order": letters}))
        couples.append((found[0], found[1]))
    verdict = Verdict(
        say=Say.LEAD,
        model="scripted",
        prompt_version="",
        descriptions=tuple(Description(faults(rank)) for rank in shown),
        places=places(couples),
        readings=6,
        requests=7,
        prompt_tokens=9_000,
        answer_tokens=500,
        took_s=float(seed),
        answers=tuple(answers),
    )
    return Looked(video(f"video{seed}"), np.asarray(head, np.float64), shown, verdict)


def knowing(sigma: float, seed: int = 0) -> Read:
    """Order by what is best, with errors of this deviation, in ranks, in each reading anew."""
    rng = np.random.default_rng(seed)
    return lambda shown: sorted(shown, key=lambda rank: rank + sigma * rng.standard_normal())


def as_shown(shown: Order) -> list[int]:
    """Call the first the best."""
    return list(shown)
