"""Judges that ask the fake server, and pictures for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from tests.support.judge_server.example import picture
from worker.judge.connection import JudgeConnection
from worker.judge.ledger import MemoryLedger
from worker.judge.vlm_judge import VlmJudge
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.judge_server.fake_judge import FakeJudge
    from worker.judge.ledger import Ledger

MODEL = "eye-8b"
KEY = "sk-a-secret-that-nobody-may-read"
PICTURES = [picture(seed) for seed in range(5)]  #: the first is the best, for `worth`


def worth(jpeg: bytes) -> float:
    """Say what one of PICTURES is worth: the earlier, the more."""
    return -PICTURES.index(jpeg)


class Changed(TypedDict, total=False):
    """What a test wants otherwise."""

    ledger: Ledger
    say: Say
    readings: int
    timeout_s: float
    sends_title: bool
    should_stop: Callable[[], None]


def connected(fake: FakeJudge, api_key: str | None = KEY) -> JudgeConnection:
    """Make a connection to a fake server."""
    return JudgeConnection(fake.url, MODEL, api_key)


def judge_by(connection: JudgeConnection, **changed: Unpack[Changed]) -> VlmJudge:
    """Make a judge with a full say, a ledger of its own and a time that is enough for everything."""
    return VlmJudge(
        connection,
        changed.get("ledger") or MemoryLedger(),
        changed.get("say", Say.LEAD),
        most_pictures=12,
        readings=changed.get("readings", 6),
        timeout_s=changed.get("timeout_s", 30.0),
        sends_title=changed.get("sends_title", False),
        should_stop=changed.get("should_stop", lambda: None),
    )
