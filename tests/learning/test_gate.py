"""A head ships only where newer tests, or newer choices of people, prove it to be better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.benchmarks.audience.planted_taste import PlantedTaste
from tests.support.learning.turned_account import OWN, WithTurnedAccount
from worker.learning.gate.judge import judge
from worker.learning.gate.judged_choices import HeldOutChoices
from worker.learning.gate.judged_tests import HeldOutTests
from worker.learning.gate.report import Proof, Report, Rule, alpha_of
from worker.learning.training.learn import LEAST_OF_ACCOUNT, learn


def audience(videos: int, **values: Any) -> PlantedTaste:
    """Return viewers with a strong taste, each of whose videos had four pictures tested."""
    return PlantedTaste(np.random.default_rng(5), videos, **({"variants": 4} | values))


def rule(report: Report, name: str) -> Rule:
    """Find a rule of a report."""
    (found,) = [one for one in report.rules if one.name == name]
    return found


def test_a_taste_that_is_there_passes() -> None:
    """With its gain, its bound, and on how many videos."""
    report = judge(audience(800), 1)

    assert report.is_passed
    assert report.says == "better than what is in use; proved by viewers in tests"
    numbers = rule(report, "more plays").numbers
    assert numbers["videos"] == 240
    assert 0 < numbers["low"] < numbers["gain"]


def test_counts_that_were_swapped_at_random_do_not_pass() -> None:
    """Vectors without their labels teach nothing."""
    assert not judge(audience(800, is_shuffled=True), 1).is_passed


def test_too_few_tests_are_told_in_numbers() -> None:
    """And nothing is trained or judged."""
    report = judge(audience(63), 1)

    assert not report.is_passed
    assert report.says.startswith("not enough: 63 of about ")
    assert report.rules == []


def test_a_video_that_was_trained_on_is_never_judged_on() -> None:
    """A second test of the same video would repeat what is known."""
    known = audience(800)
    (tests,) = known.tests()
    known._tests = tests._replace(videos=tests.videos % 400)  # noqa: SLF001

    assert rule(judge(known, 1), "more plays").numbers["videos"] == 0


def test_each_evaluation_has_to_be_surer_than_the_one_before() -> None:
    """All that may ever be spent adds up to 1 %."""
    spent = [alpha_of(k) for k in range(1, 10_000)]

    assert spent == sorted(spent, reverse=True)
    assert 0.0099 < sum(spent) < 0.01
    first, tenth = judge(audience(800), 1), judge(audience(800), 10)
    assert rule(tenth, "more plays").numbers["low"] < rule(first, "more plays").numbers["low"]


def test_too_few_other_pictures_are_told_in_numbers() -> None:
    """A head that hardly changes anything has nothing to prove itself by."""
    report = judge(audience(110), 1)

    assert "of 30 held-out videos would get another picture" in report.says
    assert not report.is_passed


def test_a_gain_that_did_not_last_is_none() -> None:
    """However large it was at first: viewers may have grown tired of it."""
    known = audience(800)
    (tests,) = known.tests()
    trained = learn(known)
    likes = tests.centred(tests.embeddings) @ trained.direction
    is_newer = (np.arange(len(tests.videos)) >= 400)[tests.groups]
    found = HeldOutTests(trained, None)
    found.add(tests._replace(plays=tests.plays * np.exp(np.where(is_newer, -0.5, 1.0) * likes)))

    met = {one.name: one.is_met for one in found.rules(0.01)}
    assert met["more plays"]
    assert not met["lasts"]


def test_a_head_has_to_beat_the_one_that_is_in_use() -> None:
    """What is learned again from the same is no better."""
    known = audience(800)
    same = learn(known).direction

    report = judge(known, 1, present=same)

    assert not report.is_passed
    assert not rule(report, "more plays").is_met


def test_an_account_that_would_lose_keeps_all_from_it() -> None:
    """However much the others gain."""
    known = audience(800)
    (tests,) = known.tests()
    loses = np.arange(len(tests.videos)) % 4 == 0
    trained = learn(known)
    likes = tests.centred(tests.embeddings) @ trained.direction
    hated = np.where(loses[tests.groups], tests.plays * np.exp(-likes), tests.plays)
    accounts = np.where(loses, "mux/other", tests.accounts)

    found = HeldOutTests(trained, None)
    found.add(tests._replace(plays=hated, accounts=accounts))

    (worse,) = [one for one in found.rules(0.01) if one.name == "no account loses"]
    assert not worse.is_met
    assert list(worse.numbers["worse"]) == ["mux/other"]


def test_of_an_account_its_own_head_is_judged_and_not_that_of_all() -> None:
    """Although the older part, on which it is trained, has fewer videos than such a head needs."""
    others = audience(1_200, variants=2, worth_sd=0.5)

    report = judge(WithTurnedAccount(others, LEAST_OF_ACCOUNT), 1, account=OWN)

    numbers = rule(report, "more plays").numbers
    assert numbers["changed"] > 0
    assert numbers["gain"] > 0


def test_an_account_with_too_few_videos_is_not_judged() -> None:
    """It has the head of all until then."""
    report = judge(WithTurnedAccount(audience(1_200, variants=2), LEAST_OF_ACCOUNT - 1), 1, account=OWN)

    assert report.says == "not enough: 399 of about 400 videos of mux/own"


@pytest.mark.parametrize("boast", [0.2, 10.0])
def test_what_is_expected_has_to_come_true(boast: float) -> None:
    """A head that promises ten times what viewers do has learned something else; so has a timid one."""
    known = audience(800)
    trained = learn(known)
    (tests,) = known.tests()
    found = HeldOutTests(trained, None)
    exaggerated = type(trained)(
        trained.basis, trained.coefficients * boast, trained.precision, trained.collected
    )
    found = HeldOutTests(exaggerated, None)
    found.add(tests)

    (expected,) = [one for one in found.rules(0.01) if one.name == "as expected"]
    assert not expected.is_met
    assert expected.numbers["slope"] == pytest.approx(1 / boast, rel=0.4)


def test_a_variant_with_fewer_viewers_counts_no_less_in_the_mean() -> None:
    """Its plays are divided by its share of the viewers."""
    known = audience(200, variants=2)
    (tests,) = known.tests()
    keep = np.where(np.arange(len(tests.hand)) % 2, 0.25, 1.0)
    uneven = tests._replace(
        plays=tests.plays * keep, impressions=tests.impressions * keep, shares=tests.shares * keep
    )
    trained = learn(known)

    def gains(of: Any) -> Any:
        found = HeldOutTests(trained, None)
        found.add(of)
        return found.rules(0.01)[0].numbers

    assert gains(uneven) == pytest.approx(gains(tests))


def test_people_alone_can_prove_it_and_the_report_says_so() -> None:
    """A site may have no tests; what people choose is no measure of viewers."""
    report = judge(audience(0, judged=1_200, people_rho=0.6), 1)

    assert report.is_passed
    assert report.proof == Proof.CHOICES
    assert "by people's choices, not by viewers" in report.says


def test_people_who_only_dislike_what_the_hand_score_likes_prove_nothing() -> None:
    """Choices are recorded where the first pick was not taken; other orders are right more often."""
    known = audience(0, judged=1_200, hand_from_vectors=0.9)

    report = judge(known, 1)

    assert not report.is_passed
    assert not rule(report, "knows what people like").is_met


def test_a_video_whose_choice_was_trained_on_is_never_judged_on() -> None:
    """People choose again for the same video, and like the same of it."""
    known = audience(0, judged=1_200, people_rho=0.6)
    (pairs,) = known.choices()
    known._choices = pairs._replace(videos=pairs.videos % 300)  # noqa: SLF001

    assert "0 of 200 newer choices" in judge(known, 1).says


def test_a_head_has_to_order_better_than_the_one_in_use() -> None:
    """That it knows what people like is not enough where the other one knows it, too."""
    known = audience(0, judged=1_200, people_rho=0.6)

    report = judge(known, 1, present=learn(known).direction)

    assert rule(report, "knows what people like").is_met
    assert not rule(report, "orders as people do").is_met
    assert not report.is_passed


def test_people_who_like_something_else_by_now_prove_nothing() -> None:
    """Both halves have to agree."""
    known = audience(0, judged=1_200, people_rho=0.6)
    (pairs,) = known.choices()
    trained = learn(known)
    is_newer = (pairs.choices >= np.quantile(pairs.choices, 0.7))[:, None]
    found = HeldOutChoices(trained, None)
    found.add(
        pairs._replace(
            chosen=np.where(is_newer, pairs.others, pairs.chosen),
            others=np.where(is_newer, pairs.chosen, pairs.others),
            chosen_hand=np.where(is_newer[:, 0], pairs.other_hand, pairs.chosen_hand),
            other_hand=np.where(is_newer[:, 0], pairs.chosen_hand, pairs.other_hand),
        )
    )

    met = {one.name: one.is_met for one in found.rules(0.01)}
    assert met["knows what people like"]
    assert not met["lasts"]


def test_too_few_choices_are_told_in_numbers() -> None:
    """The newer part of them has to hold 200."""
    report = judge(audience(0, judged=300, people_rho=0.6), 1)

    assert "of 200 newer choices" in report.says
    assert not report.is_passed


def test_a_head_that_shows_a_defect_fails_whatever_viewers_do() -> None:
    """Each rule can refuse alone."""
    broken = Rule("no defects", "none", "3 first picks with a defect, 0 by hand", is_met=False, numbers={})

    report = judge(audience(800), 1, filmstrips=broken)

    assert report.says == "not proved to be better; not met: no defects"
