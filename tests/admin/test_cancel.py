"""`thumbs cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.service import builders
from tests.support.service.builders import claim_next, claimed, event, record
from tests.support.service.commands import answer
from worker import jobs
from worker.cli.main import main
from worker.database import transaction
from worker.database.models import Job, JobLog, Publication
from worker.errors import LeaseLost, UnknownAccount
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


def test_a_waiting_job_is_cancelled(engine: Engine, thumbs: Run) -> None:
    """The history says who wanted it and why, and nobody claims it."""
    record(engine, event())

    done = answer(thumbs("cancel", "mux/main/a1", "--yes", "--why", "wrong video", "--json"))["assets"]

    (job,) = builders.every(engine, Job)
    assert done == [{"asset": "mux/main/a1", "cancelled_jobs": [job.id], "cancelled_writes": []}]
    last = builders.every(engine, JobLog)[-1]
    assert (last.state, last.note) == ("cancelled", "cancelled: wrong video")
    assert "@" in last.actor
    assert claim_next(engine) is None


def test_a_running_job_learns_it_with_the_next_renewal(engine: Engine, thumbs: Run) -> None:
    """And what it has found by then is not stored."""
    record(engine, event())
    running = claimed(engine)

    assert thumbs("cancel", str(running.row_id), "--yes").exit_code == 0

    with transaction(engine) as session:
        assert jobs.renew(session, [running], builders.LEASE_S) == {}
    with pytest.raises(LeaseLost), transaction(engine) as session:
        jobs.complete(session, running, builders.result())
    assert builders.job_states(engine) == ["cancelled"]


def test_all_of_an_asset_is_cancelled_and_only_one_job_where_it_is_named(engine: Engine, thumbs: Run) -> None:
    """The job that runs, the one that waits, and the write."""
    record(engine, event())
    builders.completed(engine)
    record(engine, event(EventKind.EDITED, minute=1))
    running = claimed(engine)
    record(engine, event(EventKind.EDITED, minute=2))

    thumbs("cancel", str(running.row_id), "--yes")
    one = builders.job_states(engine), builders.publication_states(engine)
    thumbs("cancel", "a1", "--yes")

    assert one == (["completed", "cancelled", "scheduled"], ["pending"])
    assert builders.job_states(engine) == ["completed", "cancelled", "cancelled"]
    assert builders.publication_states(engine) == ["superseded"]


def test_a_cancelled_asset_can_be_asked_for_again(engine: Engine, thumbs: Run) -> None:
    """By an operator or by an event."""
    record(engine, event())
    thumbs("cancel", "a1", "--yes")

    thumbs("requeue", "a1")

    assert claimed(engine).external_id == "a1"


def look(engine: Engine, minute: int, kind: EventKind = EventKind.UPDATED) -> None:
    """Look at the asset because of an event, and find that nothing changed."""
    record(engine, event(kind, minute=minute))
    claim = claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claim, shown="somebody's")


@pytest.mark.parametrize("kind", [EventKind.UPDATED, EventKind.READY])
def test_a_cancelled_write_stays_so_whatever_a_look_finds(
    engine: Engine, thumbs: Run, kind: EventKind
) -> None:
    """Platforms send such events by themselves, so nobody has asked for it; and nobody waits for it."""
    record(engine, event())
    builders.completed(engine)
    thumbs("cancel", "a1", "--yes", "--why", "wrong video")

    look(engine, 1, kind)

    (write,) = builders.every(engine, Publication)
    assert (write.state, write.error_class) == ("superseded", "Cancelled")
    assert write.error.endswith(": wrong video")
    assert builders.asset(engine).unpublished_since is None


@pytest.mark.parametrize("wanted", ["requeue", "edit"])
def test_the_write_of_a_cancelled_asset_can_be_asked_for_again(
    engine: Engine, thumbs: Run, wanted: str
) -> None:
    """By an operator, or by new content; a look goes on with that one."""
    record(engine, event())
    builders.completed(engine)
    thumbs("cancel", "a1", "--yes")

    if wanted == "requeue":
        thumbs("requeue", "a1")
    else:
        record(engine, event(EventKind.EDITED, minute=1))
    builders.completed(engine, "f2")
    look(engine, 2)

    assert builders.publication_states(engine) == ["superseded", "pending"]


def test_all_of_an_account_is_cancelled_although_no_setting_names_it(engine: Engine, thumbs: Run) -> None:
    """Then nothing waits for it, and no mark is left; other accounts go on."""
    record(engine, event(asset_id="a1"))
    builders.completed(engine)
    record(engine, event(asset_id="a2"))
    builders.fail(engine, claimed(engine), UnknownAccount("no account 'main' of mux is configured"))
    record(engine, event(asset_id="b1", account="other"))
    words = ("cancel", "--account", "mux/main", "--yes")

    (before, _) = answer(thumbs("accounts", "--json"))["accounts"]
    told = answer(thumbs(*words, "--json"))
    again = thumbs(*words)
    (after, other) = answer(thumbs("accounts", "--json"))["accounts"]

    assert before["state"] == "unknown"
    assert told == {"account": "mux/main", "cancelled_jobs": 1, "cancelled_writes": 1}
    assert (again.exit_code, again.stdout) == (1, "mux/main: 0 jobs and 0 writes cancelled\n")
    assert (after["state"], after["waiting"], after["writes_waiting"]) == ("open", 0, 0)
    assert other["waiting"] == 1


def test_an_account_that_never_had_a_video_has_nothing_to_cancel(thumbs: Run) -> None:
    """With where to look; names and an account at a time are a mistake."""
    result = thumbs("cancel", "--account", "mux/nobody", "--yes")

    assert (result.exit_code, "thumbs accounts" in result.stderr) == (1, True)
    assert thumbs("cancel", "--yes").exit_code == 2
    assert thumbs("cancel", "a1", "--account", "mux/main", "--yes").exit_code == 2


def test_nothing_to_cancel_is_told(engine: Engine, thumbs: Run) -> None:
    """With exit code 1."""
    record(engine, event())
    builders.completed(engine)

    write = thumbs("cancel", "a1", "--yes")
    result = thumbs("cancel", "a1", "--yes")

    assert (write.exit_code, write.stdout) == (0, "mux/main/a1: write 1 cancelled\n")
    assert (result.exit_code, result.stdout) == (1, "mux/main/a1: nothing waits or runs\n")
    assert builders.job_states(engine) == ["completed"]


@pytest.mark.parametrize(("said", "state"), [("y\n", "cancelled"), ("n\n", "scheduled"), ("", "scheduled")])
@pytest.mark.usefixtures("thumbs")
def test_it_asks_first(engine: Engine, monkeypatch: pytest.MonkeyPatch, said: str, state: str) -> None:
    """And names what it would stop; only what was done is on stdout."""
    record(engine, event())
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)

    result = CliRunner().invoke(main, ["cancel", "a1"], input=said)

    assert "mux/main/a1: job 1 to be cancelled" in result.stderr
    assert "to be cancelled" not in result.stdout
    assert result.exit_code == (state != "cancelled")
    assert builders.job_states(engine) == [state]


@pytest.mark.parametrize("words", [("--json",), ()])
def test_a_program_must_confirm_in_the_command(engine: Engine, thumbs: Run, words: tuple[str, ...]) -> None:
    """Nobody could answer, so nothing is done."""
    record(engine, event())

    result = thumbs("cancel", "a1", *words)

    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert ("add --yes" in result.stdout) == ("--json" in words)  # a program gets a document as well
    assert builders.job_states(engine) == ["scheduled"]
