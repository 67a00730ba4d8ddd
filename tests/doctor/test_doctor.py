"""`thumbs doctor` finds what is wrong, says what to do, and tells no secret."""

from __future__ import annotations

import json
import re
import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from worker.database import migrate, transaction
from worker.database.accounts import Account
from worker.pipeline.sandbox import barriers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result
    from sqlalchemy import Engine

    from tests.support.service.commands import Run

HUSH = "hush-9f3b"
MUX = {"TOKEN_ID": "id", "TOKEN_SECRET": f"{HUSH}-token", "WEBHOOK_SECRET": f"{HUSH}-webhooks"}


@pytest.fixture
def healthy(thumbs: Run, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs a command where nothing is wrong."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("WORK_DIR", str(tmp_path))
    monkeypatch.setenv("MAX_DOWNLOAD_BYTES", str(1024 * 1024))
    for name, value in MUX.items():
        monkeypatch.setenv(f"MUX__MAIN__{name}", value)
    return thumbs


def findings(result: Result) -> dict[str, dict[str, str]]:
    """Return what a look with --json found, by its name."""
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (int(document["failed"]), "")
    return {found["what"]: found for found in document["checks"]}


def states(found: dict[str, dict[str, str]], *names: str) -> list[str]:
    """Return how some of them are."""
    return [found[name]["state"] for name in names]


def without_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a model that is not there: a failure that these tests do not ask about, and that costs no time."""
    monkeypatch.setenv("MODEL", "no-such-model")


@contextmanager
def changed(database_url: str, *statements: str) -> Iterator[None]:
    """Do something to the database of this test, which nobody else uses."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]
    yield


def test_where_all_is_well_it_says_so(healthy: Run) -> None:
    """Everything is looked at, nothing is to be done, and the exit code is 0."""
    found = findings(healthy("doctor", "--json"))

    assert [name for name, one in found.items() if one["state"] != "ok" or one["remedy"]] == []
    assert found.keys() >= {"database", "database writes", "tables", "clock", "broker", "disk"}
    assert found.keys() >= {"model", "faces", "accounts"}
    assert found["accounts"]["says"] == "mux/main"
    assert migrate.head() in found["tables"]["says"]
    assert "decoder network" in found


def test_people_get_one_line_for_each(healthy: Run) -> None:
    """With a sum at the end."""
    result = healthy("doctor")

    assert result.exit_code == 0
    *lines, last = result.stdout.splitlines()
    assert any(re.fullmatch(r"ok +tables +up to date \(\w+\)", line.rstrip()) for line in lines)
    assert last == f"nothing failed, 0 to look at, of {len(lines)}"


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--json")])
def test_servers_that_are_down_fail_and_secrets_are_kept(
    healthy: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The rest is looked at all the same, and the exit code is 1."""
    monkeypatch.setenv("DATABASE_URL", f"postgresql://thumbs:{HUSH}-database@127.0.0.1:1/thumbs")
    monkeypatch.setenv("REDIS_URL", f"redis://:{HUSH}-broker@127.0.0.1:1/0")
    monkeypatch.setenv("EVENTS_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    result = healthy(*words)

    assert result.exit_code == 1
    assert "DATABASE_URL" in result.stdout
    assert "REDIS_URL" in result.stdout
    assert "mux/main" in result.stdout
    assert "127.0.0.1" in result.stdout
    for secret in (HUSH, "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"):
        assert secret not in result.output


def test_servers_that_are_silent_do_not_hold_it_up(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take the connection, and never say a word."""
    without_model(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"postgresql://thumbs@127.0.0.1:{port}/thumbs")
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
        found = findings(healthy("doctor", "--json"))

    assert states(found, "database", "broker") == ["failed", "failed"]


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("DATABASE_URL", f"postgresql://thumbs:{HUSH}@host:{HUSH}/thumbs"),
        ("DATABASE_URL", f"mysql://thumbs:{HUSH}@host/thumbs"),
        ("DATABASE_URL", HUSH),
        ("REDIS_URL", f"redis://:{HUSH}@host:{HUSH}/0"),
        ("REDIS_URL", HUSH),
    ],
)
def test_an_address_that_is_none_is_named_and_not_repeated(
    healthy: Run, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    """What is wrong with it may be its password."""
    without_model(monkeypatch)
    monkeypatch.setenv(variable, address)

    result = healthy("doctor", "--json")

    assert result.exit_code == 1
    assert f"{variable}: " in result.stdout
    assert HUSH not in result.output


def test_wrong_settings_are_a_finding(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is named, so that they can be put right all at once."""
    monkeypatch.delenv("MUX__MAIN__TOKEN_ID")
    monkeypatch.setenv("COUNT", "many")

    result = healthy("doctor", "--json")

    *wrong, rest = json.loads(result.stdout)["checks"]
    assert result.exit_code == 1
    assert {(one["what"], one["state"], one["says"]) for one in wrong} == {
        ("settings", "failed", "MUX__MAIN__TOKEN_ID: missing"),
        ("settings", "failed", "COUNT: must be a whole number (a variable)"),
    }
    assert rest["says"] == "not looked at until the settings are right"


def test_a_typing_error_in_a_name_is_a_warning(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is why something is missing."""
    without_model(monkeypatch)
    monkeypatch.setenv("MUX_OTHER_TOKEN_ID", "x")

    found = findings(healthy("doctor", "--json"))["settings"]

    assert (found["state"], found["says"]) == ("warning", "MUX_OTHER_TOKEN_ID is set, and nothing reads it")
    assert found["remedy"] == "did you mean MUX__OTHER__TOKEN_ID?"
    monkeypatch.delenv("MUX__MAIN__TOKEN_ID")
    monkeypatch.setenv("MUX_MAIN_TOKEN_ID", "x")
    assert "did you mean MUX__MAIN__TOKEN_ID?" in healthy("doctor").stdout


def test_where_no_service_runs_it_says_where_it_looked(
    healthy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to set; looking makes no folder."""
    without_model(monkeypatch)
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.chdir(tmp_path)

    found = findings(healthy("doctor", "--json"))["tables, accounts"]

    assert "no service under ./var (" in found["says"]
    assert found["remedy"].startswith("set DATA_DIR or DATABASE_URL")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("variable", "value"), [("MODEL", "no-such-model"), ("PROMPTS_FILE", "/nope"), ("YUNET_FILE", "/nope")]
)
def test_a_model_that_cannot_be_had_names_the_variable_that_was_set(
    healthy: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """And no option of another command."""
    monkeypatch.setenv(variable, value)

    found = findings(healthy("doctor", "--json"))["model"]

    assert found["state"] == "failed"
    assert f"{variable}={value}" in found["remedy"]
    assert "--" not in found["says"] + found["remedy"]


@pytest.mark.parametrize(
    ("harm", "name", "state", "remedy"),
    [
        ("DROP TABLE alembic_version", "tables", "failed", "thumbs migrate"),
        ("UPDATE alembic_version SET version_num = '0001'", "tables", "failed", "thumbs migrate"),
        ("UPDATE alembic_version SET version_num = 'newer'", "tables", "warning", "newer version"),
        ("ALTER DATABASE {} SET default_transaction_read_only = on", "database writes", "failed", "primary"),
    ],
)
def test_a_database_that_is_not_ready_is_told(
    healthy: Run,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
    name: str,
    state: str,
    remedy: str,
) -> None:
    """With what to do about it."""
    without_model(monkeypatch)
    with changed(database_url, harm.format(make_url(database_url).database)):
        found = findings(healthy("doctor", "--json"))

    assert found[name]["state"] == state
    assert remedy in found[name]["remedy"]


@pytest.mark.parametrize(
    ("ahead", "state"),
    [("1 hour", "failed"), ("-1 hour", "failed"), ("30 s", "warning"), ("-30 s", "warning"), ("0", "ok")],
)
def test_clocks_that_differ_are_told(
    healthy: Run, database_url: str, monkeypatch: pytest.MonkeyPatch, ahead: str, state: str
) -> None:
    """So far that webhooks are refused is a failure; less is a warning."""
    without_model(monkeypatch)
    name = make_url(database_url).database
    wrong = (
        "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql "
        f"AS $$ SELECT pg_catalog.clock_timestamp() + interval '{ahead}' $$"
    )
    with changed(database_url, wrong, f"ALTER DATABASE {name} SET search_path = public, pg_catalog"):
        found = findings(healthy("doctor", "--json"))

    assert found["clock"]["state"] == state
    assert ("NTP" in found["clock"]["remedy"]) == (state != "ok")


def test_accounts_whose_work_waits_are_named_with_the_remedy(healthy: Run, engine: Engine) -> None:
    """A refused token is a failure; a pause and an outage are warnings."""
    now = datetime.now(UTC)
    refused = {"refused_at": now, "error": "401; check MUX__MAIN__TOKEN_ID"}
    closed = {"failures": 5, "closed_until": now + timedelta(minutes=5), "error": "timed out"}
    no_writes = closed | {"only_writes_fail": True, "error": "PATCH: 403"}
    unknown = refused | {"is_unknown": True, "error": "no account 'e' of mux is configured"}
    paused = {"paused_at": now, "paused_by": "ops@host", "paused_because": "they move"}
    with transaction(engine) as session:
        for name, values in {
            "main": refused,
            "b": closed,
            "c": paused,
            "d": no_writes,
            "e": unknown,
            "well": {},
        }.items():
            session.add(Account(platform="mux", account=name, **values))

    found = findings(healthy("doctor", "--json"))

    assert found["mux/main"]["state"] == "failed"
    assert "MUX__MAIN__TOKEN_ID" in found["mux/main"]["says"]
    assert "restart the programs, then `thumbs resume mux/main`" in found["mux/main"]["remedy"]
    assert (found["mux/b"]["state"], found["mux/c"]["state"]) == ("warning", "warning")
    assert "ops@host" in found["mux/c"]["says"]
    assert "they move" in found["mux/c"]["says"]
    assert found["mux/d"]["state"] == "failed"
    assert "its writes fail: PATCH: 403" in found["mux/d"]["says"]
    assert "it needs an access token with Mux Video write" in found["mux/d"]["remedy"]
    assert "docs/platforms/mux.md" in found["mux/d"]["remedy"]
    assert found["mux/e"]["state"] == "warning"
    assert "not in the settings" in found["mux/e"]["says"]
    assert "thumbs cancel --account mux/e" in found["mux/e"]["remedy"]
    assert "mux/well" not in found


def test_a_broker_that_refuses_the_password_is_told(
    healthy: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without repeating it."""
    without_model(monkeypatch)
    monkeypatch.setenv("REDIS_URL", f"redis://:{HUSH}@{redis_url.rpartition('@')[2]}")

    result = healthy("doctor", "--json")

    assert "it does not accept the password" in findings(result)["broker"]["says"]
    assert HUSH not in result.output


def test_a_broker_that_forgets_is_a_warning(
    healthy: Run, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory is limited and keys may be dropped, what waits may be dropped."""
    without_model(monkeypatch)
    with redis.Redis.from_url(redis_url) as client:
        before: Any = client.config_get("maxmemory*")
        client.config_set("maxmemory", 1024**3)
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = findings(healthy("doctor", "--json"))
        finally:
            client.config_set("maxmemory-policy", before["maxmemory-policy"])
            client.config_set("maxmemory", before["maxmemory"])

    assert states(found, "broker", "broker memory") == ["ok", "warning"]
    assert "noeviction" in found["broker memory"]["remedy"]


def test_a_work_folder_that_cannot_be_used_fails(
    healthy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the setting."""
    without_model(monkeypatch)
    (tmp_path / "file").touch()
    monkeypatch.setenv("WORK_DIR", str(tmp_path / "file"))

    disk = findings(healthy("doctor", "--json"))["disk"]

    assert disk["state"] == "failed"
    assert disk["says"].startswith("WORK_DIR: ")


def test_a_work_folder_that_is_not_there_is_told_and_not_made(
    healthy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error would stay hidden otherwise."""
    without_model(monkeypatch)
    monkeypatch.setenv("WORK_DIR", str(tmp_path / "nope" / "deeper"))

    disk = findings(healthy("doctor", "--json"))["disk"]

    assert (disk["state"], "does not exist" in disk["says"]) == ("warning", True)
    assert "WORK_DIR" in disk["remedy"]
    assert not (tmp_path / "nope").exists()


def test_a_disk_that_is_too_small_for_the_largest_video_is_a_warning(
    healthy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most videos may fit all the same. Looking leaves nothing behind."""
    without_model(monkeypatch)
    monkeypatch.setenv("MAX_DOWNLOAD_BYTES", str(10**18))

    disk = findings(healthy("doctor", "--json"))["disk"]

    assert disk["state"] == "warning"
    assert "MAX_DOWNLOAD_BYTES" in disk["remedy"]


def test_a_model_that_is_not_in_place_fails(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that fetches it."""
    monkeypatch.setenv("MODEL", "ViT-L-14:datacomp_xl_s13b_b90k")

    model = findings(healthy("doctor", "--json"))["model"]

    assert model["state"] == "failed"
    assert "thumbs models fetch ViT-L-14:datacomp_xl_s13b_b90k" in model["says"]


def test_missing_accounts_are_a_warning(healthy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that only picks from files needs none, so it does not fail."""
    for name in MUX:
        monkeypatch.delenv(f"MUX__MAIN__{name}")

    result = healthy("doctor", "--json")

    assert result.exit_code == 0
    assert findings(result)["accounts"]["state"] == "warning"


def test_without_settings_it_names_what_up_starts(
    healthy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer who has set nothing is told that nothing is missing."""
    without_model(monkeypatch)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(variable)

    found = findings(healthy("doctor", "--json"))

    assert states(found, "database", "broker") == ["ok", "ok"]
    assert "thumbs up" in found["database"]["says"]
    assert found["tables, accounts"]["state"] == "warning"
    assert str(tmp_path) in found["tables, accounts"]["says"]


def test_isolation_that_the_machine_cannot_give_is_a_warning(
    healthy: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The tries are made where nothing confines them, as on a system that has no such means."""
    bait = tmp_path / "bait"
    bait.touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tried = barriers.try_all(listener.getsockname()[1], bait)
    monkeypatch.setattr(barriers, "try_barriers", lambda _decoder: tried)

    result = healthy("doctor", "--json")

    found = findings(result)
    assert result.exit_code == 0
    assert states(found, "decoder network", "decoder parent") == ["warning", "warning"]
    assert "thumbs analyze" in found["decoder network"]["remedy"]
    assert "Landlock" in found["decoder reading"]["remedy"]
