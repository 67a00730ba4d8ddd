"""Judge a head by tests that it has not seen: what would viewers have played, had it decided?

Viewers were drawn to the variants, so the rate of the variant that a rule would have shown is what that rule
would have reached: no model of viewers is needed. Where the variants had unequal shares of the viewers, the
mean of the video is that of equal shares, by inverse propensity, self-normalised (Swaminathan and Joachims,
2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.learning.gate.report import Rule
from worker.learning.t_quantile import mean_of
from worker.learning.training import policy
from worker.learning.training.learn import log_rates

if TYPE_CHECKING:
    from worker.learning.t_quantile import Mean
    from worker.learning.training.examples import Floats, Tests, Vectors
    from worker.learning.training.learn import Learned

LEAST_CHANGED = 30  #: held-out videos in which another picture would have been shown
_LEAST_OF_ACCOUNT = 50  # held-out videos, so that an account can be told to be worse
_WORSE_ALPHA = 0.05
_SLOPES = (0.5, 2.0)


class HeldOutTests:
    """Collects what a head would have changed.

    Args:
        trained: on other, older videos.
        present: (d,) the direction that is in use; None: the order by hand.
    """

    def __init__(self, trained: Learned, present: Vectors | None) -> None:
        self._trained, self._present = trained, present
        self._gains: list[Floats] = []
        self._accounts: list[np.typing.NDArray[np.str_]] = []
        self._changed = 0
        self._together = self._predicted = 0.0  # of the calibration: sums of products

    def add(self, tests: Tests) -> None:
        """Take in some held-out videos, in order of time."""
        if not len(tests.videos):
            return
        centred = tests.centred(tests.embeddings)
        nothing = np.zeros(len(tests.hand))
        ours = policy.pick(tests, policy.points(self._trained.direction, centred))
        present = nothing if self._present is None else policy.points(self._present, centred)
        theirs = policy.pick(tests, present)
        rates = tests.plays / tests.impressions
        evenly = 1 / tests.shares
        means = tests.sums(tests.plays * evenly) / tests.sums(tests.impressions * evenly)
        is_played = means > 0
        gains = np.zeros(len(means))
        gains[is_played] = (rates[ours] - rates[theirs])[is_played] / means[is_played]
        self._gains.append(gains)
        self._accounts.append(tests.accounts)
        self._changed += int((ours != theirs).sum())
        observed, weights = log_rates(tests)
        predicted = tests.centred(self._trained.log_lifts(tests), weights)
        self._together += float(weights @ (predicted * tests.centred(observed, weights)))
        self._predicted += float(weights @ predicted**2)

    def missing(self) -> str:
        """Say what there is too little of; "" where there is enough to judge by."""
        if self._changed < LEAST_CHANGED:
            return f"{self._changed} of {LEAST_CHANGED} held-out videos would get another picture"
        return ""

    def rules(self, alpha: float) -> list[Rule]:
        """Judge: the gain for viewers, that it lasts, that no account loses, and that it is no boast."""
        gains = np.concatenate([np.zeros(0), *self._gains])
        return [self._value(gains, alpha), _halves(gains), self._accounts_rule(gains), self._calibration()]

    def _value(self, gains: Floats, alpha: float) -> Rule:
        gain = mean_of_gains(gains)
        low = gain.low(alpha)
        says = (
            f"{gain.mean:+.1%} plays over what is in use, at least {low:+.1%}, on {gain.size} newer videos, "
            f"of which {self._changed} would get another picture"
        )
        numbers = {"videos": gain.size, "changed": self._changed, "gain": gain.mean, "low": finite(low)}
        is_met = low > 0 and self._changed >= LEAST_CHANGED
        demand = f"surely more plays on at least {LEAST_CHANGED} newer videos that get another picture"
        return Rule("more plays", demand, says, is_met, numbers)

    def _accounts_rule(self, gains: Floats) -> Rule:
        accounts = np.concatenate([np.zeros(0, str), *self._accounts])
        worse = {}
        for account in np.unique(accounts):
            gain = mean_of_gains(gains[accounts == account])
            if gain.size >= _LEAST_OF_ACCOUNT and gain.high(_WORSE_ALPHA) < 0:
                worse[str(account)] = gain.mean
        says = "none is" if not worse else ", ".join(f"{name}: {mean:+.1%}" for name, mean in worse.items())
        demand = f"no account with {_LEAST_OF_ACCOUNT} or more newer videos is surely worse"
        return Rule("no account loses", demand, says, not worse, {"worse": worse})

    def _calibration(self) -> Rule:
        slope = self._together / self._predicted if self._predicted else 0.0
        least, most = _SLOPES
        says = f"what it expects comes true {slope:.2f} times"
        demand = f"between {least} and {most} times"
        return Rule("as expected", demand, says, least <= slope <= most, {"slope": slope})


def mean_of_gains(values: Floats) -> Mean:
    """Compute a mean with its error."""
    return mean_of(len(values), float(values.sum()), float(values @ values))


def finite(bound: float) -> float | None:
    """Write a bound as JSON knows it; None where there is none."""
    return bound if np.isfinite(bound) else None


def _halves(gains: Floats) -> Rule:
    """Look whether the older and the newer half both gain."""
    parts = np.array_split(gains, 2)
    means = [float(part.mean()) if len(part) else 0.0 for part in parts]
    says = f"{means[0]:+.1%} in the older half of them, {means[1]:+.1%} in the newer"
    numbers = {"older": means[0], "newer": means[1]}
    return Rule("lasts", "more plays in both halves", says, min(means) > 0, numbers)
