"""Each order is also shown in reverse; what two such readings do not agree on is a tie."""

from __future__ import annotations

import pytest

from worker.judge.readings import orders, places


@pytest.mark.parametrize(("count", "readings", "couples"), [(12, 6, 3), (12, 2, 1), (5, 12, 6), (9, 5, 2)])
def test_every_order_is_shown_in_reverse_too(count: int, readings: int, couples: int) -> None:
    """And each picture is in it once."""
    drawn = orders(count, readings, seed=1)

    assert len(drawn) == couples
    for forward, backward in drawn:
        assert backward == forward[::-1]
        assert sorted(forward) == list(range(count))


@pytest.mark.parametrize(("count", "couples"), [(2, 1), (3, 3), (4, 6)])
def test_no_order_is_shown_twice(count: int, couples: int) -> None:
    """A model that is asked the same says the same; two pictures have two orders."""
    shown = [order for couple in orders(count, 12, seed=3) for order in couple]

    assert len(shown) == len(set(shown)) == 2 * couples


def test_the_same_seed_shows_the_same_orders() -> None:
    """And another one does not."""
    assert orders(12, 6, seed=5) == orders(12, 6, seed=5)
    assert orders(12, 6, seed=5) != orders(12, 6, seed=6)


def test_places_are_shares_of_the_others_that_a_picture_beats() -> None:
    """Over all couples."""
    assert places([((2, 0, 1), (2, 0, 1))]) == (0.5, 0.0, 1.0)
    assert places([((0, 1), (0, 1)), ((1, 0), (1, 0)), ((0, 1), (0, 1))]) == pytest.approx((2 / 3, 1 / 3))


def test_what_two_readings_disagree_on_is_a_tie() -> None:
    """They agree that 2 is the last."""
    assert places([((0, 1, 2), (1, 0, 2))]) == (0.75, 0.75, 0.0)


def test_who_always_prefers_what_is_shown_first_finds_ties_everywhere() -> None:
    """Whatever is shown."""
    as_shown = orders(7, 6, seed=2)

    assert places(as_shown) == pytest.approx([0.5] * 7)
