"""Verdicts kept in a folder, so that work that was broken off goes on where it was, and asks nobody twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from worker.errors import Unjudged
from worker.judge.documents import as_document, verdict_of

if TYPE_CHECKING:
    from pathlib import Path

    from worker.pipeline.judging.verdict import Verdict


class KeptLedger:
    """A folder of verdicts, and how many requests may still be made.

    Args:
        folder: of one server's verdicts, since another one may serve other weights under the same name.
        most_requests: of this run; None for any number.
    """

    def __init__(self, folder: Path, most_requests: int | None = None) -> None:
        self._folder = folder
        self._left = most_requests

    def recall(self, key: str) -> Verdict | None:
        """Read a verdict; None where there is none, or its file is damaged."""
        try:
            return verdict_of(json.loads(self._file(key).read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def spend(self) -> None:
        """Count a request that is about to be made.

        Raises:
            Unjudged: no more may be made in this run.
        """
        if self._left is None:
            return
        if self._left == 0:
            raise Unjudged("budget", "all requests of this run are spent; run it again to go on")
        self._left -= 1

    def count(self, _prompt_tokens: int, _answer_tokens: int) -> None:
        """Leave tokens to the verdicts, which have them too."""

    def keep(self, key: str, verdict: Verdict) -> None:
        """Write a verdict."""
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(as_document(verdict)), "utf-8")
        unfinished.replace(file)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
