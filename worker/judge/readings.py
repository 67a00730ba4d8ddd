"""In which orders pictures are shown to a judge, and what its answers say together.

A model leans toward letters and places: some put the first picture first, whatever it shows. So every order
is also shown in reverse, and of two pictures the better one is known only where both readings agree. A model
that orders pictures as they are shown finds ties everywhere.
"""

from __future__ import annotations

import math
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Order = tuple[int, ...]  #: of pictures, each by its number in the caller's order


def orders(count: int, readings: int, seed: int) -> list[tuple[Order, Order]]:
    """Draw the orders in which pictures are shown: couples, of an order and its reverse.

    No order comes twice, as a model that is asked the same says the same; so few pictures have fewer couples.

    Args:
        count: of the pictures.
        readings: how many orders at most; of an odd number, the last is left out.
        seed: the same seed draws the same orders.
    """
    couples: dict[Order, Order] = {}
    random = Random(seed)  # noqa: S311 - nothing to be kept secret
    wanted = min(readings, math.factorial(count)) // 2
    while len(couples) < wanted:
        order = tuple(random.sample(range(count), count))
        if order[::-1] not in couples:
            couples[order] = order[::-1]
    return list(couples.items())


def places(couples: Sequence[tuple[Order, Order]]) -> tuple[float, ...]:
    """Say which share of the others each picture is better than: 0 to 1, in the caller's order.

    A picture beats another in a couple where both readings put it first; where they do not agree, each has
    half. The shares are means over the couples.

    Args:
        couples: at least one, each of two readings of the same pictures, at least two; the best first.
    """
    count = len(couples[0][0])
    wins = [0.0] * count
    for couple in couples:
        first, second = ({picture: at for at, picture in enumerate(reading)} for reading in couple)
        for one, other in combinations(range(count), 2):
            agreed = (first[one] < first[other]) + (second[one] < second[other])  # 0, 1 or 2 for `one`
            wins[one] += agreed / 2
            wins[other] += 1 - agreed / 2
    return tuple(won / (len(couples) * (count - 1)) for won in wins)
