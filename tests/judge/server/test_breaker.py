"""A judge that fails is left alone for a while, and one that is not set up for longer."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from worker.errors import LeaseLost, Unjudged
from worker.judge.server.breaker import MISCONFIGURED_S, MOST_FAILURES, PAUSE_S, Breaker
from worker.judge.server.refusals import AskedToWait, OfOneRequest


@dataclass
class Watched:
    """A breaker, and its clock."""

    now_s: float = 1_000.0
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(lambda: self.now_s)

    def fail(self, failure: Exception, times: int = 1) -> None:
        """Ask in vain."""
        for _ in range(times):
            with pytest.raises(type(failure)), self.breaker.watch():
                raise failure

    def succeed(self) -> None:
        """Ask, and get an answer."""
        self.breaker.succeed()

    def is_open(self) -> bool:
        """Whether the judge may be asked."""
        try:
            self.breaker.check()
        except Unjudged:
            return False
        return True


@pytest.fixture
def watched() -> Watched:
    """A judge that was not asked yet."""
    return Watched()


@pytest.mark.parametrize("result", ["timeout", "failed", "invalid", "busy"])
def test_after_five_failures_in_a_row_it_is_left_alone_for_a_minute(watched: Watched, result: str) -> None:
    """The message repeats what failed."""
    watched.fail(Unjudged(result, "it hangs"), MOST_FAILURES - 1)
    assert watched.is_open()
    watched.fail(Unjudged(result, "it hangs"))

    with pytest.raises(Unjudged, match="it hangs; it is asked again in 60 s") as told:
        watched.breaker.check()

    assert told.value.result == "paused"
    watched.now_s += PAUSE_S
    assert watched.is_open()


def test_a_judge_that_fails_after_its_pause_is_left_alone_at_once(watched: Watched) -> None:
    """One that answers has five failures again."""
    watched.fail(Unjudged("failed", ""), MOST_FAILURES)
    watched.now_s += PAUSE_S
    watched.fail(Unjudged("failed", ""))
    assert not watched.is_open()

    watched.now_s += PAUSE_S
    watched.succeed()
    watched.fail(Unjudged("failed", ""), MOST_FAILURES - 1)
    assert watched.is_open()


@pytest.mark.parametrize("failure", [Unjudged("refused", ""), Unjudged("budget", ""), LeaseLost("")])
def test_what_says_nothing_of_the_server_is_no_failure(watched: Watched, failure: Exception) -> None:
    """A refused video, a spent budget, a lease; nor is it one more beside true ones."""
    watched.fail(failure, 2 * MOST_FAILURES)
    watched.fail(Unjudged("failed", ""))

    assert watched.is_open()


def test_what_has_to_be_mended_is_tried_again_after_ten_minutes(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Meanwhile each video is told what has to be mended, and the log once."""
    with caplog.at_level(logging.WARNING):
        watched.fail(Unjudged("misconfigured", "set JUDGE_API_KEY"))
    watched.now_s += MISCONFIGURED_S - 1

    with pytest.raises(Unjudged, match="set JUDGE_API_KEY; it is asked again in 1 s") as told:
        watched.breaker.check()

    assert told.value.result == "misconfigured"
    assert [record.message for record in caplog.records] == [
        "The judge is left alone for 600 s: set JUDGE_API_KEY"
    ]
    watched.now_s += 1
    assert watched.is_open()


def test_a_video_that_a_server_does_not_take_stops_nobody_elses(watched: Watched) -> None:
    """It may be the set-up; but then it would not have answered before, and fails for all that follow."""
    refused = OfOneRequest("misconfigured", "it does not take the request")
    watched.succeed()
    watched.fail(refused, MOST_FAILURES - 1)
    assert watched.is_open()
    watched.fail(refused)

    watched.now_s += MISCONFIGURED_S - 1
    assert not watched.is_open()


def test_a_server_that_has_never_taken_a_request_is_left_alone_at_once(watched: Watched) -> None:
    """Most likely it has to be set up."""
    watched.fail(OfOneRequest("misconfigured", "it does not take the request"))

    assert not watched.is_open()


@pytest.mark.parametrize("result", ["busy", "failed"])
def test_a_server_that_names_a_time_is_left_alone_until_then(watched: Watched, result: str) -> None:
    """At its first failure."""
    watched.fail(AskedToWait(result, "too many requests", 90.0))
    watched.now_s += 89.0
    assert not watched.is_open()

    watched.now_s += 1.0
    assert watched.is_open()


def test_a_pause_is_never_shortened(watched: Watched) -> None:
    """By what another thread meets, which asked before the pause began."""
    watched.fail(AskedToWait("busy", "", 3600.0))
    watched.fail(AskedToWait("busy", "", 1.0))
    watched.now_s += 3599.0

    assert not watched.is_open()
