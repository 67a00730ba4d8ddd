"""Judge a head by people's choices that it has not seen: does it order frames as people do?

A choice is on record only where a person did not take the first pick. So the hand score is nearly always
wrong there, and any head, a random one too, is right more often. That a head orders such frames better than
the hand score is therefore demanded, and proves nothing. What proves something is what the head says beyond
the hand score: with its likeness to the hand score taken out, is it right more often than a coin?
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.learning.gate.judged_tests import finite, mean_of_gains
from worker.learning.gate.report import Rule
from worker.learning.training import policy

if TYPE_CHECKING:
    from worker.learning.training.examples import Choices, Floats, Vectors
    from worker.learning.training.learn import Learned

LEAST_CHOICES = 200  #: newer ones


class HeldOutChoices:
    """Collects how a head orders what people have chosen among.

    Args:
        trained: on other, older videos.
        present: (d,) the direction that is in use; None: the order by hand.
    """

    def __init__(self, trained: Learned, present: Vectors | None) -> None:
        self._trained, self._present = trained, present
        self._choices: list[np.typing.NDArray[np.int64]] = []
        self._gains: list[Floats] = []
        self._beyond: list[Floats] = []

    def add(self, pairs: Choices) -> None:
        """Take in some held-out pairs, in order of time."""
        if not len(pairs.choices):
            return
        half = (pairs.chosen.astype(np.float64) - pairs.others) / 2  # each from the middle of the two
        hands = pairs.chosen_hand, pairs.other_hand
        ours = policy.prefers_chosen(*hands, 2 * policy.points(self._trained.direction, half))
        none = np.zeros(len(half))
        present = none if self._present is None else 2 * policy.points(self._present, half)
        basis, weights = self._trained.basis, self._trained.weights
        alike = basis.features(2 * half) @ weights
        by_hand = (pairs.chosen_hand - pairs.other_hand) * float(basis.hand_slope @ weights)
        self._choices.append(pairs.choices)
        self._gains.append(ours - policy.prefers_chosen(*hands, present))
        self._beyond.append(np.sign(alike - by_hand) / 2)

    def missing(self) -> str:
        """Say what there is too little of; "" where there is enough to judge by."""
        count = len(np.unique(np.concatenate([np.zeros(0, np.int64), *self._choices])))
        return f"{count} of {LEAST_CHOICES} newer choices" if count < LEAST_CHOICES else ""

    def rules(self, alpha: float) -> list[Rule]:
        """Judge; the pairs of one choice count as one, since one person made them at once."""
        choices = np.concatenate([np.zeros(0, np.int64), *self._choices])
        _, index = np.unique(choices, return_inverse=True)
        sizes = np.bincount(index)
        gains = np.bincount(index, np.concatenate([np.zeros(0), *self._gains])) / sizes
        beyond = np.bincount(index, np.concatenate([np.zeros(0), *self._beyond])) / sizes
        return [_order(gains, alpha), _told(beyond, alpha), _halves(beyond)]


def _order(gains: Floats, alpha: float) -> Rule:
    gain = mean_of_gains(gains)
    low = gain.low(alpha)
    says = f"{gain.mean:+.1%} of pairs more than what is in use, at least {low:+.1%}, in {gain.size} choices"
    numbers = {"choices": gain.size, "gain": gain.mean, "low": finite(low)}
    is_met = low > 0 and gain.size >= LEAST_CHOICES
    return Rule("orders as people do", f"surely more, in {LEAST_CHOICES} choices", says, is_met, numbers)


def _told(beyond: Floats, alpha: float) -> Rule:
    gain = mean_of_gains(beyond)
    low = gain.low(alpha)
    says = f"{gain.mean + 0.5:.1%} of pairs by what it adds to the hand score, at least {low + 0.5:.1%}"
    numbers = {"choices": gain.size, "share": gain.mean + 0.5, "low": finite(low + 0.5)}
    return Rule("knows what people like", "surely more than half", says, low > 0, numbers)


def _halves(beyond: Floats) -> Rule:
    parts = np.array_split(beyond, 2)
    shares = [float(part.mean()) + 0.5 if len(part) else 0.0 for part in parts]
    says = f"{shares[0]:.1%} in the older half of them, {shares[1]:.1%} in the newer"
    numbers = {"older": shares[0], "newer": shares[1]}
    return Rule("lasts", "more than half in both halves", says, min(shares) > 0.5, numbers)  # noqa: PLR2004 - a coin
