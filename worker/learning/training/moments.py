"""Weighted ridge regression from sums alone, so that what is learned from need not fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.learning.training.examples import Floats


class Moments:
    """All that a regression needs to know of its rows: sums of products.

    Args:
        width: how many features a row has.
    """

    def __init__(self, width: int) -> None:
        self.gram = np.zeros((width, width))
        self.product = np.zeros(width)
        self.square = 0.0

    def add(self, features: Floats, targets: Floats, weights: Floats) -> None:
        """Add (n, width) rows with (n,) targets and weights."""
        weighted = features * weights[:, None]
        self.gram += weighted.T @ features
        self.product += weighted.T @ targets
        self.square += float(weights @ targets**2)

    def plus(self, others: Sequence[Moments]) -> Moments:
        """Add up several."""
        total = Moments(len(self.product))
        for one in (self, *others):
            total.gram += one.gram
            total.product += one.product
            total.square += one.square
        return total

    def loss(self, coefficients: Floats) -> float:
        """Add up the weighted squares of what (width,) coefficients miss."""
        return float(self.square - 2 * coefficients @ self.product + coefficients @ self.gram @ coefficients)

    def solve(self, centre: Floats, precision: Floats) -> Floats:
        """Find the coefficients that miss least, each drawn to its centre (ridge regression, closed form).

        Args:
            centre: (width,) what each is without any row.
            precision: (width,) how hard it is drawn there.
        """
        drawn = self.gram + np.diag(precision)
        return np.asarray(np.linalg.solve(drawn, self.product + precision * centre), np.float64)
