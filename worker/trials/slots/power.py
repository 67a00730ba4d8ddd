"""What a test by days can find at all: far less than one that draws viewers. Said before it begins.

The figures were measured with the statistics that the tests use: `python -m tests.benchmarks.audience slots`.
"""

from __future__ import annotations

from typing import NamedTuple

NOISES = (0.10, 0.20, 0.35)  #: how much days of the same picture differ, as the deviation of a log
LIFTS = (0.10, 0.20, 0.30, 0.50)  #: by how much one picture is better
DAYS = (14, 28, 56, 84, 168)

#: The share of tests that find it, of two pictures; by days, then noise, then lift.
FOUND: dict[int, tuple[tuple[float, ...], ...]] = {
    14: ((0.07, 0.30, 0.68, 0.98), (0.02, 0.08, 0.20, 0.50), (0.02, 0.04, 0.06, 0.16)),
    28: ((0.32, 0.88, 1.00, 1.00), (0.08, 0.31, 0.60, 0.95), (0.04, 0.10, 0.20, 0.48)),
    56: ((0.62, 1.00, 1.00, 1.00), (0.18, 0.61, 0.93, 1.00), (0.07, 0.20, 0.42, 0.83)),
    84: ((0.82, 1.00, 1.00, 1.00), (0.26, 0.81, 0.99, 1.00), (0.09, 0.30, 0.61, 0.96)),
    168: ((0.96, 1.00, 1.00, 1.00), (0.46, 0.98, 1.00, 1.00), (0.15, 0.57, 0.92, 1.00)),
}
ENOUGH = 0.8  # of all tests, to say that a time is enough


class Power(NamedTuple):
    """How often a test by days finds an effect."""

    noise: float
    days: int
    lift: float
    found: float  #: the share of tests

    def sentence(self) -> str:
        """Write it for people, e.g. with day-to-day noise of 20 %, 28 days find +20 % in 32 %."""
        return (
            f"with day-to-day noise of {self.noise:.0%}, {self.days} days find +{self.lift:.0%}"
            f" in {self.found:.0%}"
        ).replace("%", " %")


def power(noise: float, days: int, lift: float = 0.20, variants: int = 2) -> Power:
    """Look up how often a test finds an effect: for the next greater noise and the next fewer days, if any.

    Args:
        noise: how much days of the same picture differ, as the deviation of a log; .2 is usual.
        days: how long the test goes on.
        lift: by how much one picture is better.
        variants: how many pictures share the days. Of more than two, each two have fewer days, and more to
            prove, so that this is the most to be hoped for.
    """
    noise_at = next((at for at, one in enumerate(NOISES) if one >= noise - 0.005), len(NOISES) - 1)
    lift_at = max((at for at, one in enumerate(LIFTS) if one <= lift + 0.005), default=0)
    of_two = days * 2 // variants
    known = max((one for one in DAYS if one <= of_two), default=None)
    found = 0.0 if known is None else FOUND[known][noise_at][lift_at]
    return Power(NOISES[noise_at], days, LIFTS[lift_at], found)


def prospects(days: int, noise: float | None = None, variants: int = 2) -> list[Power]:
    """List what people should know before a test begins, each as a sentence (`Power.sentence`).

    Args:
        days: how long it goes on.
        noise: as of `power`, where it is known; None: that of quiet, usual and restless videos.
        variants: how many pictures.
    """
    noises = NOISES if noise is None else (noise,)
    return [power(one, days, lift, variants) for one in noises for lift in (0.20, 0.50)]


def days_needed(noise: float, lift: float = 0.20, variants: int = 2) -> int | None:
    """Return how many days find an effect in four of five tests; None where no time that we know does."""
    longer = (days * variants // 2 for days in DAYS)
    return next((days for days in longer if power(noise, days, lift, variants).found >= ENOUGH), None)
