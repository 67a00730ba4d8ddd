"""`thumbs test` starts, stops, shows and lists tests of pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from tests.support.service import builders
from tests.support.service.commands import answer
from tests.support.trials.tested_asset import (
    ACCOUNT,
    BEST_S,
    SECOND_S,
    count,
    found,
    let_pass,
    published,
    round_of,
    start,
    trial_of,
    wanted_s,
)
from worker import jobs
from worker.admin.assets import operator_name
from worker.cli.trials.interval import interval_bar
from worker.database import transaction
from worker.database.models import Asset
from worker.database.people import AuditEntry
from worker.database.trials import Trial, TrialLook

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

NUMBERS: dict[str, Any] = {
    "variants": [
        {"number": 0, "impressions": 2100, "plays": 130, "quality_plays": 105, "watch_s": 9.0, "rate": 0.05}
        | {"is_out": True, "p_best": 0.01},
        {"number": 1, "impressions": 2110, "plays": 150, "quality_plays": 126, "watch_s": 9.0, "rate": 0.06}
        | {"is_out": False, "p_best": 0.99},
    ],
    "pairs": [{"a": 1, "b": 0, "lift": 0.18, "low": 0.06, "high": 0.31, "evidence": 25.0, "needed": 20.0}],
    "imbalance": {"bayes_factor": 0.1, "is_alarm": False, "shares": [0.499, 0.501]},
    "days": 9,
    "need": {"impressions": 65_000, "days": 108},
    "left_out": 2,
}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(f"MUX__MAIN__{name.upper()}", value)


def look(engine: Engine, **numbers: Any) -> None:
    """Say something of the only test."""
    with transaction(engine) as session:
        trial = session.scalars(select(Trial)).one()
        said = TrialLook(trial_id=trial.id, numbers=NUMBERS | numbers, evidence={}, verdict="counting")
        said.said = "counting: 61 of 100 plays"
        session.add(said)


def add(engine: Engine, asset_id: str) -> None:
    """Let another video be looked at."""
    builders.record(engine, builders.event(asset_id=asset_id))
    with transaction(engine) as session:
        jobs.complete(session, builders.claimed(engine), found())


def acts(engine: Engine) -> list[tuple[str, str]]:
    """Return what was done, and by which way."""
    return [(entry.act, entry.via) for entry in builders.every(engine, AuditEntry)]


def test_a_test_starts_with_the_need_in_numbers(engine: Engine, thumbs: Run) -> None:
    """Said before it starts; who started it is kept."""
    published(engine)

    result = thumbs("test", "start", "a1", "--days", "14")

    need, said = result.stdout.splitlines()
    assert need == (
        "telling 20 % apart needs about 65,000 impressions; how often the video is seen is not known yet"
    )
    assert said.startswith("mux/main/a1: test 1 of 00:01.000 against 00:05.000, until 20")
    assert trial_of(engine).started_by == operator_name()
    assert acts(engine) == [("start-test", "cli")]


def test_a_start_is_told_to_programs(engine: Engine, thumbs: Run) -> None:
    """One document."""
    published(engine)

    told = answer(thumbs("test", "start", "a1", "--metric", "watch", "--json"))

    assert [one["time_s"] for one in told["pictures"]] == [BEST_S, SECOND_S]
    assert (told["test"]["metric"], told["test"]["state"]) == ("watch", "running")
    assert (told["prospect"]["days"], told["prospect"]["objection"]) == (28, None)


def test_a_dry_run_starts_nothing(engine: Engine, thumbs: Run) -> None:
    """It says what would be compared."""
    published(engine)

    assert thumbs("test", "start", "a1", "--dry-run").stdout.endswith(
        "would test 00:01.000 against 00:05.000\n"
    )
    assert builders.every(engine, Trial) == []


def test_a_test_that_can_hardly_tell_is_started_only_on_request(engine: Engine, thumbs: Run) -> None:
    """Three variants of a video that nobody knows to be seen often."""
    published(engine)

    refused = thumbs("test", "start", "a1", "--variants", "3")
    assert (refused.exit_code, builders.every(engine, Trial)) == (1, [])
    assert "compare two; or start it with --anyway" in refused.stderr

    assert thumbs("test", "start", "a1", "--variants", "3", "--anyway").exit_code == 0


def test_what_cannot_be_tested_is_one_sentence(engine: Engine, thumbs: Run) -> None:
    """With what helps."""
    published(engine)
    too_short = ("test", "start", "a1", "--slots", "--days", "8")
    assert "let it go on for longer" in thumbs(*too_short).stderr
    assert "take 14 days or more" in thumbs(*too_short, "--anyway").stderr
    start(engine)

    result = thumbs("test", "start", "a1")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: a test of it runs already: stop that one first, or wait for its end\n",
    )


def test_all_videos_of_an_account_are_tested(engine: Engine, thumbs: Run) -> None:
    """Those that can be; the reasons of the others are counted."""
    published(engine)
    for asset_id in ("b2", "c3"):
        add(engine, asset_id)
    with transaction(engine) as session:
        session.execute(update(Asset).where(Asset.external_id == "c3").values(foreign_thumbnail="7.0"))

    dry = thumbs("test", "start", "--account", "mux/main", "--dry-run")
    assert "2 would be tested\nnot 1: somebody else set its thumbnail" in dry.stdout
    assert builders.every(engine, Trial) == []

    told = answer(thumbs("test", "start", "--account", "mux/main", "--json"))
    assert told["assets"] == ["mux/main/a1", "mux/main/b2"]
    assert list(told["refused"].values()) == [1]
    assert acts(engine) == [("start-test", "cli")] * 2


def test_a_video_that_was_tested_is_left_out_of_an_account(engine: Engine, thumbs: Run) -> None:
    """Until its content changes, or somebody names it."""
    start(published(engine), days=7)
    let_pass(engine, timedelta(days=8))
    round_of(engine)
    assert trial_of(engine).outcome == "undecided"

    result = thumbs("test", "start", "--account", "mux/main")

    assert result.exit_code == 1
    assert "not 1: the same content was tested already" in result.stdout
    assert thumbs("test", "start", "a1").exit_code == 0


def test_either_a_video_or_an_account_is_named(thumbs: Run) -> None:
    """Not both, and not neither."""
    for words in ([], ["a1", "--account", "mux/main"], ["--account", "mux/main", "--from-choice"]):
        assert thumbs("test", "start", *words).exit_code == 2


def test_a_test_is_stopped_and_a_variant_taken(engine: Engine, thumbs: Run) -> None:
    """Also afterwards."""
    start(published(engine))

    assert thumbs("test", "stop", "a1").stdout.endswith("variant 0, 00:01.000, is shown\n")
    assert thumbs("test", "stop", "a1").exit_code == 1
    assert thumbs("test", "stop", "a1", "--apply", "1").exit_code == 0

    assert wanted_s(engine) == SECOND_S
    assert acts(engine) == [("stop-test", "cli"), ("show-variant", "cli")]


def test_the_variants_are_shown_side_by_side(engine: Engine, thumbs: Run) -> None:
    """With the sentence, the interval, the days, and whether all was shown as drawn."""
    start(published(engine))
    look(engine)

    lines = thumbs("test", "show", "a1").stdout.splitlines()

    assert lines[3] == "counting: 61 of 100 plays"
    first, second = (" ".join(line.split()) for line in lines[5:7])
    assert first == "0 00:01.000 2,100 105 5.00% shown without the test, out: another is surely better"
    assert second == "1 00:05.000 2,110 126 6.00% best with 99%"
    assert lines[7] == "1 against 0: +18%, surely between +6% and +31%"
    assert "[" in lines[8]
    assert lines[9:13] == [
        "whole days counted: 9",
        "shown as drawn (49.9%, 50.1%)",
        "telling 20 % apart needs about 65,000 impressions, about 108 days",
        "groups of viewers left out, as they do far more than all others: 2",
    ]


def test_an_imbalance_is_told_with_its_likely_cause(engine: Engine, thumbs: Run) -> None:
    """A cache."""
    start(published(engine))
    look(engine, imbalance={"bayes_factor": 900.0, "is_alarm": True, "shares": [0.6, 0.4]})

    assert (
        "NOT shown as drawn: is there a cache that keeps one picture? (60.0%, 40.0%)"
        in thumbs("test", "show", "a1").stdout
    )


def test_a_test_without_a_look_says_when_one_comes(engine: Engine, thumbs: Run) -> None:
    """And a video without a test says why."""
    published(engine)
    with transaction(engine) as session:
        session.execute(update(Asset).values(untested_because="it is seldom seen"))
    assert "no test of it: it is seldom seen; `thumbs test start a1`" in thumbs("test", "show", "a1").stderr
    assert "not tested: it is seldom seen" in thumbs("show", "a1").stdout

    start(engine)

    assert "looked at it yet; it does within a minute" in thumbs("test", "show", "a1").stdout


def test_the_asset_names_its_test(engine: Engine, thumbs: Run) -> None:
    """In `thumbs show`, for people and programs."""
    start(published(engine))

    assert "\ntest 1 running for 0 s, until 20" in thumbs("show", "a1").stdout
    assert answer(thumbs("show", "a1", "--json"))["test"]["id"] == 1


def test_tests_are_listed_page_by_page(engine: Engine, thumbs: Run) -> None:
    """The newest first; by account and state."""
    start(published(engine))
    thumbs("test", "stop", "a1")
    start(engine)
    count(engine, trial_of(engine), impressions=7)
    round_of(engine)

    assert [line.split()[0] for line in thumbs("test", "list").stdout.splitlines()] == ["no.", "2", "1"]
    first = thumbs("test", "list", "--limit", "1").stdout
    assert first.endswith("--before 2 lists what is older\n")
    (ended,) = answer(thumbs("test", "list", "--state", "ended", "--account", "mux/main", "--json"))["tests"]
    assert (ended["id"], ended["outcome"], ended["asset"]) == (1, "stopped", "mux/main/a1")
    assert answer(thumbs("test", "list", "--before", "1", "--json")) == {"tests": []}


@pytest.mark.parametrize(
    ("low", "lift", "high", "bar"),
    [
        (0.06, 0.18, 0.31, "-50% ....................|.[====o====]........ +50%"),
        (-0.04, 0.0, 0.05, "-10% ............[=======o=========].......... +10%"),
        (-0.5, 1.0, 9.0, "-200% ...............[====|=========o=========] +200%"),
    ],
)
def test_an_interval_is_a_bar_of_text(low: float, lift: float, high: float, bar: str) -> None:
    """The same scale to both sides, the smallest that holds it."""
    assert interval_bar(low, lift, high) == bar


def test_the_asset_shows_what_its_test_keeps(engine: Engine, thumbs: Run) -> None:
    """And not its best pick, where a person took another variant."""
    start(published(engine))
    assert "to be shown: 00:01.000" not in thumbs("show", "a1").stdout

    thumbs("test", "stop", "a1", "--apply", "1")

    said = thumbs("show", "a1").stdout
    assert "to be shown: 00:05.000, kept by its test" in said
    assert "00:05.000, pick 2, by its test" in said
    assert answer(thumbs("show", "a1", "--json"))["shown"]["time_s"] == SECOND_S
