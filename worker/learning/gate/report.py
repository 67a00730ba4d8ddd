"""What the gate says of a head: its rules with their numbers, in sentences and as a document."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Proof(enum.StrEnum):
    """What a head was judged on."""

    TESTS = "tests"  #: what viewers did with pictures that were drawn for them
    CHOICES = "choices"  #: what people chose: a person is not the audience


class Rule(NamedTuple):
    """One demand on a head."""

    name: str
    demand: str
    says: str  #: what was found, with its numbers
    is_met: bool
    numbers: dict[str, Any]


@dataclass
class Report:
    """All that was found of a head."""

    evaluation: int  #: the how manieth on data of this model and account; each has less to spend
    alpha: float  #: how often this one may let a head through that is no better
    proof: Proof
    rules: list[Rule] = field(default_factory=list)
    missing: str = ""  #: "63 of about 400 videos", where there is too little to judge by

    @property
    def is_passed(self) -> bool:
        """Whether a person may ship it."""
        return not self.missing and all(rule.is_met for rule in self.rules)

    @property
    def says(self) -> str:
        """The outcome in a sentence."""
        if self.missing:
            return f"not enough: {self.missing}"
        on = "by viewers in tests" if self.proof == Proof.TESTS else "by people's choices, not by viewers"
        if self.is_passed:
            return f"better than what is in use; proved {on}"
        failed = ", ".join(rule.name for rule in self.rules if not rule.is_met)
        return f"not proved to be better; not met: {failed}"

    def document(self) -> dict[str, Any]:
        """Build what a row keeps, and pages show."""
        return {
            "is_passed": self.is_passed,
            "says": self.says,
            "proved_on": self.proof.value,
            "evaluation": self.evaluation,
            "alpha": self.alpha,
            "missing": self.missing,
            "rules": [rule._asdict() for rule in self.rules],
        }


def alpha_of(evaluation: int) -> float:
    """Say how often the k-th evaluation may err: .01 * 6 / (pi^2 k^2), which adds up to .01 over all.

    Who judges again and again on overlapping data would be right by chance one day; so he never is, by more
    than 1 % in total (alpha spending).
    """
    return 0.01 * 6 / (9.869604401089358 * evaluation**2)
