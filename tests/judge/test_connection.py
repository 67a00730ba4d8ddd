"""The connection goes where the operator says, by what he says, and nowhere else."""

from __future__ import annotations

import socketserver
from threading import Thread

import pytest
from pydantic import SecretStr

from tests.support.judge_server import scripts
from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.judges import KEY, MODEL, PICTURES, connected
from tests.support.judge_server.replies import failure
from tests.support.platforms.scripted_server import Answer, serving
from tests.support.service.builders import make_settings
from worker.errors import SettingsInvalid, Unjudged
from worker.judge.connection import JudgeConnection
from worker.judge.prompt import descriptions_of, order_of

QUESTION = order_of(PICTURES, "A day at sea")
ANSWER = Answer(json={"choices": [{"message": {"content": "{}"}}]})


def ask(connection: JudgeConnection) -> str:
    """Ask one question."""
    with connection.client(10.0) as client:
        return connection.ask(client, QUESTION).text


@pytest.mark.parametrize("question", [QUESTION, descriptions_of(PICTURES, "")])
def test_a_question_keeps_to_what_was_agreed(question: object) -> None:
    """The fake server complains of everything else: roles, pictures, schema, headers."""
    with FakeJudge(scripts.always_first()) as fake, connected(fake).client(10.0) as client:
        completion = connected(fake).ask(client, question)  # type: ignore[arg-type]

        assert completion.prompt_tokens == fake.usage.prompt_tokens
        assert completion.answer_tokens == fake.usage.answer_tokens
        assert fake.asked[0].pictures == tuple(PICTURES)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/api/openai/v1/", "/api/openai/v1/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
    ],
)
def test_the_address_may_be_written_in_several_ways(path: str, asked: str) -> None:
    """Without a path it is that of most servers."""
    with serving(ANSWER) as server:
        ask(JudgeConnection(server.url + path, MODEL))

    assert server.asked == [f"POST {asked}"]


@pytest.mark.parametrize(("key", "sent"), [(KEY, f"Bearer {KEY}"), (None, None)])
def test_a_key_is_sent_where_there_is_one(key: str | None, sent: str | None) -> None:
    """And no empty one."""
    with FakeJudge(scripts.always_first()) as fake:
        ask(connected(fake, key))

    assert fake.asked[0].headers.get("authorization") == sent


def test_a_redirect_is_not_followed() -> None:
    """Pictures and key would go to somebody whom nobody named."""
    with FakeJudge(scripts.always_first()) as elsewhere:
        leads = failure(307, "", {"Location": f"{elsewhere.url}/chat/completions"})
        with (
            FakeJudge(lambda _asked: leads) as fake,
            pytest.raises(Unjudged, match="leads elsewhere") as told,
        ):
            ask(connected(fake))

        assert told.value.result == "misconfigured"
        assert not elsewhere.asked


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would read the pictures."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with FakeJudge(scripts.always_first()) as fake:
        assert "order" in ask(connected(fake))


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hush@judge.example/v1",
        "http://hush@judge.example",
        "http://@judge.example",
        "ftp://judge.example",
        "judge.example",
        "http://",
        "http://judge.example/v1?key=hush",
        "http://judge.example:hush/v1",
        "http://[hush/v1",
        "http://256.1.1.1/v1",
        "http://judge.example/v1\n",
        "http://[v1.hush]/v1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    """Without being repeated."""
    with pytest.raises(SettingsInvalid, match=r"^JUDGE_URL: ") as told:
        JudgeConnection(url, MODEL)

    assert "hush" not in str(told.value)


@pytest.mark.parametrize("key", ["hush\n", "hush\u00fc", "hush\x00"])
def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    """Without being repeated."""
    with pytest.raises(SettingsInvalid, match=r"^JUDGE_API_KEY: ") as told:
        JudgeConnection("http://judge.example", MODEL, key)

    assert "hush" not in str(told.value)


def test_settings_name_the_judge() -> None:
    """With its key."""
    with FakeJudge(scripts.always_first(), model=MODEL, api_key=KEY) as fake:
        settings = make_settings(judge_url=fake.url, judge_model=MODEL, judge_api_key=SecretStr(KEY))
        connection = JudgeConnection.of(settings)

        assert connection is not None
        assert "order" in ask(connection)


@pytest.mark.parametrize("changed", [{"judge_url": None}, {"judge_mode": "off"}])
def test_without_an_address_or_when_off_there_is_no_judge(changed: dict[str, str | None]) -> None:
    """Nobody is asked."""
    settings = make_settings(**{"judge_url": "http://judge.example", "judge_model": MODEL, **changed})

    assert JudgeConnection.of(settings) is None


def test_a_server_that_does_not_run_is_told() -> None:
    """Without a number that only programmers know."""
    with FakeJudge(scripts.always_first()) as fake:
        gone = connected(fake)

    with pytest.raises(Unjudged, match=r"cannot be reached \(Connection refused\): see that it runs") as told:
        ask(gone)

    assert told.value.result == "failed"


def test_a_server_that_speaks_another_protocol_is_told_in_few_words() -> None:
    """Whatever it sends stands in no note at length, nor does our key, which it may repeat."""

    class Echoes(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(KEY.encode() * 1000 + b"\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Echoes) as server:
        Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(Unjudged, match="broke off") as told:
            ask(JudgeConnection(f"http://127.0.0.1:{server.server_address[1]}", MODEL, KEY))

    assert KEY not in str(told.value)
    assert len(str(told.value)) < 300


def test_a_host_whose_name_cannot_be_one_is_told() -> None:
    """It has to be mended."""
    with pytest.raises(Unjudged, match="not the name of a host") as told:
        ask(JudgeConnection(f"http://{'x' * 70}.example", MODEL))

    assert told.value.result == "misconfigured"
