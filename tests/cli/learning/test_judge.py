"""`thumbs judge check` measures a judge over HTTP and stores what it may decide; `list` tells of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests.support.judge_server.fake_judge import FakeJudge
from tests.support.judge_server.known_frames import KnownFrames, judged_worths
from tests.support.judge_server.scripts import error, hangs, in_turn, knows, no_images
from tests.support.judged_sets import write_judged_set
from worker.cli.learning.judge import judge_group
from worker.database import transaction
from worker.database.learning import JudgeDay
from worker.judge import checks, kept_checks
from worker.judge.kept_checks import kept_say
from worker.pipeline.judging.verdict import Say
from worker.pipeline.scoring.models import Models
from worker.settings import Settings, get_settings
from worker.weights.training.taste.features.present_score import ScoreSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result
    from sqlalchemy import Engine

NAMES = ("boat", "cat", "dog")

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture(scope="module")
def judged_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three videos of four frames each."""
    return write_judged_set(tmp_path_factory.mktemp("judged") / "set", NAMES)


@pytest.fixture
def server(judged_set: Path) -> Iterator[FakeJudge]:
    """Run a judge that knows the editor's order."""
    worths = {file: worth for frames in judged_worths(judged_set).values() for file, worth in frames.items()}
    with FakeJudge(knows(KnownFrames(worths), 0.01, 0)) as judge:
        yield judge


@pytest.fixture
def alone(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be on a machine of its own, without a database, where our model is loaded already."""
    monkeypatch.setattr(Models, "load", lambda *_, **__: models)
    monkeypatch.setattr(kept_checks, "FILE", tmp_path / "cache" / "judge-checks.json")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("JUDGE_READINGS", "4")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def check(judged_set: Path, server: FakeJudge, tmp_path: Path) -> Callable[..., Result]:
    """Return what runs a check as a person does."""

    def run(*words: str) -> Result:
        told = ["check", "--set", str(judged_set), "--url", server.url, "--model", "eye"]
        return CliRunner().invoke(judge_group, [*told, "--work", str(tmp_path / "work"), "--yes", *words])

    return run


def test_a_check_measures_and_is_kept(check: Callable[..., Result], server: FakeJudge) -> None:
    """On this machine, for `thumbs pick --judge`; three videos are too few to lead."""
    result = check()

    assert result.exit_code == 0, result.output
    assert "3 videos, 5 requests each: at most 15 requests with 60 pictures" in result.output
    assert "the judge eye" in result.output
    assert "our score (may know these frames)" in result.output
    assert "say: ties" in result.output
    assert server.usage.requests == 15
    (kept,) = kept_checks.kept()
    assert (kept["model"], kept["say"], kept["report"]["judge"]["pairs_right"]["value"]) == ("eye", "ties", 1)
    assert kept["sight"] == ScoreSource("lite").sight


def test_a_check_goes_on_where_it_was(check: Callable[..., Result], server: FakeJudge) -> None:
    """A run with few requests stores nothing; what was answered is not asked again."""
    first = check("--requests", "7")
    assert first.exit_code == 1
    assert "1 of 3 videos are judged, and the requests of this run are spent" in first.output
    assert kept_checks.kept() == []

    check("--requests", "14")
    after = server.usage.requests
    again = check("--json")

    assert 15 <= after <= 17  # a couple that was broken off is asked again
    assert server.usage.requests == after
    report = json.loads(again.stdout)["report"]
    assert report["judge"]["videos"] == 3
    assert report["price"]["requests"] >= 1


def test_pictures_are_shown_as_the_product_shows_them(
    check: Callable[..., Result], server: FakeJudge
) -> None:
    """Without their names or titles, in an order that is not the set's."""
    check("--videos", "1")

    first = server.asked[0]
    assert first.kind == "descriptions"
    assert first.title is None or first.title == ""
    assert len(first.pictures) == 4
    assert {len(asked.pictures) for asked in server.asked} == {4}


def test_nobody_is_asked_without_a_yes(judged_set: Path, server: FakeJudge, tmp_path: Path) -> None:
    """Frames leave the machine, and it may cost."""
    told = ["check", "--set", str(judged_set), "--url", server.url, "--model", "eye"]
    result = CliRunner().invoke(judge_group, [*told, "--work", str(tmp_path / "work")])

    assert result.exit_code == 2
    assert "add --yes" in result.output
    assert server.asked == []


def test_a_judge_that_must_be_mended_ends_the_check(check: Callable[..., Result], server: FakeJudge) -> None:
    """At its first video, with the remedy; nothing is stored."""
    server.script = no_images
    result = check()

    assert result.exit_code == 1
    assert server.usage.requests == 1
    assert kept_checks.kept() == []
    assert "Traceback" not in result.output


def test_a_judge_that_says_nothing_is_not_measured(
    check: Callable[..., Result], server: FakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says why."""
    monkeypatch.setenv("JUDGE_TIMEOUT_S", "0.2")
    server.script = hangs
    result = check()

    assert result.exit_code == 1
    assert "no verdict on any of 3 videos" in result.output


def test_a_server_that_dies_during_a_check_stores_nothing(server: FakeJudge, tmp_path: Path) -> None:
    """It would take its say from a judge that was measured well; what was judged is kept for the next run."""
    six = write_judged_set(tmp_path / "six", [f"video-{letter}" for letter in "abcdef"])
    worths = {file: worth for frames in judged_worths(six).values() for file, worth in frames.items()}
    server.script = in_turn(*[knows(KnownFrames(worths), 0.01, 0)] * 5, error(500))
    words = ["check", "--set", str(six), "--url", server.url, "--model", "eye", "--yes"]
    result = CliRunner().invoke(judge_group, [*words, "--work", str(tmp_path / "work")])

    assert result.exit_code == 1
    assert "5 videos in a row got no verdict, so nothing is stored" in result.output
    assert "1 of 6 videos are judged; run it again to go on" in result.output
    assert kept_checks.kept() == []


def test_held_out_scores_take_the_place_of_our_taste(check: Callable[..., Result], tmp_path: Path) -> None:
    """Then our score does not flatter itself, and nothing is warned of."""
    worths = {name: dict(zip("ABCD", (0.0, 1.0, 2.0, 3.0), strict=True)) for name in NAMES}
    (tmp_path / "scores.json").write_text(json.dumps({"scores": worths}))

    result = check("--head-scores", str(tmp_path / "scores.json"))

    assert result.exit_code == 0, result.output
    assert "may know these frames" not in result.output


def test_no_judge_is_a_sentence(judged_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names both ways to name one."""
    monkeypatch.delenv("JUDGE_URL", raising=False)
    result = CliRunner().invoke(judge_group, ["check", "--set", str(judged_set)])

    assert result.exit_code == 2
    assert "--url URL --model NAME, or JUDGE_URL and JUDGE_MODEL" in result.output


def test_the_list_tells_of_checks_on_this_machine(check: Callable[..., Result]) -> None:
    """Without a database."""
    assert "no judge was measured" in CliRunner().invoke(judge_group, ["list"]).output
    check()

    told = CliRunner().invoke(judge_group, ["list"]).output
    assert "eye" in told
    assert "ties" in told
    assert "12 pictures, 4 readings" in told


class _Opened:
    """A database that a test keeps open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Engine:
        return self._engine

    def __exit__(self, *_: object) -> None:
        pass


def test_a_check_is_stored_for_the_fleet(
    check: Callable[..., Result], engine: Engine, server: FakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database, where all workers read it; the list tells who made it, and what today was asked."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://unused")
    for module in ("judge", "judge_check"):
        monkeypatch.setattr(f"worker.cli.learning.{module}.open_database", lambda: _Opened(engine))
    get_settings.cache_clear()
    with transaction(engine) as session:
        session.add(JudgeDay(day=checks.today_of(session), requests=120, prompt_tokens=9_000))

    assert check().exit_code == 0

    of = Settings(judge_url=server.url, judge_model="eye")
    with transaction(engine) as session:
        assert checks.say_for(session, of, ScoreSource("lite").sight) is Say.TIES
        stored = checks.newest(session, of, ScoreSource("lite").sight)
        assert stored is not None
        assert "@" in stored.who
    told = CliRunner().invoke(judge_group, ["list"]).output
    assert "today (UTC): 120 of 10,000 requests, 9,000 + 0 tokens" in told
    document: dict[str, Any] = json.loads(CliRunner().invoke(judge_group, ["list", "--json"]).output)
    assert document["today"]["requests"] == 120
    assert document["checks"][0]["say"] == "ties"


def test_kept_checks_count_for_the_same_judge_only(server: FakeJudge) -> None:
    """Another model, server, protocol or score of ours was not measured."""
    kept_checks.keep(Settings(judge_url=server.url, judge_model="eye"), "lite #1", Say.LEAD, {}, "me@here")

    def say(**other: Any) -> Say:
        of = {"url": server.url, "model": "eye", "sight": "lite #1", "readings": 4} | other
        return kept_say(**of)

    assert say() is Say.LEAD
    assert say(url=server.url + "/") is Say.LEAD
    for other in ({"model": "eye2"}, {"url": "http://other/v1"}, {"sight": "lite #2"}, {"readings": 6}):
        assert say(**other) is Say.TIES
    assert say(pictures=8) is Say.TIES
