"""What browsers tell is counted once, by bucket; what no viewer can have done is dropped, and said."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.service.deliveries import make_settings
from tests.support.trials.counted_trials import AGENT, end_test, running_test, told
from webhook.beacon.app import Beacon
from webhook.beacon.limits import BATCHES_A_MINUTE, MAX_SEEN_BYTES
from worker.trials.sums import Sums

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.webhook.beacon.conftest import Counted, Dropped, Tell

NAME = "0a3f2235-499b-4a35-83e4-4f4b7221f013"


def test_a_view_is_counted_in_its_bucket(engine: Engine, tell: Tell, counted: Counted) -> None:
    """Over several batches, as a page tells them; the answer says nothing, and any page may read it."""
    trial = running_test(engine)

    answer = tell([trial, 93, "i"])
    tell([trial, 93, "p"], [trial, 93, "q"])
    tell([trial, 93, "w", 12.5])

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert counted(trial) == {93: Sums(1, 1, 1, 12.5, 156.25)}


def test_it_is_answered_before_anything_is_stored(engine: Engine, tell: Tell, beacon: Beacon) -> None:
    """A database that is away holds no viewer up, and nothing is lost meanwhile."""
    trial = running_test(engine)
    tell([trial, 1, "i"])
    assert beacon.flusher.flush(within_s=5.0)
    write, beacon.flusher._write = beacon.flusher._write, _refuse  # noqa: SLF001 - the database goes away

    assert tell([trial, 1, "i"]).status_code == 204
    assert tell([trial, 1, "i"]).status_code == 204

    beacon.flusher._write = write  # noqa: SLF001 - and comes back
    beacon.flusher.flush(within_s=5.0)
    assert beacon.flusher.flush(within_s=5.0)
    assert _inbox(engine) == 3


def _refuse(_: object) -> None:
    raise ConnectionError("it is away")


def _inbox(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT sum(impressions) FROM count_inbox").scalar_one())


def body(**changes: Any) -> bytes:
    """Write a batch with other fields."""
    said: dict[str, Any] = {"v": 1, "id": NAME, "events": [[1, 2, "i"]]} | changes
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 5000, "nested too deeply"),
        (b"[]", "an object of"),
        (body(v=2), "`v` must be 1"),
        (body(v=True), "`v` must be 1"),
        (body(id="x"), "must be a UUID"),
        (body(viewer="anna"), "and of nothing else"),
        (body(events=None), "an object of"),
        (body(events={}), "a list of up to 100"),
        (body(events=[[1, 2, "i"]] * 101), "a list of up to 100"),
        (body(events=["i"]), "`events[0]` must be"),
        (body(events=[[1, 2, "i"], [1, 2]]), "`events[1]` must be"),
        (body(events=[["1", 2, "i"]]), "the test is the number"),
        (body(events=[[1, 128, "i"]]), "from 0 to 127"),
        (body(events=[[1, True, "i"]]), "from 0 to 127"),
        (body(events=[[1, 2, "x"]]), "ends with"),
        (body(events=[[1, 2, ["i"]]]), "ends with"),
        (body(events=[[1, 2, "w"]]), "ends with"),
        (body(events=[[1, 2, "w", None]]), "ends with"),
        (body(events=[[1, 2, "i", 3]]), "ends with"),
    ],
)
def test_what_is_not_of_our_form_is_refused_with_the_reason(
    tell: Tell, sent: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """To send it again would not help. Nobody fills the log with it."""
    answer = tell(body=sent)

    assert caplog.messages == []
    assert answer.status_code == 400
    assert reason in answer.json["reason"]


def test_a_body_of_another_kind_is_refused(tell: Tell) -> None:
    """Too large, packed, or a form of a page."""
    assert tell(body=b" " * (MAX_SEEN_BYTES + 1)).status_code == 413
    assert tell(Content_Encoding="gzip").status_code == 415
    assert tell(Content_Type="application/x-www-form-urlencoded").status_code == 415
    assert tell(Content_Type="application/json").status_code == 204


def test_a_batch_that_comes_again_is_counted_once(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped
) -> None:
    """By its id, whatever case that is written in."""
    trial, name = running_test(engine), str(uuid.uuid4())
    for again in (name, name, name.upper()):
        assert tell(body=told([trial, 1, "i"], name=again)).status_code == 204

    assert counted(trial) == {1: Sums(1)}
    assert dropped("impression", "duplicate") == 2


def test_only_tests_that_run_are_counted(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped
) -> None:
    """The others are dropped, and the rest of the batch counts."""
    trial, ended = running_test(engine), running_test(engine, "a2")
    end_test(engine, ended)

    tell([trial, 1, "i"], [ended, 1, "i"], [10**40, 1, "i"])

    assert counted(trial) == {1: Sums(1)}
    assert counted(ended) == {}
    assert dropped("impression", "unknown") == 2


def test_a_choice_ends_the_counting_at_the_next_flush(engine: Engine, tell: Tell, counted: Counted) -> None:
    """So does everything that ends a test at once, although its row does not say so yet."""
    trial = running_test(engine)
    tell([trial, 1, "i"])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE assets SET foreign_thumbnail = 'https://x.example/1.jpg'")

    tell([trial, 1, "i"])

    assert counted(trial) == {1: Sums(1)}


@pytest.mark.parametrize(
    ("kinds", "kept", "drops"),
    [
        (["p", "i"], Sums(1), {("play", "order"): 1}),
        (["i", "q", "p"], Sums(1, 1), {("quality_play", "order"): 1}),
        (["p", "q", "i"], Sums(1), {("play", "order"): 1, ("quality_play", "order"): 1}),
        (["i", "i", "p", "p"], Sums(1, 1), {("impression", "repeated"): 1, ("play", "repeated"): 1}),
    ],
)
def test_what_comes_in_an_order_in_which_no_viewer_does_it_is_dropped(
    engine: Engine,
    tell: Tell,
    counted: Counted,
    dropped: Dropped,
    kinds: list[str],
    kept: Sums,
    drops: dict[tuple[str, str], int],
) -> None:
    """Within a batch, and what came too often."""
    trial = running_test(engine)

    tell(*([trial, 1, kind] for kind in kinds))

    assert counted(trial) == {1: kept}
    for (kind, why), number in drops.items():
        assert dropped(kind, why) == number


@pytest.mark.parametrize("seconds", ["-1", "NaN", "Infinity", "1800.5", "1e300"])
def test_seconds_that_nobody_watched_are_dropped(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped, seconds: str
) -> None:
    """And the play stays."""
    trial = running_test(engine)
    events = f'[[{trial},1,"i"],[{trial},1,"p"],[{trial},1,"w",{seconds}]]'

    tell(body=f'{{"v":1,"id":"{uuid.uuid4()}","events":{events}}}'.encode())

    assert counted(trial) == {1: Sums(1, 1)}
    assert dropped("watch", "seconds") == 1


def test_a_browser_has_one_bucket_in_a_test(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped
) -> None:
    """Whoever tells of all of them is no viewer."""
    trial = running_test(engine)

    tell(*([trial, bucket, "i"] for bucket in range(100)))

    assert counted(trial) == {0: Sums(1)}
    assert dropped("impression", "buckets") == 99


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        AGENT.replace("Chrome", "HeadlessChrome"),
    ],
)
def test_programs_are_no_viewers(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped, agent: str
) -> None:
    """They are answered as viewers are, so that they learn nothing."""
    trial = running_test(engine)

    assert tell([trial, 1, "i"], User_Agent=agent).status_code == 204

    assert counted(trial) == {}
    assert dropped("impression", "bot") == 1


def test_an_address_that_sends_without_end_is_not_counted(
    engine: Engine, tell: Tell, counted: Counted, dropped: Dropped
) -> None:
    """The others are; the address is what a trusted proxy says, and nobody else."""
    trial = running_test(engine)
    for _ in range(BATCHES_A_MINUTE + 5):
        tell([trial, 1, "i"], X_Forwarded_For="198.51.100.1, 203.0.113.7")
    tell([trial, 1, "i"], X_Forwarded_For="203.0.113.7, 198.51.100.1")

    assert counted(trial) == {1: Sums(BATCHES_A_MINUTE + 1)}
    assert dropped("impression", "flood") == 5


def test_more_than_fits_is_dropped_and_said(
    engine: Engine, tell: Tell, beacon: Beacon, counted: Counted, dropped: Dropped
) -> None:
    """While the database is away for long: the first sums are kept."""
    trial = running_test(engine)
    tell()
    beacon.totals._most_cells, beacon.totals._most_waiting = 1, 2  # noqa: SLF001 - a small memory
    client = beacon.public.test_client()
    for bucket in (7, 8, 9):
        headers = {"User-Agent": AGENT, "Content-Type": "text/plain"}
        client.post("/v1/seen", data=told([trial, bucket, "i"]), headers=headers)

    assert counted(trial) == {7: Sums(1)}
    assert dropped("impression", "full") == 2
    assert dropped("impression", "") == 1


def test_room_is_taken_by_events_that_count_and_not_by_batches(
    engine: Engine,
    tell: Tell,
    beacon: Beacon,
    counted: Counted,
    dropped: Dropped,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who invents tests fills nothing, and asks Valkey nothing; who sends long batches fills no memory."""
    trial = running_test(engine)
    tell()
    asked: list[str] = []
    shared = beacon.flusher._shared  # noqa: SLF001 - what it asks
    monkeypatch.setattr(shared, "known", lambda ids: set(asked.extend(ids) or ()))
    beacon.totals._most_waiting = 2  # noqa: SLF001 - a small memory
    client = beacon.public.test_client()
    for events in ([], [[trial + 1, 7, "i"]], [[trial, 7, kind] for kind in "ipq"], [[trial, 8, "i"]]):
        headers = {"User-Agent": AGENT, "Content-Type": "text/plain"}
        client.post("/v1/seen", data=told(*events), headers=headers)
        client.post("/v1/seen", data=told(), headers=headers)

    assert counted(trial) == {8: Sums(1)}
    assert len(asked) == 1
    assert [dropped(kind, "full") for kind in ("impression", "play", "quality_play")] == [1, 1, 1]


def test_another_process_knows_a_batch_that_came_before(engine: Engine, redis_url: str) -> None:
    """Where they share a Valkey."""
    trial = running_test(engine)
    body, headers = told([trial, 1, "i"]), {"User-Agent": AGENT, "Content-Type": "text/plain"}
    for _ in range(2):
        beacon = Beacon(make_settings(redis_url=redis_url), engine)
        assert beacon.public.test_client().post("/v1/seen", data=body, headers=headers).status_code == 204
        beacon.close()

    assert _inbox(engine) == 1
