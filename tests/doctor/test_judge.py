"""`thumbs doctor` tells whether the judge answers, may be asked, and what it is worth."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from datetime import UTC, datetime
from http.server import HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.service import builders, measured_run
from tests.support.service.quick_programs import ReadyReceiver
from worker.database import transaction
from worker.database.learning import JudgeDay
from worker.doctor import judge as doctor
from worker.doctor.judge import check_judge, check_judge_live
from worker.judge import checks
from worker.pipeline.judging.verdict import Say
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.service.commands import Run
    from worker.doctor.finding import Finding
    from worker.settings import Settings

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture
def judge() -> Iterator[FakeJudge]:
    """Yield a judge that sees nothing wrong."""
    with FakeJudge(scripts.says(scripts.faultless), model="qwen") as judge:
        yield judge


def settings_of(engine: Engine, url: str, **values: Any) -> Settings:
    """Make settings with a judge, and the database of the test."""
    address = engine.url.render_as_string(hide_password=False)
    given = {"judge_url": url, "judge_model": "qwen", "database_url": address}
    return builders.make_settings(**(given | values))


def findings(engine: Engine, url: str, **values: Any) -> dict[str, Finding]:
    """Look at the judge; return what was found by what it is about."""
    return {one.what: one for one in check_judge(settings_of(engine, url, **values))}


def measure(engine: Engine, settings: Settings, say: Say, sight: str = measured_run.SIGHT) -> None:
    """Look at a video, and let a check have found what the judge may decide."""
    builders.record(engine, builders.event())
    measured_run.look(engine)
    with transaction(engine) as session:
        checks.store(session, settings, sight, say, {}, "sam")


def test_without_a_judge_nothing_is_said() -> None:
    """Most sites have none."""
    assert list(check_judge(builders.make_settings())) == []
    assert list(check_judge_live(builders.make_settings())) == []


def test_a_judge_that_is_switched_off_is_told_apart_from_none(engine: Engine) -> None:
    """Somebody may wonder why it decides nothing; it is not asked whether it is there."""
    (found,) = findings(engine, NOWHERE, judge_mode="off").values()

    assert (found.what, found.state) == ("judge", "ok")
    assert "JUDGE_MODE" in found.says
    assert "JUDGE_MODE=rank" in found.remedy


def test_where_all_is_well_it_names_the_model_what_was_spent_and_what_it_may_decide(
    engine: Engine, judge: FakeJudge
) -> None:
    """Nothing of that costs a request."""
    measure(engine, settings_of(engine, judge.url), Say.LEAD)
    with transaction(engine) as session:
        day = datetime.now(UTC).date()
        session.add(JudgeDay(day=day, requests=37, prompt_tokens=41_000, answer_tokens=1_000))

    found = findings(engine, judge.url)

    assert [one.state for one in found.values()] == ["ok"] * 3
    assert found["judge"].says == f"qwen at {judge.url}"
    assert found["judge's budget"].says == "37 of 10,000 requests today, 42,000 tokens"
    assert found["judge's worth"].says.startswith("it may decide the order of the best frames")
    assert "by sam" in found["judge's worth"].says
    assert judge.asked == []
    assert "JUDGE_MODE=veto bounds it" in findings(engine, judge.url, judge_mode="veto")["judge's worth"].says


class TestAJudgeThatCannotBeAsked:
    """The service goes on without it, so these are warnings, each with a remedy."""

    def test_because_nothing_answers(self, engine: Engine) -> None:
        """It may be down, or only reachable from elsewhere."""
        url = f"http://127.0.0.1:{free_port()}/v1"
        found = findings(engine, url)["judge"]

        assert found.state == "warning"
        assert found.says.startswith(f"nothing answers at {url}")
        assert "JUDGE_URL" in found.remedy

    def test_because_it_has_other_models(self, engine: Engine, judge: FakeJudge) -> None:
        """They are named, as one of them may be meant."""
        found = findings(engine, judge.url, judge_model="qwem")["judge"]

        assert found.state == "warning"
        assert found.says == f"{judge.url} lists no model qwem, but qwen"
        assert "JUDGE_MODEL" in found.remedy

    @pytest.mark.parametrize(("key", "says"), [("wrong", "does not accept"), (None, "wants a key")])
    def test_because_of_its_key(self, engine: Engine, key: str | None, says: str) -> None:
        """Which is not repeated."""
        with FakeJudge(scripts.always_first(), model="qwen", api_key="hush") as judge:
            found = findings(engine, judge.url, **({"judge_api_key": key} if key else {}))["judge"]

        assert found.state == "warning"
        assert says in found.says
        assert "JUDGE_API_KEY" in found.remedy
        assert "wrong" not in found.says + found.remedy

    def test_because_its_budget_is_used_up(self, engine: Engine, judge: FakeJudge) -> None:
        """Until the next day."""
        with transaction(engine) as session:
            session.add(JudgeDay(day=datetime.now(UTC).date(), requests=10))

        found = findings(engine, judge.url, judge_budget=10)["judge's budget"]

        assert found.state == "warning"
        assert "10 of 10 requests" in found.says
        assert "JUDGE_BUDGET" in found.remedy

    def test_because_it_calls_good_frames_bad(self, engine: Engine, judge: FakeJudge) -> None:
        """A check has found that."""
        measure(engine, settings_of(engine, judge.url), Say.NOTHING)

        found = findings(engine, judge.url)["judge's worth"]

        assert found.state == "warning"
        assert "it may decide nothing" in found.says
        assert "JUDGE_MODEL" in found.remedy


def test_a_server_that_lists_no_models_may_still_be_one(engine: Engine) -> None:
    """It is told how to find out."""
    with HTTPServer(("127.0.0.1", 0), ReadyReceiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = findings(engine, f"http://127.0.0.1:{server.server_port}/v1")["judge"]
        server.shutdown()

    assert (found.state, found.remedy) == ("ok", "`thumbs doctor --live` shows it a picture")
    assert "does not list its models" in found.says


def test_a_list_of_models_that_does_not_end_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the doctor has memory for other things."""

    class Endless(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n[")
            with suppress(OSError):
                while True:
                    self.wfile.write(b" " * 1024)

    monkeypatch.setattr(doctor, "MOST_LIST_BYTES", 64 * 1024)
    with socketserver.TCPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        found = next(iter(check_judge(builders.make_settings(judge_url=url, judge_model="qwen"))))

    assert "does not list its models (200)" in found.says


def test_names_of_models_are_fit_for_a_terminal() -> None:
    """They are a stranger's words."""
    with FakeJudge(scripts.always_first(), model="\\u001b[31mred") as judge:
        found = next(iter(check_judge(builders.make_settings(judge_url=judge.url, judge_model="qwen"))))

    assert "but [31mred" in found.says


def test_what_was_not_measured_is_told_with_how_to_measure_it(engine: Engine, judge: FakeJudge) -> None:
    """Also where it was measured once, by what no longer holds."""
    assert "nobody has measured it" in findings(engine, judge.url)["judge's worth"].says
    measure(engine, settings_of(engine, judge.url), Say.LEAD)

    found = findings(engine, judge.url, judge_readings=2)["judge's worth"]

    assert found.state == "warning"
    assert "it was measured on" in found.says
    assert "nearly alike" in found.says
    assert "thumbs judge check" in found.remedy


class TestLive:
    """`--live` asks one question."""

    def test_shows_it_two_pictures_and_says_what_it_sees(self, engine: Engine, judge: FakeJudge) -> None:
        """With what that took."""
        (found,) = check_judge_live(settings_of(engine, judge.url))

        assert found.state == "ok"
        assert "a scene" in found.says
        assert "tokens" in found.says
        assert [(one.kind, len(one.pictures)) for one in judge.asked] == [("descriptions", 2)]

    def test_finds_a_model_that_takes_no_pictures(self, engine: Engine, judge: FakeJudge) -> None:
        """No list of models tells that."""
        judge.script = scripts.no_images

        (found,) = check_judge_live(settings_of(engine, judge.url))

        assert found.state == "warning"
        assert "takes no pictures" in found.says
        assert "JUDGE_MODEL" in found.says

    def test_is_only_asked_for_by_its_option(
        self, thumbs: Run, judge: FakeJudge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that a doctor who is asked every minute costs nothing."""
        monkeypatch.setenv("MODEL", "no-such-model")
        monkeypatch.setenv("JUDGE_URL", judge.url)
        monkeypatch.setenv("JUDGE_MODEL", "qwen")

        assert "judge's answer" not in thumbs("doctor").stdout
        assert judge.asked == []
        assert "judge's answer" in thumbs("doctor", "--live").stdout
        assert len(judge.asked) == 1
