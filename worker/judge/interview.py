"""All that a judge is asked about one video, and what it takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from worker.errors import Unjudged
from worker.judge.answers import Wrong, read_descriptions, read_order
from worker.judge.prompt import descriptions_of, order_of
from worker.judge.readings import orders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.http.client import BoundedClient
    from worker.judge.connection import JudgeConnection
    from worker.judge.ledger import Ledger
    from worker.judge.prompt import Question
    from worker.judge.readings import Order
    from worker.pipeline.judging.verdict import Description, Verdict

MOST_SENT_BACK = 4_000  #: characters of a wrong answer that its model is reminded of

_Read = TypeVar("_Read")


class Interview:
    """Asks about the pictures of one video, and counts.

    Args:
        connection: whom to ask.
        client: of the connection.
        ledger: where each request is booked before it is sent.
        pictures: JPEG files.
        title: of the video; empty: the model is not told.
    """

    def __init__(
        self,
        connection: JudgeConnection,
        client: BoundedClient,
        ledger: Ledger,
        pictures: Sequence[bytes],
        title: str,
    ) -> None:
        self._connection = connection
        self._client = client
        self._ledger = ledger
        self._pictures = pictures
        self._title = title
        self._began_s = time.monotonic()
        self.requests = 0
        self.prompt_tokens = 0
        self.answer_tokens = 0
        self.answers: list[str] = []  #: those that could be read

    @property
    def took_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began_s

    def describe(self) -> tuple[Description, ...]:
        """Ask what each picture shows.

        Raises:
            Unjudged: there is no answer, or none that can be read.
        """
        return self._ask(descriptions_of(self._pictures, self._title), read_descriptions)

    def remember(self, verdict: Verdict) -> tuple[Description, ...]:
        """Take the descriptions of an earlier verdict on the same pictures, in place of asking."""
        self.answers += verdict.answers
        return verdict.descriptions

    def order(self, readings: int, seed: int) -> list[tuple[Order, Order]]:
        """Ask for the order of the pictures again and again, each time the best first.

        Where that is not finished, as the time or the budget is over, what was read twice still counts.

        Args:
            readings: how often at most.
            seed: for the orders in which they are shown.

        Returns:
            couples of orders, of which the second was read from the reverse of the first; at least one.

        Raises:
            Unjudged: there is not even one couple.
        """
        couples: list[tuple[Order, Order]] = []
        try:
            for forward, backward in orders(len(self._pictures), readings, seed):
                couples.append((self._read(forward), self._read(backward)))
        except Unjudged:
            if not couples:
                raise
        return couples

    def _read(self, shown: Order) -> Order:
        question = order_of([self._pictures[picture] for picture in shown], self._title)
        return tuple(shown[at] for at in self._ask(question, read_order))

    def _ask(self, question: Question, read: Callable[[str, str], _Read]) -> _Read:
        """Ask a question, and once more where the answer is none that was asked for."""
        answer = self._exchange(question)
        try:
            result = read(answer, question.letters)
        except Wrong as wrong:
            reminder = answer[:MOST_SENT_BACK] or "(nothing)"
            answer = self._exchange(question.again(reminder, str(wrong)))
            with self._connection.breaker.watch():
                result = _read_again(answer, question.letters, read)
        self._connection.breaker.succeed()
        self.answers.append(answer)
        return result

    def _exchange(self, question: Question) -> str:
        self._connection.breaker.check()
        self._ledger.spend()  # outside of the watch: what a ledger says is none of the judge's failures
        self.requests += 1
        with self._connection.breaker.watch():
            completion = self._connection.ask(self._client, question)
            self.prompt_tokens += completion.prompt_tokens
            self.answer_tokens += completion.answer_tokens
            return completion.checked(self._connection.model)


def _read_again(answer: str, letters: str, read: Callable[[str, str], _Read]) -> _Read:
    """Read the second answer to a question, behind which there is no third one."""
    try:
        return read(answer, letters)
    except Wrong as still:
        raise Unjudged(
            "invalid",
            f"the judge gave two answers that cannot be read ({still}): it needs a server that keeps its "
            "model to a JSON schema, or a better model",
        ) from still
