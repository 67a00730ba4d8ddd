"""`thumbs jobs` and `thumbs events`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.service import builders
from tests.support.service.commands import answer, failed, let_time_pass, picked
from worker import jobs
from worker.database import transaction
from worker.database.accounts import Account
from worker.database.states import EventOutcome, JobState
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


def test_the_newest_job_comes_first(engine: Engine, thumbs: Run) -> None:
    """With its asset, its state, and what went wrong."""
    failed(engine, "old")
    picked(engine, "new")

    listed = answer(thumbs("jobs", "--json"))["jobs"]

    assert [(job["asset"], job["state"]) for job in listed] == [
        ("mux/main/new", "completed"),
        ("mux/main/old", "discarded"),
    ]
    assert listed[1]["error_class"] == "UnreadableVideo"


def test_people_get_a_table(engine: Engine, thumbs: Run) -> None:
    """One line for each job."""
    failed(engine, "a1", "audio.mp4: no video stream")

    lines = thumbs("jobs").stdout.splitlines()

    assert len(lines) == 2
    assert "mux/main/a1" in lines[1]
    assert "UnreadableVideo: audio.mp4: no video stream" in lines[1]


def test_a_line_has_the_title_and_the_moment_that_was_chosen(engine: Engine, thumbs: Run) -> None:
    """So that nobody has to look up an id."""
    picked(engine, "a1")

    (job,) = answer(thumbs("jobs", "--json"))["jobs"]

    assert (job["title"], job["chosen_s"]) == ("Growing tomatoes", 1.5)
    line = thumbs("jobs").stdout.splitlines()[1]
    assert "Growing tomatoes" in line
    assert "00:01.500" in line


def test_looks_that_found_nothing_new_are_left_out_and_counted(engine: Engine, thumbs: Run) -> None:
    """Most come from our own writes. An option lists them, and programs get every row."""
    picked(engine, "a1")
    for minute in (1, 2):
        builders.record(engine, builders.event(EventKind.UPDATED, asset_id="a1", minute=minute))
        claim = builders.claimed(engine)
        with transaction(engine) as session:
            jobs.complete_unchanged(session, claim, None)
    builders.record(engine, builders.event(EventKind.UPDATED, asset_id="a1", minute=3))

    people, every = thumbs("jobs").stdout.splitlines(), thumbs("jobs", "--all").stdout.splitlines()

    assert [line.split()[2] for line in people[1:3]] == ["Growing", "Growing"]
    assert "scheduled" in people[1]  # it may find something yet
    assert people[3:] == ["left out: 2 that found nothing new (--all lists them)"]
    assert len(every) == 5
    assert "nothing new was found" in every[2]
    assert len(answer(thumbs("jobs", "--json"))["jobs"]) == 4


def test_what_a_platform_says_cannot_steer_the_terminal(engine: Engine, thumbs: Run) -> None:
    """Control codes of an error are shown as what they are not: letters."""
    failed(engine, "a1", "\x1b[2Jgone")

    assert "\x1b" not in thumbs("jobs").stdout
    assert "\x1b" not in thumbs("show", "a1").stdout


def test_jobs_are_chosen_by_state_platform_age_and_number(engine: Engine, thumbs: Run) -> None:
    """Every choice narrows the list."""
    old = failed(engine, "old").row_id
    new = failed(engine, "new").row_id
    picked(engine, "fine")
    let_time_pass(engine, old, hours=48)

    def listed(*words: str) -> list[int]:
        return [job["id"] for job in answer(thumbs("jobs", "--json", *words))["jobs"]]

    assert listed("--state", "discarded") == [new, old]
    assert listed("--state", "discarded", "--since", "24h") == [new]
    assert listed("--state", "discarded", "--since", "3d") == [new, old]
    assert listed("--state", "discarded", "--limit", "1") == [new]
    assert listed("--platform", "fastpix") == []
    assert listed("--asset", "mux/main/old") == listed("--asset", str(old)) == [old]
    assert len(listed("--account", "mux/main")) == len(listed("--platform", "mux", "--account", "main")) == 3
    assert listed("--platform", "direct") == []
    assert len(listed("--state", "discarded", "--state", "completed", "--platform", "mux")) == 3


def test_no_jobs_is_an_answer(thumbs: Run) -> None:
    """An empty list is no failure."""
    assert thumbs("jobs").stdout == "no such jobs\n"
    assert answer(thumbs("jobs", "--json")) == {"jobs": []}


@pytest.mark.parametrize(
    "words", [("--since", "yesterday"), ("--state", "stuck"), ("--limit", "0"), ("--account", "main")]
)
def test_a_word_that_means_nothing_is_refused(thumbs: Run, words: tuple[str, str]) -> None:
    """Nothing is listed for it."""
    result = thumbs("jobs", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(r"Error: [^\n]+ \(all options: \w+ jobs --help\)\n", result.stderr)


@pytest.mark.parametrize("command", [("jobs",), ("events",), ("requeue", "--dry-run"), ("picks",)])
def test_a_misspelt_platform_is_refused(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """An empty list would read as if nothing had happened. One that only the rows know may be named."""
    monkeypatch.setenv("PICTURES_URL", "https://cms.example.com/{asset}.jpg")
    picked(engine, "a1")

    result = thumbs(*command, "--platform", "muxx")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no platform 'muxx'; there are: api_video, brightcove, " in result.stderr
    with transaction(engine) as session:
        session.execute(update(Account).values(platform="muxx"))
    assert thumbs(*command, "--platform", "muxx").exit_code != 2


def test_a_misspelt_account_is_refused(engine: Engine, thumbs: Run) -> None:
    """And where to look is said."""
    picked(engine, "a1")

    result = thumbs("jobs", "--account", "mux/mian")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no account mux/mian; configured: none; `thumbs accounts` lists all" in result.stderr


def test_every_state_and_outcome_can_be_asked_for(engine: Engine, thumbs: Run) -> None:
    """The commands know the words of the database."""
    picked(engine, "a1")
    states = [word for state in JobState for word in ("--state", state.value)]
    outcomes = [word for outcome in EventOutcome for word in ("--outcome", outcome.value)]

    assert len(answer(thumbs("jobs", "--json", *states))["jobs"]) == 1
    assert len(answer(thumbs("events", "--json", *outcomes))["events"]) == 1


def test_every_webhook_is_listed_with_what_became_of_it(engine: Engine, thumbs: Run) -> None:
    """The newest first, narrowed by asset, outcome and platform."""
    builders.record(engine, builders.event(asset_id="a1"))
    builders.record(engine, builders.event(EventKind.FAILED, asset_id="a1", minute=1))
    builders.record(engine, builders.event(EventKind.READY, asset_id="a2"))

    def listed(*words: str) -> list[tuple[str, str]]:
        found = answer(thumbs("events", "--json", *words))["events"]
        return [(event["asset"].removeprefix("mux/main/"), event["outcome"]) for event in found]

    assert listed() == [("a2", "applied"), ("a1", "ignored"), ("a1", "applied")]
    assert listed("--asset", "mux/main/a1") == [("a1", "ignored"), ("a1", "applied")]
    assert listed("--outcome", "ignored") == [("a1", "ignored")]
    assert listed("--limit", "1") == [("a2", "applied")]
    assert listed("--type", "thumbs.erased") == []
    assert len(listed("--type", "thumbs.erased", "--type", "video.asset.ready")) == 2
    assert len(listed("--since", "1h")) == 3
    assert listed("--platform", "fastpix") == []


def test_people_get_a_table_of_events(engine: Engine, thumbs: Run) -> None:
    """With the reason for the outcome, also of an event that is about no asset."""
    builders.record(engine, builders.event(EventKind.FAILED, asset_id="a1"))
    builders.record(engine, builders.event(EventKind.OTHER, asset_id="a2"))

    lines = thumbs("events").stdout.splitlines()

    assert lines[1].split()[-5:] == ["mux/main", "ignored", "asks", "for", "nothing"]
    assert "mux/main/a1" in lines[2]
    assert "the platform could not process the asset" in lines[2]


@pytest.mark.parametrize("columns", [40, 80, 120, 150])
def test_a_narrow_terminal_breaks_no_name(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Names can be copied whole, and every word of what went wrong is there."""
    failed(engine, "z" * 60, "MUX__MAIN__TOKEN_SECRET, and a sentence of some words")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))

    lines = re.sub(r"\x1b\[[0-9;]*m", "", thumbs("jobs").stdout).splitlines()

    assert any(f"mux/main/{'z' * 60}" in line for line in lines)
    assert any("MUX__MAIN__TOKEN_SECRET," in line for line in lines)
    assert "sentence of some words" in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= max(columns, 80)


def test_a_pipe_gets_one_line_for_each_job(engine: Engine, thumbs: Run) -> None:
    """However long it is, for `grep` and its like."""
    failed(engine, "z" * 60, "word " * 100 + "end")

    lines = thumbs("jobs").stdout.splitlines()

    assert len(lines) == 2
    assert lines[1].endswith("word end")
