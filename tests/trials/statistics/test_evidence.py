"""What a lift proves at any look, and what it does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.trials.statistics import evidence
from worker.trials.statistics.rates import Lift, Rate, lift_of

lifts = st.builds(Lift, st.floats(-3, 3), st.floats(1e-6, 4))
rates = st.builds(Rate, st.just(1000.0), st.just(150.0), st.floats(1e-4, 1), st.floats(1e-6, 1))
TAU = 0.2


def test_the_evidence_is_that_computed_by_hand() -> None:
    """Where the lift is twice what is expected, and as unsure."""
    # v = t2 = .04, L = .4: log E = .5 log(1/2) + .16 * .04 / (2 * .04 * .08) = -.3466 + 1
    assert evidence.log_evidence(Lift(0.4, 0.04), TAU) == pytest.approx(1 - 0.5 * math.log(2))


def test_the_evidence_is_the_mean_likelihood_ratio_of_the_lifts_that_pictures_have() -> None:
    """The mixture, added up over lifts by N(0, tau^2) instead of by the formula."""
    lift, step = Lift(0.25, 0.005), 0.001
    mean = 0.0
    for true in (place * step for place in range(-1500, 1501)):
        density = math.exp(-(true**2) / (2 * TAU**2)) / (TAU * math.sqrt(2 * math.pi))
        ratio = math.exp((2 * lift.log_lift * true - true**2) / (2 * lift.variance))
        mean += density * ratio * step
    assert evidence.log_evidence(lift, TAU) == pytest.approx(math.log(mean), abs=1e-6)


@given(lifts, st.sampled_from([0.05, 0.025, 0.01]))
def test_an_interval_excludes_no_lift_exactly_when_the_evidence_suffices(lift: Lift, alpha: float) -> None:
    """The page and the verdict never contradict each other."""
    log = evidence.log_evidence(lift, TAU)
    low, high = evidence.interval(lift, TAU, alpha)
    if abs(log + math.log(alpha)) > 1e-9:  # not at the very threshold
        assert (low > 0 or high < 0) == (log >= -math.log(alpha))


@given(lifts, st.floats(1.01, 3))
def test_a_greater_lift_is_more_evidence(lift: Lift, times: float) -> None:
    """With the same variance."""
    greater = Lift(times * lift.log_lift, lift.variance)
    assert evidence.log_evidence(greater, TAU) >= evidence.log_evidence(lift, TAU)


@given(st.floats(1e-6, 4), st.floats(1e-6, 4))
def test_a_surer_measure_makes_a_narrower_interval(one: float, other: float) -> None:
    """Of the same lift."""
    sure, unsure = (evidence.interval(Lift(0, v), TAU, 0.05)[1] for v in sorted((one, other)))
    assert sure <= unsure + 1e-12


@given(rates, rates)
def test_swapped_variants_have_swapped_evidence(a: Rate, b: Rate) -> None:
    """Nobody profits from their number."""
    forth = evidence.strengthen({}, [a, b], TAU)
    back = evidence.strengthen({}, [b, a], TAU)
    assert {(y, x): log for (x, y), log in back.items()} == forth
    lift, swapped = lift_of(a, b), lift_of(b, a)
    assert lift is not None
    assert swapped is not None
    low, high = evidence.interval(lift, TAU, 0.05)
    assert evidence.interval(swapped, TAU, 0.05) == pytest.approx((-high, -low))


@given(st.lists(st.tuples(rates, rates), min_size=2, max_size=6))
def test_evidence_never_gets_less_from_look_to_look(looks: list[tuple[Rate, Rate]]) -> None:
    """It is the maximum of all looks."""
    maxima: evidence.Maxima = {}
    for pair in looks:
        risen = evidence.strengthen(maxima, pair, TAU)
        assert all(risen[key] >= log for key, log in maxima.items())
        maxima = risen


def test_only_who_is_ahead_gathers_evidence() -> None:
    """Of being better."""
    behind, before = Rate(1000, 150, 0.1, 1e-4), Rate(1000, 150, 0.2, 1e-4)
    assert list(evidence.strengthen({}, [behind, before], TAU)) == [(1, 0)]


def test_a_winner_is_proved_against_each_other_and_still_ahead() -> None:
    """One of both does not do."""
    proof = -math.log(0.025) + 0.1  # three variants: half of alpha for a pair
    variants = [Rate(1000, 150, rate, 0.001) for rate in (0.1, 0.2, 0.15)]
    maxima = {(1, 0): proof, (1, 2): proof}
    assert evidence.proved_winner(maxima, variants, 0.05) == 1
    assert evidence.proved_winner({**maxima, (1, 2): proof - 0.2}, variants, 0.05) is None
    assert evidence.is_proved(maxima, (1, 0), variants, 0.05)
    fallen = [variants[0], variants[1]._replace(rate=0.12), variants[2]]
    assert evidence.proved_winner(maxima, fallen, 0.05) is None
    assert not evidence.is_proved(maxima, (1, 2), fallen, 0.05)


@pytest.mark.parametrize(("variants", "alpha"), [(2, 0.05), (3, 0.025), (4, 0.025)])
def test_more_variants_need_more_evidence(variants: int, alpha: float) -> None:
    """As a false winner has more chances."""
    assert evidence.pair_alpha(0.05, variants) == alpha


def test_overwhelming_evidence_does_not_overflow() -> None:
    """It is a logarithm."""
    assert evidence.log_evidence(Lift(30, 1e-12), TAU) > 1e9
