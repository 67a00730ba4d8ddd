"""Whatever a judge's server does, there is a verdict or a sentence, in time."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judges import PICTURES, connected, judge_by, worth
from worker.errors import LeaseLost, Unjudged
from worker.http import deadline
from worker.judge.ledger import MemoryLedger
from worker.pipeline.judging.verdict import Say

if TYPE_CHECKING:
    from tests.support.judge_server.asked import JudgeRequest
    from tests.support.judge_server.replies import Reply

KNOWS = scripts.knows(worth, 0.0, 1)


def other_model(asked: JudgeRequest) -> Reply:
    """Answer well, as another model."""
    reply = KNOWS(asked)
    return replace(reply, body=json.dumps({**json.loads(reply.body), "model": "gpt-3.5-turbo"}).encode())


def failed(fake: FakeJudge, *, timeout_s: float = 30.0) -> Unjudged:
    """Have pictures judged in vain."""
    with pytest.raises(Unjudged) as told:
        judge_by(connected(fake), timeout_s=timeout_s).judge(PICTURES, "", in_order=True)
    return told.value


@pytest.mark.parametrize(
    ("script", "result", "remedy", "requests"),
    [
        (scripts.junk, "invalid", "JSON schema", 2),
        (scripts.fenced, "invalid", "JSON schema", 2),
        (scripts.extra_keys, "invalid", "confidence", 2),
        (scripts.missing_letter, "invalid", "lacks E", 2),
        (scripts.doubled_letter, "invalid", "lacks E", 2),
        (scripts.stops_short, "invalid", "cut off", 1),
        (scripts.no_choices, "invalid", "see its log", 1),
        (scripts.refuses, "refused", "does not want", 1),
        (scripts.no_json, "failed", "check JUDGE_URL", 1),
        (scripts.cuts_off, "failed", "broke off", 1),
        (scripts.huge, "failed", "256 KiB", 1),
        (scripts.error(500), "failed", "see its log", 1),
        (scripts.too_many(7), "busy", "your limits", 1),
        (scripts.error(401), "misconfigured", "JUDGE_API_KEY", 1),
        (scripts.error(400), "misconfigured", "JSON schema", 1),
        (scripts.wrong_model, "misconfigured", "JUDGE_MODEL", 1),
        (other_model, "misconfigured", "answers as gpt-3.5-turbo", 1),
        (scripts.no_images, "misconfigured", "takes no pictures", 1),
    ],
)
def test_every_failure_has_its_word_and_its_remedy(
    script: scripts.Script, result: str, remedy: str, requests: int
) -> None:
    """Only an answer of another form is asked for again, and only once."""
    with FakeJudge(script) as fake:
        failure = failed(fake)

        assert failure.result == result
        assert remedy in str(failure)
        assert len(fake.asked) == requests


@pytest.mark.parametrize("kind", ["descriptions", "order"])
@pytest.mark.parametrize("wrong", [scripts.junk, scripts.fenced, scripts.missing_letter])
def test_a_model_that_is_told_what_was_wrong_may_answer_again(kind: str, wrong: scripts.Script) -> None:
    """Then its verdict stands."""
    heard: list[str] = []

    def script(asked: JudgeRequest) -> Reply:
        heard.extend(asked.remarks)
        is_first = asked.kind == kind and not heard
        return (wrong if is_first else KNOWS)(asked)

    with FakeJudge(script) as fake:
        verdict = judge_by(connected(fake), readings=2).judge(PICTURES, "", in_order=True)

    assert verdict.places == (1.0, 0.75, 0.5, 0.25, 0.0)
    assert verdict.requests == 4
    assert heard == [heard[0]]
    assert "That answer cannot be used: it " in heard[0]


@pytest.mark.parametrize("script", [scripts.hangs, scripts.drips])
def test_a_judge_that_is_slow_is_waited_for_no_longer_than_was_set(script: scripts.Script) -> None:
    """Whether it is silent, or sends a byte now and then."""
    with FakeJudge(script) as fake:
        began_s = time.monotonic()
        failure = failed(fake, timeout_s=0.6)

    assert failure.result == "timeout"
    assert "raise JUDGE_TIMEOUT_S" in str(failure)
    assert 0.6 <= time.monotonic() - began_s < 2.6


def test_the_time_is_for_all_questions_together() -> None:
    """Not for each."""

    def slow(asked: JudgeRequest) -> Reply:
        time.sleep(0.3)
        return KNOWS(asked)

    with FakeJudge(slow) as fake:
        began_s = time.monotonic()
        failure = failed(fake, timeout_s=0.7)

        assert failure.result == "timeout"
        assert time.monotonic() - began_s < 2.7
        assert len(fake.asked) < 4


def test_a_judge_may_think_for_longer_than_any_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """JUDGE_TIMEOUT_S alone bounds it; a model on a slow machine takes minutes until the first byte."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", 0.1)

    def slow(asked: JudgeRequest) -> Reply:
        time.sleep(0.4)
        return KNOWS(asked)

    with FakeJudge(slow) as fake:
        verdict = judge_by(connected(fake), say=Say.VETO).judge(PICTURES, "", in_order=False)

    assert verdict.requests == 1


@pytest.mark.parametrize("script", [scripts.hangs, scripts.drips])
def test_a_lease_that_is_lost_ends_the_wait_at_once(script: scripts.Script) -> None:
    """What it raises is not taken for a failure of the judge."""
    lost = threading.Event()

    def check() -> None:
        if lost.is_set():
            raise LeaseLost("another worker has it")

    with FakeJudge(script) as fake:
        connection = connected(fake)
        threading.Timer(0.3, lost.set).start()
        began_s = time.monotonic()
        with pytest.raises(LeaseLost):
            judge_by(connection, should_stop=check).judge(PICTURES, "", in_order=True)

        assert time.monotonic() - began_s < 2.0
        connection.breaker.check()


class TestHalfDone:
    """What was read twice counts, also where the rest is missing."""

    @pytest.mark.parametrize(
        "fails", [scripts.junk, scripts.error(500), scripts.error(401), scripts.too_many(5), scripts.hangs]
    )
    def test_whole_couples_count(self, fails: scripts.Script) -> None:
        """One of three, and a half that does not count."""
        script = scripts.in_turn(*[KNOWS] * 4, fails)
        with FakeJudge(script) as fake:
            timeout_s = 2.0 if fails is scripts.hangs else 30.0
            verdict = judge_by(connected(fake), timeout_s=timeout_s).judge(PICTURES, "", in_order=True)

        assert verdict.places == (1.0, 0.75, 0.5, 0.25, 0.0)
        assert verdict.readings == 2

    def test_couples_that_the_budget_allowed_count(self) -> None:
        """A description and two couples."""
        ledger = MemoryLedger(budget=6)
        with FakeJudge(KNOWS) as fake:
            verdict = judge_by(connected(fake), ledger=ledger).judge(PICTURES, "", in_order=True)

            assert verdict.readings == 4
            assert len(fake.asked) == ledger.requests == 6

    def test_without_one_couple_there_is_no_verdict(self) -> None:
        """But what was described is remembered, and the next run asks only for the order."""
        ledger = MemoryLedger()
        with FakeJudge(scripts.in_turn(KNOWS, KNOWS, scripts.error(500))) as fake:
            judge = judge_by(connected(fake), ledger=ledger, readings=2)
            with pytest.raises(Unjudged, match="failed"):
                judge.judge(PICTURES, "", in_order=True)
            fake.script = KNOWS
            judge.judge(PICTURES, "", in_order=True)

            assert [asked.kind for asked in fake.asked] == ["descriptions", *["order"] * 4]


class TestLeftAlone:
    """A judge that fails is not asked about each video."""

    def test_after_five_failures(self) -> None:
        """The next video does not wait for it."""
        with FakeJudge(scripts.error(500)) as fake:
            judge = judge_by(connected(fake))
            results = []
            for _ in range(7):
                with pytest.raises(Unjudged) as told:
                    judge.judge(PICTURES, "", in_order=True)
                results.append(told.value.result)

            assert results == [*["failed"] * 5, "paused", "paused"]
            assert len(fake.asked) == 5

    def test_only_failures_in_a_row_count(self) -> None:
        """An answer in between shows that it works."""
        with FakeJudge(KNOWS) as fake:
            connection = connected(fake)
            for _ in range(2):
                fake.script = scripts.error(500)
                for _ in range(4):
                    with pytest.raises(Unjudged, match="see its log"):
                        judge_by(connection).judge(PICTURES, "", in_order=True)
                fake.script = KNOWS
                assert judge_by(connection, readings=2).judge(PICTURES, "", in_order=True).places

    @pytest.mark.parametrize(
        ("script", "later"),
        [
            (scripts.too_many(60), "paused"),
            (scripts.no_images, "misconfigured"),
            (scripts.error(401), "misconfigured"),
            (other_model, "misconfigured"),
        ],
    )
    def test_at_once_where_asking_again_cannot_help(self, script: scripts.Script, later: str) -> None:
        """It says when to come again, or has to be mended."""
        ledger = MemoryLedger()
        with FakeJudge(script) as fake:
            judge = judge_by(connected(fake), ledger=ledger)
            for _ in range(3):
                with pytest.raises(Unjudged) as told:
                    judge.judge(PICTURES, "", in_order=True)

            assert told.value.result == later
            assert len(fake.asked) == ledger.requests == 1

    def test_a_ledger_that_fails_is_no_fault_of_the_judge(self) -> None:
        """As a database that does not answer; as soon as it does, the judge is asked."""

        class Silent(MemoryLedger):
            def spend(self) -> None:
                raise Unjudged("failed", "the database did not answer")

        with FakeJudge(KNOWS) as fake:
            connection = connected(fake)
            for _ in range(7):
                with pytest.raises(Unjudged, match=r"the database did not answer$"):
                    judge_by(connection, ledger=Silent()).judge(PICTURES, "", in_order=True)

            assert judge_by(connection).judge(PICTURES, "", in_order=True).places

    def test_a_model_that_never_keeps_to_the_form(self) -> None:
        """It answers, and nobody can use that."""
        with FakeJudge(scripts.fenced) as fake:
            judge = judge_by(connected(fake))
            for _ in range(7):
                with pytest.raises(Unjudged):
                    judge.judge(PICTURES, "", in_order=True)

            assert len(fake.asked) == 5 * 2

    def test_a_request_that_is_not_taken_stops_only_its_own_video(self) -> None:
        """Where others were judged before, it may be the pictures: hosts filter them, and say 400."""
        with FakeJudge(KNOWS) as fake:
            connection = connected(fake)
            judge_by(connection, readings=2).judge(PICTURES, "", in_order=True)
            fake.script = scripts.error(400)
            with pytest.raises(Unjudged, match="does not take the request"):
                judge_by(connection).judge(PICTURES, "", in_order=True)
            fake.script = KNOWS

            assert judge_by(connection, readings=2).judge(PICTURES, "", in_order=True).places

    def test_a_refusal_is_of_one_video(self) -> None:
        """The next may be fine."""
        with FakeJudge(scripts.refuses) as fake:
            judge = judge_by(connected(fake))
            for _ in range(7):
                with pytest.raises(Unjudged, match="does not want"):
                    judge.judge(PICTURES, "", in_order=True)

            assert len(fake.asked) == 7
