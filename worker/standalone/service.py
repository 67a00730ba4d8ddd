"""The whole service on one machine: `thumbs up`.

Where no address of a database or a broker is set, we start our own. Everything else is the same programs with
the same settings that a fleet runs.
"""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import click
import httpx
from sqlalchemy.exc import OperationalError

from worker.database import make_engine, migrate
from worker.errors import ConfigurationError, Stopping
from worker.http.client import BoundedClient
from worker.http.deadline import Deadline
from worker.settings import environment, find_strays
from worker.standalone.greeting import greeting
from worker.standalone.interrupts import Interrupts
from worker.standalone.pages import secret_in
from worker.standalone.ports import ListenAddress, require_free
from worker.standalone.servers import Server, running_postgres, start_postgres, start_valkey
from worker.standalone.supervisor import POLL_S, Program, ProgramFailed, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from worker.settings import Settings

READY_TIMEOUT_S = 120.0  # a large model is loaded from a cold disk within it

_ANSWER_TIMEOUT_S = 2.0
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104 - where HOST means "anywhere"

RECEIVER = "receiver"
# -P: a `worker.py` or `webhook` in the folder in which somebody types `thumbs up` is theirs, and not ours.
_OUR_OWN = (sys.executable, "-P", "-m")
# Stopped from the first to the last: nothing new comes in, what runs is given back, then the rest.
PROGRAMS = (
    Program(RECEIVER, (*_OUR_OWN, "webhook"), ready_words="ready for webhooks", stops=0),
    Program("analyze", (*_OUR_OWN, "worker", "analyze"), ready_words="ready:", stops=1),
    Program("publish", (*_OUR_OWN, "worker", "publish"), ready_words="ready:", stops=1),
    Program("dispatcher", (*_OUR_OWN, "worker", "dispatch"), ready_words="ready:", stops=2),
)
BEACON = Program("beacon", (*_OUR_OWN, "webhook.beacon"), ready_words="ready for viewers", stops=0)
PAGES = Program("pages", (*_OUR_OWN, "webhook.review"), ready_words="ready for people", stops=0)


class Service:
    """The servers that we need, and the programs: one thing that starts and stops. Main thread only.

    Entered, it works: the servers answer, the tables are there, every program is ready.

    Args:
        settings: of the service.
        interrupts: end the start, and hurry the stop.
        programs: what runs beside the servers.
        variables: for the programs, where they are to differ from our environment.
        show: called with each line for the terminal.

    Raises:
        ConfigurationError: the operator must act.
        ProgramFailed: a program cannot be kept running.
        Stopping: interrupted.
    """

    def __init__(
        self,
        settings: Settings,
        interrupts: Interrupts,
        *,
        programs: Sequence[Program] = PROGRAMS,
        variables: Mapping[str, str] | None = None,
        show: Callable[[str], None] = click.echo,
    ) -> None:
        self.url = _url(settings.host, settings.port)
        #: Where the receiver shows its state, and what all programs count.
        self.operations_url = self.url
        if settings.metrics_port:
            self.operations_url = _url(settings.metrics_host or settings.host, settings.metrics_port)
        self._settings = settings
        self._interrupts = interrupts
        self._programs = programs
        names = {program.name for program in programs}
        self._has_pages, self._has_beacon = PAGES.name in names, BEACON.name in names
        self._variables = dict(variables or {})
        self._show = show
        self._servers: dict[str, Server] = {}
        self._supervisor: Supervisor | None = None

    @property
    def database_url(self) -> str:
        """Address of the database that the programs use, with its password."""
        return self._settings.database_address or self._servers["DATABASE_URL"].url

    def __enter__(self) -> Self:
        """Start everything; what started is stopped again if the rest does not."""
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, in order."""
        self._stop()

    def failure(self, name: str, what: str) -> ProgramFailed:
        """Make the error that tells what a program said last.

        Args:
            name: of the program.
            what: happened to it, e.g. "is not ready after 120 s".
        """
        if self._supervisor is None:
            raise LookupError(name)
        return self._supervisor.failure(name, what)

    def watch(self) -> None:
        """Show what the programs say, and start again what died. Call it often.

        Raises:
            ProgramFailed: as in the start.
            Stopping: interrupted.
        """
        self._interrupts.check()
        for variable, server in self._servers.items():
            if server.process.poll() is not None:
                self._show(f"{server.name} died; starting it again")
                # Frees its locks; it comes back at the same address, so that the programs find it again.
                server.close()
                self._servers[variable] = server.start_again()
        if self._supervisor is not None:
            self._supervisor.watch()

    def _start(self) -> None:
        self._require_ports()  # before anything is made in DATA_DIR
        self._start_servers()
        _migrate(self._settings.database_direct_address or self.database_url)
        folder = self._settings.data_dir
        urls = {variable: server.url for variable, server in self._servers.items()}
        # The receiver's page shows what all of them count.
        variables = {**self._variables, **urls, "PROMETHEUS_MULTIPROC_DIR": _empty_folder(folder / "metrics")}
        if self._has_pages:
            # What the other programs tell leads there.
            variables.setdefault("REVIEW_URL", self._settings.review_url)
            if self._settings.review_secret is None:
                variables["REVIEW_SECRET"] = secret_in(folder)
        self._supervisor = Supervisor(
            self._programs,
            environment=_without_strays(environment(**variables)),
            logs=folder / "logs",
            show=self._show,
        )
        self._supervisor.start()
        self._wait_until_ready(self._supervisor)

    def _require_ports(self) -> None:
        settings = self._settings
        is_running = running_postgres(settings.data_dir / "postgres") is not None
        places = [ListenAddress("HOST", settings.host, "PORT", settings.port)]
        if settings.metrics_port:
            host = settings.metrics_host or settings.host
            places.append(ListenAddress("METRICS_HOST", host, "METRICS_PORT", settings.metrics_port))
        if self._has_pages:
            places.append(
                ListenAddress("REVIEW_HOST", settings.review_host, "REVIEW_PORT", settings.review_port)
            )
        if self._has_beacon:
            places.append(
                ListenAddress("BEACON_HOST", settings.beacon_host, "BEACON_PORT", settings.beacon_port)
            )
        require_free(places, beside=settings.data_dir if is_running else None)

    def _start_servers(self) -> None:
        folder, should_stop = self._settings.data_dir, self._interrupts.check
        if self._settings.database_url is None:
            self._servers["DATABASE_URL"] = start_postgres(folder / "postgres", should_stop=should_stop)
        if self._settings.redis_url is None:
            self._servers["REDIS_URL"] = start_valkey(folder / "valkey", should_stop=should_stop)

    def _wait_until_ready(self, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while unready := supervisor.first_not_ready() or self._unready_receiver():
            self.watch()
            if time.monotonic() > deadline:
                why = "as on a slow disk or a busy machine: run it again"
                raise supervisor.failure(unready, f"is not ready after {READY_TIMEOUT_S:.0f} s, {why}")
            time.sleep(POLL_S)

    def _unready_receiver(self) -> str | None:
        """Name the receiver unless it answers, has a database, and finds the tables as it needs them."""
        try:
            with Deadline(_ANSWER_TIMEOUT_S), BoundedClient(timeout_s=_ANSWER_TIMEOUT_S) as client:
                answer = client.get(f"{self.operations_url}/readyz")
        except httpx.TransportError:
            return RECEIVER
        return None if answer.is_success else RECEIVER

    def _stop(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop(is_hurried=self._interrupts.is_urgent)
        # The servers last, and the latest first: the programs give their leases back to the database.
        while self._servers:
            self._servers.popitem()[1].close()


def run_service(
    settings: Settings, who: str, programs: Sequence[Program] = (*PROGRAMS, PAGES, BEACON)
) -> None:
    """Run the service until the operator ends it.

    Args:
        settings: of the service.
        who: runs it, USER@HOST; they may do everything on the pages.
        programs: what runs beside the servers; the pages and the beacon only where they have a port.

    Raises:
        ConfigurationError: the operator must act.
        ProgramFailed: a program cannot be kept running.
    """
    for stray in find_strays():
        click.secho(f"{stray.says}; {stray.remedy}", fg="yellow")
    ports = {PAGES.name: settings.review_port, BEACON.name: settings.beacon_port}
    programs = [program for program in programs if ports.get(program.name, True)]
    with (
        Interrupts() as interrupts,
        suppress(Stopping),
        Service(settings, interrupts, programs=programs) as service,
    ):
        click.echo(greeting(settings, service, who))
        while True:
            service.watch()
            time.sleep(POLL_S)


def _without_strays(variables: dict[str, str]) -> dict[str, str]:
    """Leave out what nothing reads: we told of it, and each program would again."""
    strays = {stray.name for stray in find_strays()}
    return {name: value for name, value in variables.items() if name not in strays}


def _url(host: str, port: int) -> str:
    return f"http://{_REACHED_AT.get(host, host)}:{port}"


def _empty_folder(folder: Path) -> str:
    """Make a folder anew: what programs of an earlier run counted would stay in their sums for ever."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return str(folder.resolve())


def _migrate(database_url: str) -> None:
    engine = make_engine(database_url)
    try:
        migrate.upgrade(engine)
    except OperationalError as exc:
        raise ConfigurationError(f"DATABASE_URL: the database does not answer: {exc.orig}") from exc
    finally:
        engine.dispose()
