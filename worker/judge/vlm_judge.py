"""A vision-language model as a judge: it describes pictures, then orders them several times over."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from worker.errors import Unjudged
from worker.http.deadline import Deadline
from worker.judge.connection import timed_out
from worker.judge.interview import Interview
from worker.judge.keys import VerdictKeys
from worker.judge.prompt import PROMPT_VERSION
from worker.judge.readings import places
from worker.metrics import JUDGE_SECONDS, JUDGE_TOKENS, JUDGE_VERDICTS
from worker.pipeline.judging.verdict import Say, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from worker.judge.connection import JudgeConnection
    from worker.judge.ledger import Ledger
    from worker.judge.readings import Order
    from worker.pipeline.judging.verdict import Description


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
        connection: JudgeConnection,
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
        try:
            verdict = self._judge(pictures, title if self._sends_title else "", in_order=in_order)
        except Unjudged as exc:
            JUDGE_VERDICTS.labels(exc.result).inc()
            raise
        JUDGE_VERDICTS.labels("recalled" if verdict.is_recalled else "judged").inc()
        return verdict

    def _judge(self, pictures: Sequence[bytes], title: str, *, in_order: bool) -> Verdict:
        if self._say == Say.NOTHING:
            raise Unjudged("paused", "the judge is not asked: it was measured to do harm")
        in_order = in_order and self._say != Say.VETO and len(pictures) > 1
        keys = VerdictKeys.of(pictures, title, self._connection.model, self._readings)
        described, ordered = self._ledger.recall(keys.described), self._ledger.recall(keys.ordered)
        if recalled := ordered if in_order else (described or ordered):
            return replace(recalled, say=self._say, is_recalled=True)
        with self._interview(pictures, title) as interview:
            seen = self._verdict(
                interview, interview.remember(described) if described else interview.describe()
            )
            if not in_order:
                self._ledger.keep(keys.described, seen)
                return seen
            try:
                couples = interview.order(self._readings, keys.seed)
            except Unjudged:
                self._ledger.keep(keys.described, seen)  # it was paid for; the next run only asks the rest
                raise
            verdict = self._verdict(interview, seen.descriptions, couples)
        self._ledger.keep(keys.ordered, verdict)
        return verdict

    @contextmanager
    def _interview(self, pictures: Sequence[bytes], title: str) -> Iterator[Interview]:
        """Open what is asked about one video, end it in time, and book what it took."""
        limit = Deadline(self._timeout_s, late=timed_out, should_stop=self._should_stop)
        with limit, self._connection.client(self._timeout_s) as client:
            interview = Interview(self._connection, client, self._ledger, pictures, title)
            try:
                yield interview
            finally:
                if interview.requests:
                    JUDGE_SECONDS.observe(interview.took_s)
                    JUDGE_TOKENS.labels("prompt").inc(interview.prompt_tokens)
                    JUDGE_TOKENS.labels("answer").inc(interview.answer_tokens)
                    self._ledger.count(interview.prompt_tokens, interview.answer_tokens)

    def _verdict(
        self,
        interview: Interview,
        descriptions: tuple[Description, ...],
        couples: Sequence[tuple[Order, Order]] = (),
    ) -> Verdict:
        return Verdict(
            say=self._say,
            model=self._connection.model,
            prompt_version=PROMPT_VERSION,
            descriptions=descriptions,
            places=places(couples) if couples else None,
            readings=2 * len(couples),
            requests=interview.requests,
            prompt_tokens=interview.prompt_tokens,
            answer_tokens=interview.answer_tokens,
            took_s=interview.took_s,
            answers=tuple(interview.answers),
        )
