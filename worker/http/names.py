"""Asks the system for the addresses of hosts, and waits no longer than the deadlines around it allow.

A question to the system's resolver can be neither interrupted nor given a limit, and a name server that is
silent holds it for half a minute. So it is asked in a thread that may be left behind. All who ask for the
same name at the same time share one thread, and the threads are limited in number.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future, wait
from typing import Any

from worker.http.deadline import next_wait_s

#: Names that are asked for at once; more of them wait for one another.
MAX_QUESTIONS = 32

AddressInfo = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class Resolver:
    """Questions to the system that are on their way.

    Args:
        max_questions: so many threads at most.
    """

    def __init__(self, max_questions: int = MAX_QUESTIONS) -> None:
        self._max_questions = max_questions
        self._changed = threading.Condition()
        self._asked: dict[tuple[str, int], Future[list[AddressInfo]]] = {}

    def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """Resolve a host for a TCP connection to a port, as `socket.getaddrinfo` does.

        Raises:
            OSError, UnicodeError: of the system's resolver.
            Exception: as `next_wait_s`.
        """
        question = self._question(host, port)
        while not wait([question], next_wait_s()).done:
            pass
        return question.result()

    def _question(self, host: str, port: int) -> Future[list[AddressInfo]]:
        """Ask, or join those who ask the same."""
        key = host, port
        with self._changed:
            while key not in self._asked and len(self._asked) >= self._max_questions:
                self._changed.wait(next_wait_s())
            if key not in self._asked:
                question = Future[list[AddressInfo]]()
                # It must not keep the process from ending, as a pool's thread would.
                threading.Thread(target=self._ask, args=(key, question), name=host, daemon=True).start()
                self._asked[key] = question
            return self._asked[key]

    def _ask(self, key: tuple[str, int], question: Future[list[AddressInfo]]) -> None:
        answers: list[Any] = []
        failure: Exception | None = None
        try:
            answers = socket.getaddrinfo(*key, type=socket.SOCK_STREAM)
        except Exception as exc:  # noqa: BLE001 - whoever waits has to know
            failure = exc
        # First of all nobody can join any more: an answer that is here may be old.
        with self._changed:
            del self._asked[key]
            self._changed.notify_all()
        if failure:
            question.set_exception(failure)
        else:
            question.set_result(answers)


RESOLVER = Resolver()  #: of this process
