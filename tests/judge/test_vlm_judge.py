"""A judge describes, orders and remembers, by what it was measured to be worth."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judges import KEY, MODEL, PICTURES, connected, judge_by, worth
from tests.support.judge_server.replies import failure
from worker.errors import Unjudged
from worker.judge.ledger import MemoryLedger
from worker.judge.prompt import PROMPT_VERSION
from worker.pipeline.judging.verdict import Description, Fault, Say, Verdict

if TYPE_CHECKING:
    from tests.support.judge_server.asked import JudgeRequest
    from tests.support.judge_server.replies import Reply

SEEN = {
    PICTURES[0]: Description(subject="a boat"),
    PICTURES[1]: Description(frozenset({Fault.EYES_CLOSED, Fault.TEXT}), "a sailor"),
}
KNOWS = scripts.knows(worth, 0.0, 1, describe=lambda picture: SEEN.get(picture, Description()))


def repeats(asked: JudgeRequest) -> Reply:
    """Refuse, and repeat all that was sent, as some servers do."""
    picture = asked.body["messages"][1]["content"][1]["image_url"]["url"]
    return failure(400, f"{asked.headers['authorization']} may not send {picture}")


def kinds(fake: FakeJudge) -> list[str]:
    """What was asked, in order."""
    return [asked.kind for asked in fake.asked]


def counted(name: str, **labels: str) -> float:
    """Read a metric."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_pictures_are_described_and_then_ordered_in_couples() -> None:
    """What the verdict tells is what was seen and said."""
    with FakeJudge(KNOWS) as fake:
        verdict = judge_by(connected(fake)).judge(PICTURES, "", in_order=True)

        assert kinds(fake) == ["descriptions", *["order"] * 6]
        assert verdict.descriptions[:2] == (SEEN[PICTURES[0]], SEEN[PICTURES[1]])
        assert verdict.places == (1.0, 0.75, 0.5, 0.25, 0.0)
        assert (verdict.model, verdict.prompt_version, verdict.say) == (MODEL, PROMPT_VERSION, Say.LEAD)
        assert (verdict.readings, verdict.requests, len(verdict.answers)) == (6, 7, 7)
        assert verdict.prompt_tokens == fake.usage.prompt_tokens
        assert verdict.answer_tokens == fake.usage.answer_tokens
        shown = [asked.pictures for asked in fake.asked]
        assert shown[0] == tuple(PICTURES)
        assert shown[1] == shown[2][::-1] != shown[0]


def test_who_always_prefers_the_first_picture_finds_ties_everywhere() -> None:
    """So its order changes nothing."""
    with FakeJudge(scripts.always_first()) as fake:
        verdict = judge_by(connected(fake)).judge(PICTURES, "", in_order=True)

    assert verdict.places == pytest.approx([0.5] * 5)


@pytest.mark.parametrize(
    ("say", "in_order", "asked"),
    [
        (Say.VETO, True, ["descriptions"]),
        (Say.VETO, False, ["descriptions"]),
        (Say.TIES, False, ["descriptions"]),
        (Say.TIES, True, ["descriptions", "order", "order"]),
        (Say.LEAD, True, ["descriptions", "order", "order"]),
    ],
)
def test_only_what_may_count_is_asked(say: Say, asked: list[str], *, in_order: bool) -> None:
    """An order that nobody uses is not paid for."""
    with FakeJudge(KNOWS) as fake:
        verdict = judge_by(connected(fake), say=say, readings=2).judge(PICTURES, "", in_order=in_order)

        assert kinds(fake) == asked
        assert (verdict.places is None) == ("order" not in asked)
        assert verdict.say == say


def test_a_judge_without_a_say_is_not_asked() -> None:
    """Neither for faults."""
    with FakeJudge(KNOWS) as fake:
        with pytest.raises(Unjudged, match="not asked"):
            judge_by(connected(fake), say=Say.NOTHING).judge(PICTURES, "", in_order=True)

        assert not fake.asked


@pytest.mark.parametrize(("sends_title", "title"), [(True, "A day at sea"), (False, "")])
def test_a_title_is_told_only_where_that_is_set(title: str, *, sends_title: bool) -> None:
    """Titles of private videos say much."""
    with FakeJudge(KNOWS) as fake:
        judge_by(connected(fake), sends_title=sends_title).judge(PICTURES, "A day at sea", in_order=True)

        assert {asked.title for asked in fake.asked} == {title}


class TestMemory:
    """The same pictures get the same verdict, and cost nothing again."""

    def test_a_verdict_is_recalled(self) -> None:
        """With what may count of it now."""
        ledger = MemoryLedger()
        with FakeJudge(KNOWS) as fake:
            first = judge_by(connected(fake), ledger=ledger).judge(PICTURES, "", in_order=True)
            fake.script = scripts.junk
            judge = judge_by(connected(fake), ledger=ledger, say=Say.TIES)
            again = judge.judge(PICTURES, "another title", in_order=True)

            assert len(fake.asked) == 7
            assert again.is_recalled
            assert again.say == Say.TIES
            assert again.places == first.places

    @pytest.mark.parametrize("say", [Say.LEAD, Say.VETO])
    def test_one_with_an_order_serves_where_none_is_wanted(self, say: Say) -> None:
        """It holds the descriptions, too."""
        ledger = MemoryLedger()
        with FakeJudge(KNOWS) as fake:
            judge_by(connected(fake), ledger=ledger).judge(PICTURES, "", in_order=True)
            again = judge_by(connected(fake), ledger=ledger, say=say).judge(PICTURES, "", in_order=False)

            assert again.is_recalled
            assert len(fake.asked) == 7

    def test_one_without_an_order_is_completed(self) -> None:
        """What was described is not described again."""
        ledger = MemoryLedger()
        with FakeJudge(KNOWS) as fake:
            judge = judge_by(connected(fake), ledger=ledger, readings=2)
            judge.judge(PICTURES, "", in_order=False)
            verdict = judge.judge(PICTURES, "", in_order=True)

            assert kinds(fake) == ["descriptions", "order", "order"]
            assert not verdict.is_recalled
            assert verdict.descriptions[0] == SEEN[PICTURES[0]]
            assert verdict.requests == 2
            assert len(verdict.answers) == 3

    @pytest.mark.parametrize("changed", ["pictures", "order of pictures", "readings", "title", "model"])
    def test_whatever_else_is_asked_is_asked(self, changed: str) -> None:
        """Other pictures, or the same ones otherwise."""
        ledger = MemoryLedger()
        with FakeJudge(KNOWS) as fake:
            connection = connected(fake)
            judge_by(connection, ledger=ledger, sends_title=True).judge(PICTURES, "Sea", in_order=True)
            asked = len(fake.asked)
            if changed == "model":
                connection.model = "eye-32b"
            pictures = {"pictures": PICTURES[:4], "order of pictures": PICTURES[::-1]}.get(changed, PICTURES)
            judge = judge_by(
                connection, ledger=ledger, sends_title=True, readings=2 if changed == "readings" else 6
            )
            verdict = judge.judge(pictures, "Lake" if changed == "title" else "Sea", in_order=True)

            assert not verdict.is_recalled
            assert len(fake.asked) > asked

    def test_verdicts_on_other_words_are_not_recalled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The prompt's version is a part of the key."""
        ledger = MemoryLedger()
        with FakeJudge(KNOWS) as fake:
            judge = judge_by(connected(fake), ledger=ledger, say=Say.VETO)
            judge.judge(PICTURES, "", in_order=False)
            monkeypatch.setattr("worker.judge.keys.PROMPT_VERSION", "another")

            assert not judge.judge(PICTURES, "", in_order=False).is_recalled


class TestTraces:
    """What is left of it in metrics and logs."""

    def test_each_video_is_counted_once(self) -> None:
        """By what came of it; tokens as the server counted them."""
        before = {result: self.verdicts(result) for result in ("judged", "recalled", "budget")}
        seconds, tokens = counted("thumbs_judge_seconds_count"), self.tokens()
        ledger = MemoryLedger(budget=7)
        with FakeJudge(KNOWS) as fake:
            judge = judge_by(connected(fake), ledger=ledger)
            judge.judge(PICTURES, "", in_order=True)
            judge.judge(PICTURES, "", in_order=True)
            with pytest.raises(Unjudged, match="JUDGE_BUDGET"):
                judge.judge(PICTURES[:2], "", in_order=True)

            assert {result: self.verdicts(result) - before[result] for result in before} == {
                "judged": 1.0,
                "recalled": 1.0,
                "budget": 1.0,
            }
            assert counted("thumbs_judge_seconds_count") - seconds == 1.0
            assert self.tokens() - tokens == fake.usage.prompt_tokens + fake.usage.answer_tokens
            assert ledger.prompt_tokens == fake.usage.prompt_tokens

    @staticmethod
    def verdicts(result: str) -> float:
        """Count verdicts."""
        return counted("thumbs_judge_verdicts_total", result=result)

    @staticmethod
    def tokens() -> float:
        """Count tokens of both kinds."""
        return sum(counted("thumbs_judge_tokens_total", kind=kind) for kind in ("prompt", "answer"))

    @pytest.mark.parametrize("script", [KNOWS, scripts.junk, repeats, scripts.error(500)])
    def test_no_log_holds_a_picture_or_the_key(
        self, script: scripts.Script, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even one that tells everything, nor those of the HTTP client."""
        caplog.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore"):
            caplog.set_level(logging.DEBUG, name)
        with FakeJudge(script) as fake:
            asked = judge_by(connected(fake))
            try:
                told = repr(asked.judge(PICTURES, "", in_order=True))
            except Unjudged as exc:
                told = str(exc)
        told += "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)

        assert "httpcore" in told
        assert KEY not in told
        assert "/9j/" not in told  # how every JPEG begins in base64
        assert "\\xff\\xd8" not in told


def test_threads_share_a_connection() -> None:
    """Each gets the verdict on its own pictures."""
    with FakeJudge(KNOWS) as fake, ThreadPoolExecutor(4) as threads:
        connection, ledger = connected(fake), MemoryLedger()

        def judge(first: int) -> Verdict:
            return judge_by(connection, ledger=ledger, readings=2).judge(
                PICTURES[first : first + 2], "", in_order=True
            )

        verdicts = list(threads.map(judge, range(4)))

        assert [verdict.places for verdict in verdicts] == [(1.0, 0.0)] * 4
        assert ledger.requests == len(fake.asked) == 12
