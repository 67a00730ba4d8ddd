"""A vision-language model as a judge: describes pictures, then orders them several times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.judge.connection import Connection
    from worker.judge.ledger import Ledger
    from worker.pipeline.judging.verdict import Say, Verdict


class VlmJudge:
    """Asks a model of a server, within a budget and a limit of time; implements `Judge`.

    Args:
        connection: to the server, shared by all judges of a process.
        ledger: where verdicts are remembered and requests are booked.
        say: how much of what it says may count; decides what is asked.
        most_pictures: it may be shown (JUDGE_PICTURES).
        readings: of the order (JUDGE_READINGS), an even number.
        timeout_s: for all that is asked about one video (JUDGE_TIMEOUT_S).
        sends_title: whether the model is told the title (JUDGE_SEND_TITLE).
        should_stop: called at least twice a second; what it raises ends the work, and is passed on.
    """

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        say: Say,
        *,
        most_pictures: int,
        readings: int,
        timeout_s: float,
        sends_title: bool,
        should_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._say = say
        self._most_pictures = most_pictures
        self._readings = readings
        self._timeout_s = timeout_s
        self._sends_title = sends_title
        self._should_stop = should_stop

    @property
    def say(self) -> Say:
        """How much this judge may decide."""
        return self._say

    @property
    def most_pictures(self) -> int:
        """How many pictures it is shown at most."""
        return self._most_pictures

    def judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        """Look at pictures, as `Judge` says.

        Raises:
            Unjudged: there is no verdict; the message says why, for people.
            Exception: whatever `should_stop` raises.
        """
        raise NotImplementedError
