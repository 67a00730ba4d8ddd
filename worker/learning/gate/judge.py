"""May a head be shipped? Train on what is older, judge on what is newer, and say each rule's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from worker.learning.gate import judged_choices, judged_tests
from worker.learning.gate.report import Proof, Report, Rule, alpha_of
from worker.learning.readiness import enough_videos
from worker.learning.training.basis import find_basis
from worker.learning.training.learn import LEAST_OF_ACCOUNT, learn

if TYPE_CHECKING:
    from worker.learning.training.examples import ExampleSource, Floats, Vectors
    from worker.learning.training.learn import Learned

OLDER_SHARE = 0.7  #: of the examples is trained on
_LEAST_TESTS = 100  # of which the newer part holds 30; with fewer, people's choices are asked


def judge(
    source: ExampleSource,
    evaluation: int,
    present: Vectors | None = None,
    account: str | None = None,
    filmstrips: Rule | None = None,
) -> Report:
    """Judge what would be learned from these examples.

    Args:
        source: of the examples.
        evaluation: the how manieth it is on data of this model and account, from 1.
        present: (d,) the direction of the head that is in use; None: the order by hand.
        account: whose own head it is; None: that of all.
        filmstrips: what was found on stored filmstrips; None: nothing to look at.

    Raises:
        NothingToLearn: no frame is known.
    """
    tests_s, variants, choices_s = _times(source, account)
    enough = enough_videos(len(tests_s), variants)
    is_by_tests = len(tests_s) >= _LEAST_TESTS
    proof = Proof.TESTS if is_by_tests or len(tests_s) >= len(choices_s) else Proof.CHOICES
    report = Report(evaluation, alpha_of(evaluation), proof)
    times_s = tests_s if proof == Proof.TESTS else choices_s
    if account is not None and (count := _videos(source, account)) < LEAST_OF_ACCOUNT:
        report.missing = f"{count} of about {LEAST_OF_ACCOUNT} videos of {account}"
        return report
    if proof == Proof.TESTS and not is_by_tests:
        report.missing = f"{len(tests_s):,} of about {enough:,} videos"
        return report
    cut_s = float(np.quantile(times_s, OLDER_SHARE))
    basis = find_basis(source.frames())
    # With all of its videos the account has enough; the older part alone may not, and is judged all the same.
    trained = learn(source, account, cut_s, basis, least_of_account=0)
    if proof == Proof.TESTS:
        _judge_tests(report, source, trained, present, account, cut_s)
        if report.missing:
            report.missing = f"{report.missing}; {len(tests_s):,} of about {enough:,} videos"
    else:
        _judge_choices(report, source, trained, present, account, cut_s)
        if report.missing:
            report.missing = f"{report.missing}; {len(tests_s):,} of about {enough:,} videos were tested"
    report.rules += [rule for rule in (filmstrips,) if rule is not None]
    report.rules.append(_spent(report))
    return report


def _judge_tests(
    report: Report,
    source: ExampleSource,
    trained: Learned,
    present: Vectors | None,
    account: str | None,
    cut_s: float,
) -> None:
    seen = np.fromiter(trained.collected.videos, np.int64)
    found = judged_tests.HeldOutTests(trained, present)
    for tests in source.tests():
        is_new = (tests.at_s >= cut_s) & ~np.isin(tests.videos, seen)
        found.add(tests.where(is_new & _is_of(tests.accounts, account)))
    report.missing = found.missing()
    report.rules += found.rules(report.alpha)


def _judge_choices(
    report: Report,
    source: ExampleSource,
    trained: Learned,
    present: Vectors | None,
    account: str | None,
    cut_s: float,
) -> None:
    seen = np.fromiter(trained.collected.videos, np.int64)
    found = judged_choices.HeldOutChoices(trained, present)
    for pairs in source.choices():
        is_new = (pairs.at_s >= cut_s) & ~np.isin(pairs.videos, seen)
        found.add(pairs.where(is_new & _is_of(pairs.accounts, account)))
    report.missing = found.missing()
    report.rules += found.rules(report.alpha)


def _times(source: ExampleSource, account: str | None) -> tuple[Floats, int, Floats]:
    """Read when each test began, how many variants they have, and when each person's choice was made."""
    tests, variants = [np.zeros(0)], 0
    for page in source.tests():
        own = page.where(_is_of(page.accounts, account))
        tests.append(own.at_s)
        variants += len(own.hand)
    choices: dict[int, float] = {}
    for pairs in source.choices():
        is_of = _is_of(pairs.accounts, account)
        choices.update(zip(pairs.choices[is_of].tolist(), pairs.at_s[is_of].tolist(), strict=True))
    return np.concatenate(tests), variants, np.fromiter(choices.values(), np.float64)


def _videos(source: ExampleSource, account: str) -> int:
    videos: set[int] = set()
    for tests in source.tests():
        videos.update(tests.videos[tests.accounts == account].tolist())
    for pairs in source.choices():
        videos.update(pairs.videos[pairs.accounts == account].tolist())
    return len(videos)


def _is_of(accounts: np.typing.NDArray[np.str_], account: str | None) -> np.typing.NDArray[np.bool_]:
    return np.ones(len(accounts), bool) if account is None else accounts == account


def _spent(report: Report) -> Rule:
    says = (
        f"evaluation {report.evaluation} of this model's data: it may err in {report.alpha:.2%} of cases, "
        "which is what its bound was made with"
    )
    numbers = {"evaluation": report.evaluation, "alpha": report.alpha}
    return Rule("judged again", "all evaluations together err in at most 1 % of cases", says, True, numbers)
