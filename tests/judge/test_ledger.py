"""What a judge asks is booked, and a budget holds."""

from __future__ import annotations

import pytest

from worker.errors import Unjudged
from worker.judge.ledger import MemoryLedger
from worker.pipeline.judging.verdict import Say, Verdict

VERDICT = Verdict(Say.VETO, "m", "p", (), None)


def test_a_budget_of_requests_ends() -> None:
    """And the message names the setting."""
    ledger = MemoryLedger(budget=2)
    ledger.spend()
    ledger.spend()

    with pytest.raises(Unjudged, match="JUDGE_BUDGET") as told:
        ledger.spend()

    assert told.value.result == "budget"
    assert ledger.requests == 2


def test_without_a_budget_any_number_may_be_asked() -> None:
    """0 is no limit."""
    ledger = MemoryLedger()
    for _ in range(100):
        ledger.spend()

    assert ledger.requests == 100


def test_verdicts_are_found_by_their_key() -> None:
    """And by no other."""
    ledger = MemoryLedger()
    ledger.keep("a", VERDICT)

    assert ledger.recall("a") == VERDICT
    assert ledger.recall("b") is None
