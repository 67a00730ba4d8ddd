"""An account whose viewers like the opposite of what all others like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.learning.training.examples import ExampleSource, Tests

OWN = "mux/own"


class WithTurnedAccount:
    """The tests of two pictures that others had, and some of them over again, of that account.

    Args:
        known: the others.
        own: how many videos the account has.
    """

    def __init__(self, known: ExampleSource, own: int) -> None:
        self._known, self._own = known, own
        self.frames, self.choices = known.frames, known.choices

    def tests(self) -> Iterator[Tests]:
        """Read the tests of all, then those of the account."""
        for tests in self._known.tests():
            yield tests
            first = tests.where(np.arange(len(tests.videos)) < self._own)
            turned = first.plays.reshape(-1, 2)[:, ::-1].ravel()
            yield first._replace(
                plays=turned, videos=first.videos + 10_000, accounts=np.full(len(first.videos), OWN)
            )
