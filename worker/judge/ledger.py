"""What a judge's work is booked in: earlier verdicts, and how much may still be asked today."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Protocol

from worker.errors import Unjudged

if TYPE_CHECKING:
    from worker.pipeline.judging.verdict import Verdict


class Ledger(Protocol):
    """Remembers verdicts, and counts requests and tokens."""

    def recall(self, key: str, /) -> Verdict | None:
        """Find the verdict that was kept under a key; None where there is none."""
        ...

    def spend(self) -> None:
        """Book one request, which is about to be sent.

        Raises:
            Unjudged: the budget is spent; the request must not be sent.
        """
        ...

    def count(self, prompt_tokens: int, answer_tokens: int, /) -> None:
        """Book the tokens of one video, as the server counted them."""
        ...

    def keep(self, key: str, verdict: Verdict, /) -> None:
        """Remember a verdict under a key, in place of an older one."""
        ...


class MemoryLedger:
    """A ledger that ends with its process; several threads may share it.

    Args:
        budget: how many requests may be booked; 0: any number.
    """

    def __init__(self, budget: int = 0) -> None:
        self._budget = budget
        self._verdicts: dict[str, Verdict] = {}
        self._lock = Lock()
        self.requests = 0  #: booked so far
        self.prompt_tokens = 0
        self.answer_tokens = 0

    def recall(self, key: str, /) -> Verdict | None:
        """Find the verdict that was kept under a key; None where there is none."""
        return self._verdicts.get(key)

    def spend(self) -> None:
        """Book one request.

        Raises:
            Unjudged: the budget is spent.
        """
        with self._lock:
            if self._budget and self.requests >= self._budget:
                raise budget_spent(self._budget)
            self.requests += 1

    def count(self, prompt_tokens: int, answer_tokens: int, /) -> None:
        """Book the tokens of one video."""
        with self._lock:
            self.prompt_tokens += prompt_tokens
            self.answer_tokens += answer_tokens

    def keep(self, key: str, verdict: Verdict, /) -> None:
        """Remember a verdict under a key."""
        self._verdicts[key] = verdict


def budget_spent(budget: int) -> Unjudged:
    """Make the error for a request beyond a budget.

    Args:
        budget: how many requests there might be.
    """
    return Unjudged(
        "budget",
        f"the judge's {budget:,} requests (JUDGE_BUDGET) are spent; raise it, or wait for the next day",
    )
