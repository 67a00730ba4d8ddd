"""Check that viewers' browsers reach the beacon, where tests wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from sqlalchemy import func, select

from worker.database.states import TrialKind, TrialState
from worker.database.trials import Trial
from worker.doctor.finding import Finding, State
from worker.doctor.servers import ask_database
from worker.http.client import BoundedClient
from worker.http.deadline import Deadline
from worker.settings.types import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from worker.settings import Settings

ANSWER_TIMEOUT_S = 3.0


def check_beacon(settings: Settings) -> Iterator[Finding]:
    """Ask the beacon whether it lives, where tests with viewers run; nothing is said where none does."""
    counted: list[int] = []

    def count(session: Session) -> Iterator[Finding]:
        is_wanted = (Trial.state == TrialState.RUNNING, Trial.kind == TrialKind.VIEWERS)
        counted.append(session.scalar(select(func.count()).where(*is_wanted)) or 0)
        yield from ()

    yield from ask_database(settings, "beacon", count)
    if sum(counted):
        yield _reached(settings, sum(counted))


def _reached(settings: Settings, running: int) -> Finding:
    url, tests = settings.beacon_url, "1 test runs" if running == 1 else f"{running} tests run"
    try:
        with Deadline(ANSWER_TIMEOUT_S), BoundedClient(timeout_s=ANSWER_TIMEOUT_S) as client:
            is_there = client.get(f"{url}/healthz").is_success
    except httpx.HTTPError:
        is_there = False
    if not is_there:
        says = f"{tests}, and nothing answers at {url}: no viewer is shown another picture"
        remedy = "run `thumbs beacon`, and set BEACON_URL to where browsers reach it"
        return Finding("beacon", State.WARNING, says, remedy)
    if is_loopback(urlsplit(url).hostname):
        says = f"{tests}, and only browsers on this machine reach {url}"
        return Finding("beacon", State.WARNING, says, "set BEACON_URL to where viewers' browsers reach it")
    return Finding("beacon", State.OK, f"{tests}; viewers ask {url}")
