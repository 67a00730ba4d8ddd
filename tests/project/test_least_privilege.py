"""docker-compose.yml gives each service what it needs, and no more."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url

from tests.support.compose.processes import (
    COMPOSE,
    PROGRAMS,
    ROOT,
    SERVERS,
    SERVICES,
    dockerfile_of,
    secrets_of,
    variables,
)
from tests.support.compose.secrets import lay_out, make_roles, postgres_programs
from worker.database import make_engine, migrate
from worker.errors import SettingsInvalid
from worker.publishing import picks_webhook
from worker.settings import Settings
from worker.settings.review import MIN_SECRET_CHARACTERS
from worker.storage.bucket import PictureBucket
from worker.storage.links import ThumbnailLinks

if TYPE_CHECKING:
    from pathlib import Path

    from worker.standalone.servers import Server

DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text()

each_service = pytest.mark.parametrize("name", SERVICES)
each_program = pytest.mark.parametrize("name", PROGRAMS)
each_server = pytest.mark.parametrize("name", SERVERS)


@each_service
def test_no_service_can_do_more_than_it_must(name: str) -> None:
    """No root, nothing to write to but named places, no capabilities, no way to get any."""
    service = SERVICES[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_program
def test_an_image_runs_as_nobody_special_by_itself(name: str) -> None:
    """Also without the compose file."""
    users = re.findall(r"^USER (.+)$", dockerfile_of(SERVICES[name]), re.MULTILINE)

    assert users[-1] == SERVICES[name]["user"]


@each_service
def test_no_secret_stands_in_the_file(name: str) -> None:
    """Secrets are files, and variables only say where."""
    for variable, value in variables(SERVICES[name], {}).items():
        is_secret = re.search(r"SECRET|PASSWORD|TOKEN|KEY|_URL$", variable)
        assert not is_secret or value.startswith("/run/secrets") or variable == "ACCOUNT_SECRETS", variable


@each_service
def test_every_service_sees_its_own_secrets_only(name: str) -> None:
    """Who breaks into one has those of no other."""
    assert secrets_of(SERVICES[name]) == f"./secrets/{name}"
    everywhere = [str(m) for m in SERVICES[name]["volumes"] if "secrets" in str(m)]
    assert len(everywhere) == 1


def test_only_the_receiver_has_what_signs_webhooks_and_only_others_have_tokens() -> None:
    """And settings say so, so that each starts without the rest."""
    given = {name: variables(service, {})["ACCOUNT_SECRETS"] for name, service in PROGRAMS.items()}

    assert given.pop("webhook") == "webhooks"
    assert given.pop("migrate") == given.pop("review") == given.pop("beacon") == "none"
    assert set(given.values()) == {"api"}


@each_program
def test_settings_of_all_do_not_stop_a_program_that_is_not_given_their_secrets(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PICKS_URL and SIGNED_THUMBNAILS stand in settings.env, which all programs read."""
    subprocess.run([ROOT / "deploy" / "create-secrets", tmp_path], check=True, capture_output=True)
    (tmp_path / "publish" / "picks_secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    shared = {"PICKS_URL": "https://cms.example.com/hooks", "SIGNED_THUMBNAILS": "all"}
    own = variables(PROGRAMS[name], {"/run/secrets": str(tmp_path / name)})
    for variable, value in (shared | own).items():
        monkeypatch.setenv(variable, value)

    settings = Settings.read()

    if name == "publish":
        picks_webhook.check_secrets(settings)
    else:
        with pytest.raises(SettingsInvalid, match="PICKS_SECRET: missing"):
            picks_webhook.check_secrets(settings)
    if name in {"publish", "webhook"}:
        assert "signature=" in ThumbnailLinks.of(settings).url("ab" * 32, is_private=True)
    else:
        with pytest.raises(SettingsInvalid, match="THUMBNAILS_SECRET: missing"):
            ThumbnailLinks.of(settings).url("ab" * 32, is_private=True)


@each_program
def test_only_the_analyzer_has_the_key_of_the_judge(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JUDGE_URL and JUDGE_MODEL stand in settings.env; its key is a file, as docs/deployment.md tells."""
    subprocess.run([ROOT / "deploy" / "create-secrets", tmp_path], check=True, capture_output=True)
    (tmp_path / "analyze" / "judge_api_key").write_text("key-of-the-judge")
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    shared = {"JUDGE_URL": "http://gpu-box:8000/v1", "JUDGE_MODEL": "m"}
    own = variables(PROGRAMS[name], {"/run/secrets": str(tmp_path / name)})
    for variable, value in (shared | own).items():
        monkeypatch.setenv(variable, value)

    key = Settings.read().judge_api_key

    assert (key and key.get_secret_value()) == ("key-of-the-judge" if name == "analyze" else None)
    assert "secrets/analyze/judge_api_key" in DEPLOYMENT


@each_program
def test_a_bucket_stops_no_program_that_does_not_use_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BUCKET_URL stands in settings.env; its key is in the folders of those that read or write there."""
    subprocess.run([ROOT / "deploy" / "create-secrets", tmp_path], check=True, capture_output=True)
    is_user = name in {"webhook", "review", "dispatcher", "analyze", "publish"}
    if is_user:
        (tmp_path / name / "bucket_access_key_id").write_text("an id")
        (tmp_path / name / "bucket_secret_access_key").write_text("a secret")
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    own = variables(PROGRAMS[name], {"/run/secrets": str(tmp_path / name)})
    for variable, value in ({"BUCKET_URL": "s3://pictures"} | own).items():
        monkeypatch.setenv(variable, value)

    settings = Settings.read()

    if is_user:
        assert PictureBucket.of(settings) is not None
    else:
        with pytest.raises(SettingsInvalid, match="BUCKET_ACCESS_KEY_ID"):
            PictureBucket.of(settings)
    assert "secrets/$program/bucket_secret_access_key" in DEPLOYMENT


def test_with_a_bucket_the_receiver_gets_a_way_out_and_nothing_else() -> None:
    """In a file of its own, which only those use who have one."""
    added = yaml.safe_load((ROOT / "deploy" / "compose.bucket.yml").read_text())

    networks = [*SERVICES["webhook"]["networks"], "outside"]
    assert added == {"services": {"webhook": {"networks": networks}}}


@each_service
def test_no_service_takes_all_of_the_machine(name: str) -> None:
    """Memory, processors and logs have their limits; the analyzer takes what processors the others leave."""
    service = SERVICES[name]

    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert name == "analyze" or service["cpus"] > 0
    assert name != "analyze" or service["cpu_shares"] < 1024


def test_the_services_role_reads_and_writes_rows_and_nothing_else(database_url: str, tmp_path: Path) -> None:
    """It is no superuser, owns nothing and makes nothing; that of migrations is none either."""
    lay_out(tmp_path / "secrets", database_url=database_url, redis_port=6379)
    make_roles(database_url, tmp_path / "secrets" / "postgres")  # again: in a database that has them

    address = (tmp_path / "secrets" / "analyze" / "database_url").read_text()
    with psycopg.connect(address, autocommit=True) as service:
        service.execute("INSERT INTO assets (platform, account, external_id) VALUES ('mux', 'main', 'a1')")
        for forbidden in (
            "CREATE TABLE mine ()",
            "DROP TABLE assets",
            "COPY assets TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(forbidden)
        roles = service.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'thumbs%'"
            " AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)"
        ).fetchall()
    assert roles == []


def test_the_services_role_makes_and_drops_partitions_by_functions(database_url: str, tmp_path: Path) -> None:
    """As the dispatcher does; in no other way, and none whose end has not come."""
    lay_out(tmp_path / "secrets", database_url=database_url, redis_port=6379)
    address = (tmp_path / "secrets" / "dispatcher" / "database_url").read_text()
    drop = "SELECT name FROM thumbs_drop_partition(%s, now() + interval '1 year')"

    with psycopg.connect(address, autocommit=True) as service:
        made = service.execute("SELECT thumbs_make_partitions(10)").fetchall()
        dropped = service.execute(drop, ["events"]).fetchall()
        unknown = service.execute(drop, ["assets"]).fetchall()
        for forbidden in (f"DROP TABLE {made[0][0]}", f"ALTER TABLE events DETACH PARTITION {made[0][0]}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(forbidden)
        service.execute("DELETE FROM events_default")

    assert len(made) >= 3
    assert dropped == unknown == []


def test_a_restored_database_belongs_to_the_roles_again(
    database_url: str, postgres_server: Server, tmp_path: Path
) -> None:
    """As docs/operate.md tells: dumped as the service, restored by the superuser, handed over, migrated."""
    lay_out(tmp_path / "secrets", database_url=database_url, redis_port=6379)
    service, owner = (
        make_url((tmp_path / "secrets" / name / "database_url").read_text())
        for name in ("analyze", "migrate")
    )
    dump, restored = tmp_path / "thumbs.dump", make_url(postgres_server.url).set(database="restored")
    run_postgres(
        "pg_dump", "--format=custom", f"--file={dump}", service.render_as_string(hide_password=False)
    )
    run_postgres("psql", "--quiet", "--command=CREATE DATABASE restored", postgres_server.url)
    address = restored.render_as_string(hide_password=False)
    try:
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        run_postgres("pg_restore", *options, f"--dbname={address}", str(dump))
        make_roles(address, tmp_path / "secrets" / "postgres")

        engine = make_engine(owner.set(database="restored").render_as_string(hide_password=False))
        migrate.downgrade(engine, "-1")
        migrate.upgrade(engine)
        engine.dispose()
        written = service.set(database="restored").render_as_string(hide_password=False)
        with psycopg.connect(written) as program:
            program.execute(
                "INSERT INTO assets (platform, account, external_id) VALUES ('mux', 'main', 'a1')"
            )
            assert program.execute("SELECT thumbs_make_partitions(10)").fetchall()
    finally:
        run_postgres("psql", "--quiet", "--command=DROP DATABASE restored WITH (FORCE)", postgres_server.url)


def run_postgres(program: str, *words: str) -> None:
    """Run a program of PostgreSQL."""
    subprocess.run([postgres_programs() / program, *words], check=True)


def test_only_the_receiver_the_pages_and_the_beacon_can_be_reached() -> None:
    """And only from this machine, where a proxy listens to the world."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {
        "webhook": ["127.0.0.1:8000:8000"],
        "review": ["127.0.0.1:8080:8080"],
        "beacon": ["127.0.0.1:8070:8070"],
    }
    assert variables(SERVICES["webhook"], {})["HOST"] == "0.0.0.0"  # noqa: S104 - within its container
    assert variables(SERVICES["review"], {})["REVIEW_HOST"] == "0.0.0.0"  # noqa: S104 - the same
    assert variables(SERVICES["beacon"], {})["BEACON_HOST"] == "0.0.0.0"  # noqa: S104 - the same


@each_server
def test_servers_cannot_reach_the_internet(name: str) -> None:
    """They talk to our programs only, and each to those that need it."""
    (network,) = SERVICES[name]["networks"]

    assert COMPOSE["networks"][network] == {"internal": True}
    assert {name for name, service in SERVICES.items() if network in service["networks"]} == {
        "database": {"postgres", *PROGRAMS},
        "queue": {"redis", "dispatcher", "analyze", "publish"},
    }[network]


def test_the_pages_have_a_secret_for_cookies_and_reach_no_broker(tmp_path: Path) -> None:
    """The secret is their own, and long enough; it stays when the script runs again."""
    kept = set()
    for _ in range(2):
        subprocess.run([ROOT / "deploy" / "create-secrets", tmp_path], check=True, capture_output=True)
        kept.add((tmp_path / "review" / "review_secret").read_text())

    (secret,) = kept
    assert len(secret) >= MIN_SECRET_CHARACTERS
    assert not [file for file in tmp_path.glob("*/review_secret") if file.parent.name != "review"]
    assert set(SERVICES["review"]["networks"]) == {"database", "front", "outside"}


@pytest.mark.parametrize("name", ["webhook", "beacon"])
def test_what_strangers_talk_to_makes_no_requests_to_the_internet(name: str) -> None:
    """It only answers; what talks to platforms, and the broker, are elsewhere."""
    assert SERVICES[name]["networks"] == ["database", "front", "metrics"]
    assert COMPOSE["networks"]["front"]["driver_opts"] == {
        "com.docker.network.bridge.enable_ip_masquerade": "false"
    }
