"""`thumbs accounts`, `thumbs pause` and `thumbs resume`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.account_rows import let_it_open, take, taken
from tests.support.service import builders
from tests.support.service.builders import event, fail, record
from tests.support.service.commands import answer
from worker import publications
from worker.accounts import BREAKER_FAILURES
from worker.database import NOW, transaction
from worker.database.accounts import Account
from worker.errors import CredentialsRefused

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

REFUSED = CredentialsRefused("GET /assets: 401; check MUX__MAIN__TOKEN_ID")


def test_what_waits_for_each_account_is_listed(engine: Engine, thumbs: Run) -> None:
    """With what runs, the writes that wait, and since when the oldest is due."""
    record(engine, event(asset_id="a1"))
    builders.completed(engine)
    record(engine, event(asset_id="a2"))
    taken(engine)
    record(engine, event(asset_id="a3"))
    record(engine, event(asset_id="b1", account="other"))

    main, other = answer(thumbs("accounts", "--json"))["accounts"]
    shown = thumbs("accounts").stdout

    assert (main["waiting"], main["running"], main["writes_waiting"], main["state"]) == (1, 1, 1, "open")
    assert (other["account"], other["waiting"], other["running"]) == ("other", 1, 0)
    assert main["oldest_due_at"] is not None
    assert "mux/main" in shown
    assert "mux/other" in shown


def test_an_account_without_a_video_is_not_known_yet(thumbs: Run) -> None:
    """An empty table would say less."""
    assert thumbs("accounts").stdout == "no account has had a video yet\n"


def test_a_refused_account_says_what_to_check_and_when_it_asks_again(engine: Engine, thumbs: Run) -> None:
    """And later, that it is about to ask."""
    record(engine, event())
    fail(engine, taken(engine), REFUSED)

    (before,) = answer(thumbs("accounts", "--json"))["accounts"]
    shown = thumbs("accounts").stdout

    assert (before["state"], before["error"]) == ("refused", str(REFUSED))
    assert "asked again in" in shown
    assert "MUX__MAIN__TOKEN_ID" in shown
    assert "restart the programs, then `thumbs resume mux/main`" in " ".join(shown.split())
    assert "waits for its account" in thumbs("jobs").stdout


def test_an_account_of_which_only_writes_fail_says_so(engine: Engine, thumbs: Run) -> None:
    """It is not `closed`: its jobs go on."""
    record(engine, event())
    failing = {"failures": BREAKER_FAILURES, "only_writes_fail": True, "error": "PATCH: 403"}
    with transaction(engine) as session:
        session.execute(update(Account).values(closed_until=NOW + timedelta(hours=1), **failing))

    (row,) = answer(thumbs("accounts", "--json"))["accounts"]

    assert (row["state"], row["error"]) == ("writes wait", "PATCH: 403")
    assert taken(engine) is not None


def test_a_paused_account_waits_until_it_is_resumed(engine: Engine, thumbs: Run) -> None:
    """Who paused it and why is told; what was running ends normally."""
    record(engine, event(asset_id="a1"))
    record(engine, event(asset_id="a2"))
    running = taken(engine)

    paused = thumbs("pause", "mux/main", "--why", "their API is being moved")
    with transaction(engine) as session:
        builders.jobs.complete(session, running, builders.result())

    assert (paused.exit_code, paused.stdout.split(";")[0]) == (0, "mux/main: paused")
    assert take(engine) is None
    with transaction(engine) as session:
        assert publications.announce(session, rehint_s=0.0) == []
    (row,) = answer(thumbs("accounts", "--json"))["accounts"]
    assert (row["state"], row["paused_because"]) == ("paused", "their API is being moved")
    assert "@" in row["paused_by"]

    assert thumbs("resume", "mux/main").stdout == "mux/main: resumed\n"

    assert take(engine) is not None
    with transaction(engine) as session:
        assert len(publications.announce(session, rehint_s=0.0)) == 1


def test_a_hint_that_is_out_when_the_account_is_paused_is_not_taken(engine: Engine, thumbs: Run) -> None:
    """The job keeps its attempt."""
    record(engine, event())
    with transaction(engine) as session:
        (hint,) = builders.jobs.announce(session, rehint_s=60.0)
    thumbs("pause", "mux/main")

    with transaction(engine) as session:
        assert builders.jobs.claim(session, hint.id, builders.OWNER, builders.LEASE_S) is None

    thumbs("resume", "mux/main")
    assert taken(engine).attempt == 1


def test_resume_lets_a_refused_account_ask_at_once(engine: Engine, thumbs: Run) -> None:
    """An operator who has mended the token need not wait; still only one job asks."""
    for asset_id in ("a1", "a2"):
        record(engine, event(asset_id=asset_id))
    fail(engine, taken(engine), REFUSED)
    assert take(engine) is None

    thumbs("resume", "mux/main")

    assert take(engine) is not None
    assert take(engine) is None
    let_it_open(engine)


def test_a_configured_account_can_be_paused_before_its_first_video(
    engine: Engine, thumbs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What then comes in waits."""
    for name, value in (("WEBHOOK_SECRET", "s"), ("TOKEN_ID", "i"), ("TOKEN_SECRET", "t")):
        monkeypatch.setenv(f"MUX__MAIN__{name}", value)

    assert thumbs("pause", "mux/main").exit_code == 0

    record(engine, event())
    assert take(engine) is None


@pytest.mark.parametrize("command", ["pause", "resume"])
@pytest.mark.parametrize("name", ["mux/nobody", "mux", "mux/main/a1"])
def test_an_account_that_does_not_exist_is_refused(thumbs: Run, command: str, name: str) -> None:
    """With where to look."""
    result = thumbs(command, name)

    assert result.exit_code == 1
    assert f"there is no account {name}" in result.stderr
    assert "thumbs accounts" in result.stderr
