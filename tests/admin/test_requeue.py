"""`thumbs requeue`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from tests.support.service import builders
from tests.support.service.commands import answer, failed, give_up_write, let_time_pass, picked
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Job, JobLog, Thumbnail
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.support.service.commands import Run


def test_a_named_asset_is_looked_at_again(engine: Engine, thumbs: Run) -> None:
    """At once, and the history says who wanted it and why."""
    failed(engine, "a1")

    result = thumbs("requeue", "mux/main/a1", "--why", "the decoder was repaired")

    assert (result.exit_code, result.stdout) == (0, "mux/main/a1: queued\n")
    assert builders.job_states(engine) == ["discarded", "scheduled"]
    last = builders.every(engine, JobLog)[-1]
    assert "@" in last.actor
    assert last.note == "requeued: the decoder was repaired"
    assert builders.claimed(engine).is_forced


def test_a_model_may_be_named(engine: Engine, thumbs: Run) -> None:
    """Only a worker that has it takes the job."""
    picked(engine, "a1")

    thumbs("requeue", "a1", "--force-model", "ViT-B-32:openai", "--why", "better words")

    assert builders.claimed(engine).model == "ViT-B-32:openai"
    assert "requeued for ViT-B-32:openai: better words" in [
        line.note for line in builders.every(engine, JobLog)
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("light", "no model is called 'light'; did you mean lite"),
        ("ViT-B-32", "name the weights too, as ViT-B-32:TAG (known tags: "),
        ("ViT-B-32:openia", "no weights called 'openia'; did you mean openai"),
        ("face-landmark", "no model is called 'face-landmark'"),
        ("lite-taste", "no model is called 'lite-taste'"),
        ("efficientnet-lite0", "no model is called 'efficientnet-lite0'"),
    ],
)
def test_a_model_that_nobody_can_have_is_refused(engine: Engine, thumbs: Run, name: str, says: str) -> None:
    """At once, rather than after a day of waiting; and what there is is named."""
    picked(engine, "a1")

    result = thumbs("requeue", "a1", "--force-model", name)

    assert result.exit_code == 2
    assert says in result.stderr
    assert re.search(r"[.?] Workers lately had: lite", result.stderr)
    assert builders.job_states(engine) == ["completed"]


def test_a_model_with_which_workers_judge_is_known(engine: Engine, thumbs: Run) -> None:
    """Though its files lie on their machines only."""
    picked(engine, "a1")
    with transaction(engine) as session:
        session.execute(update(Thumbnail).values(model="of-our-own:/models/best #2 5468bd8e"))

    assert thumbs("requeue", "a1", "--force-model", "of-our-own:/models/best").exit_code == 0


def test_a_plain_requeue_lifts_the_wish_for_a_model(engine: Engine, thumbs: Run) -> None:
    """An edit, or a choice that needs a still, keeps it."""
    picked(engine, "a1")
    thumbs("requeue", "a1", "--force-model", "ViT-B-32:openai")
    thumbs("options", "a1", "--avoid", "0-1")
    builders.record(engine, builders.event(EventKind.EDITED, minute=5))
    assert builders.every(engine, Job)[-1].model == "ViT-B-32:openai"

    thumbs("requeue", "a1")

    assert builders.claimed(engine).model is None


def test_a_wish_for_a_model_is_said_and_shown_while_the_job_waits(engine: Engine, thumbs: Run) -> None:
    """When it is set, and when it is lifted; an operator sees why nothing happens yet."""
    picked(engine, "a1")
    wish = "for ViT-B-32:openai"

    first = thumbs("requeue", "a1", "--force-model", "ViT-B-32:openai").stdout
    again = thumbs("requeue", "a1", "--force-model", "ViT-B-32:openai").stdout

    assert (first, again) == (f"mux/main/a1: queued, {wish}\n", f"mux/main/a1: waiting, {wish}\n")
    assert f"due now, {wish}" in thumbs("jobs").stdout
    assert f"due now, {wish}" in thumbs("show", "a1").stdout
    assert answer(thumbs("jobs", "--json"))["jobs"][0]["model"] == "ViT-B-32:openai"

    lifted, plain = thumbs("requeue", "a1").stdout, thumbs("requeue", "a1").stdout

    assert (lifted, plain) == (f"mux/main/a1: waiting; no longer {wish}\n", "mux/main/a1: waiting\n")
    assert wish not in thumbs("jobs").stdout


def test_doing_it_twice_makes_one_job(engine: Engine, thumbs: Run) -> None:
    """The second time it says that one waits already."""
    job_id = failed(engine, "a1").row_id

    thumbs("requeue", str(job_id))
    again = thumbs("requeue", "a1", "a1")

    assert (again.exit_code, again.stdout) == (0, "mux/main/a1: waiting\n")
    assert builders.job_states(engine) == ["discarded", "scheduled"]


def test_failed_ones_are_found(engine: Engine, thumbs: Run) -> None:
    """A job that was given up, and a write that was; neither what went well nor what waits already."""
    failed(engine, "a1")
    failed(engine, "mended")
    builders.record(engine, builders.event(EventKind.EDITED, asset_id="mended", minute=5))
    builders.completed(engine)
    give_up_write(engine, "a2", "no")
    picked(engine, "a3")

    done = answer(thumbs("requeue", "--failed", "--json"))["assets"]
    again = thumbs("requeue", "--failed", "--json")

    assert [(line["asset"], line["outcome"]) for line in done] == [
        ("mux/main/a1", "queued"),
        ("mux/main/a2", "queued"),
    ]
    assert again.exit_code == 1
    assert json.loads(again.stdout) == {"assets": []}


def test_time_and_platform_narrow_the_choice(engine: Engine, thumbs: Run) -> None:
    """Alone they choose whatever went through in that time, failed or not."""
    let_time_pass(engine, failed(engine, "old").row_id, hours=48)
    picked(engine, "new")

    def chosen(*words: str) -> list[str]:
        result = thumbs("requeue", "--dry-run", "--json", *words)
        return [line["asset"] for line in json.loads(result.stdout)["assets"]]

    assert chosen("--since", "24h") == ["mux/main/new"]
    assert chosen("--platform", "mux") == ["mux/main/old", "mux/main/new"]
    assert chosen("--failed", "--since", "24h") == []
    assert chosen("--failed", "--since", "72h") == ["mux/main/old"]
    assert chosen("--failed", "--platform", "mux", "--since", "72h") == ["mux/main/old"]
    assert chosen("--failed", "--platform", "fastpix") == []
    assert chosen("--platform", "fastpix") == []


def test_a_dry_run_changes_nothing(engine: Engine, thumbs: Run) -> None:
    """It only says what would be done."""
    failed(engine, "a1")

    result = thumbs("requeue", "--failed", "--dry-run")

    assert (result.exit_code, result.stdout) == (0, "mux/main/a1: would be requeued\n")
    assert builders.job_states(engine) == ["discarded"]


def test_an_interruption_leaves_the_list_of_what_was_done(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is printed as soon as it is true."""
    failed(engine, "a1")
    failed(engine, "a2")
    requeue = jobs.requeue

    def interrupted(session: Session, asset_id: int, *rest: Any, **named: Any) -> jobs.Requeued:
        if session.get_one(Asset, asset_id).external_id == "a2":
            raise KeyboardInterrupt
        return requeue(session, asset_id, *rest, **named)

    monkeypatch.setattr(jobs, "requeue", interrupted)

    result = thumbs("requeue", "--failed")

    assert result.exit_code != 0
    assert result.stdout == "mux/main/a1: queued\n"
    assert builders.job_states(engine) == ["discarded", "discarded", "scheduled"]


def test_a_deleted_asset_stays_deleted(engine: Engine, thumbs: Run) -> None:
    """Named, it is refused; no choice matches it."""
    failed(engine, "a1")
    builders.record(engine, builders.event(EventKind.DELETED, minute=9))

    named, chosen = thumbs("requeue", "a1"), thumbs("requeue", "--failed")

    assert (named.exit_code, named.stdout) == (1, "mux/main/a1: deleted\n")
    assert (chosen.exit_code, chosen.stdout) == (1, "nothing matches\n")
    assert builders.job_states(engine) == ["discarded"]


def test_one_wrong_name_stops_all(engine: Engine, thumbs: Run) -> None:
    """Rather than leaving the operator to find out which half was done."""
    failed(engine, "a1")

    result = thumbs("requeue", "a1", "a2")

    assert result.exit_code == 1
    assert "a2: no such asset or job" in result.stderr
    assert builders.job_states(engine) == ["discarded"]


@pytest.mark.parametrize("words", [(), ("a1", "--failed"), ("--dry-run",), ("--why", "so")])
def test_either_names_or_a_choice(thumbs: Run, words: tuple[str, ...]) -> None:
    """Without any, everything would be requeued."""
    result = thumbs("requeue", *words)

    assert result.exit_code == 2
    assert "name assets or jobs, or choose them by --failed, --since or --platform" in result.stderr


def test_a_wrong_model_is_told_with_what_else_is_wrong(engine: Engine, thumbs: Run) -> None:
    """So that the command need not be mended twice."""
    picked(engine, "a1")

    result = thumbs("requeue", "--force-model", "no-such-model")

    assert result.exit_code == 2
    assert "name assets or jobs" in result.stderr
    assert "no-such-model" in result.stderr
    assert len(result.stderr.splitlines()) == 1
