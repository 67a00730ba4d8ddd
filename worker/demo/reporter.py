"""Tells what happens at a simulated platform: a line each, for people or for a program."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import click

from worker.text import clock, printable

if TYPE_CHECKING:
    from worker.demo.simulator import JournalEntry, Simulated

_LOUD = {"refused": "red", "write": "green"}

# What an answer of the service to our webhook tells about its settings.
_REMEDIES = {
    HTTPStatus.UNAUTHORIZED: "it has another WEBHOOK_SECRET: set the variables above, and start it again",
    HTTPStatus.NOT_FOUND: "it does not know this account: set the variables above, and start it again",
}


def what_was_written(entry: JournalEntry) -> str:
    """Say in words what a write shows: a moment, or a picture."""
    if entry.thumbnail_time is not None:
        return f"the time {entry.thumbnail_time:.3f} s"
    if "image_bytes" in entry.detail:
        return f"our picture, {entry.detail['image_bytes']} bytes"
    return "the platform's own choice"


@dataclass
class Reporter:
    """Prints what happens.

    Args:
        platform: where it happens.
        as_json: print one JSON object a line, instead of words.
    """

    platform: Simulated
    as_json: bool
    _told: int = 0  #: entries of the journal that were looked at
    _answered: dict[str, int | None] = field(default_factory=dict)  #: by webhook, how it was answered last

    def tell(self, kind: str, words: str, **fields: Any) -> None:
        """Print one line.

        Args:
            kind: one word, e.g. "write".
            words: what happened, for people.
            **fields: the same, for a program.
        """
        if self.as_json:
            click.echo(json.dumps({"kind": kind, **fields}))
            return
        label = f"{kind:<8}"
        if kind in _LOUD:
            label = click.style(label, fg=_LOUD[kind])
        click.echo(f"{time.strftime('%H:%M:%S')}  {label}  {printable(words)}")

    def say(self, sentence: str = "") -> None:
        """Print a sentence for people; nothing for a program."""
        if not self.as_json:
            click.echo(sentence)

    def tell_news(self) -> None:
        """Print what happened since the last call."""
        entries = self.platform.journal.entries()
        for entry in entries[self._told :]:
            if entry.kind == "write":
                self._tell_write(entry)
            elif entry.kind == "delivery":
                self._tell_delivery(entry)
            elif entry.kind == "request" and (entry.status or 0) >= HTTPStatus.BAD_REQUEST:
                words = f"{entry.method} {entry.path}: {entry.status}"
                self.tell("refused", words, method=entry.method, path=entry.path, status=entry.status)
        self._told = len(entries)

    def _tell_write(self, entry: JournalEntry) -> None:
        video = self.platform.library.get(entry.asset_id or "")
        shown = what_was_written(entry) if entry.thumbnail_time is None else clock(entry.thumbnail_time)
        self.tell(
            "write",
            f"{video.title if video else entry.asset_id} now shows {shown}",
            asset_id=entry.asset_id,
            time_s=entry.thumbnail_time,
            image_bytes=entry.detail.get("image_bytes"),
        )

    def _tell_delivery(self, entry: JournalEntry) -> None:
        """Print how a webhook was answered; of several equal answers to one, the first."""
        webhook = f"{entry.event} {entry.asset_id} {entry.detail.get('id', '')}"
        if webhook in self._answered and self._answered[webhook] == entry.status:
            return
        self._answered[webhook] = entry.status
        answer = str(entry.status or "no answer")
        if entry.status in _REMEDIES:
            answer += f"; {_REMEDIES[HTTPStatus(entry.status)]}"
        elif entry.status is None or entry.status >= HTTPStatus.BAD_REQUEST:
            answer += "; it is sent again"
        self.tell(
            "webhook",
            f"{entry.event}: {answer}",
            event=entry.event,
            asset_id=entry.asset_id,
            status=entry.status,
        )
