"""The whole service with real processes: receiver, dispatchers, workers, PostgreSQL, Valkey, the platform.

Every program talks to PostgreSQL and Valkey, and to the platform, through proxies of its own.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import psutil
import redis
from sqlalchemy import func, text, update
from sqlalchemy.exc import SQLAlchemyError

from tests.support.faults import processes
from tests.support.faults.asset_queries import Questions
from tests.support.faults.invariants import SystemRecord, Violation, check, overlaps
from tests.support.faults.proxy import Proxies, Proxy, Trap
from tests.support.waiting import until
from worker.database import make_engine, migrate, transaction
from worker.database.accounts import Account
from worker.database.models import Job, Publication
from worker.database.states import WAITING, PublicationState
from worker.demo.simulator import SimulatedMux
from worker.demo.simulator.platform import TOKEN, WEBHOOK_SECRET
from worker.queue import notify
from worker.settings import Settings, environment
from worker.standalone.servers import DATABASE, POSTGRES_PORT, free_port, start_postgres, start_valkey
from worker.standalone.service import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

ROOT = Path(__file__).parents[3]
KINDS = {program.name: program for program in PROGRAMS}
# Short enough that a test can wait for a lease to run out, long enough for a busy machine to renew it.
HURRY = {
    "LEASE_S": "5",
    "SWEEP_S": "1",
    "REHINT_S": "4",
    "DEBOUNCE_S": "0.2",
    "MAX_WAIT_S": "2",
    "MAX_ATTEMPTS": "3",
    "ANALYZE_CONCURRENCY": "1",
    "PUBLISH_CONCURRENCY": "4",
}
# As an operator has them who sets nothing: for figures.
DEFAULTS = {
    name: str(Settings.model_fields[name.lower()].default)
    for name in ("LEASE_S", "SWEEP_S", "REHINT_S", "DEBOUNCE_S", "MAX_WAIT_S")
}
QUIET_TIMEOUT_S = 120.0
WATCH_S = 0.25  # between two looks at what may never be, not even for a moment


class System(Questions):
    """The service, its servers and its platform. Use as a context manager, in the main thread.

    Args:
        folder: for all files; its path must be short enough for a socket.
        programs: what runs, by the names of `worker.standalone.service`; one that comes twice runs twice.
        variables: for the programs, besides those that make everything fast; may be added to before entering.
    """

    def __init__(
        self,
        folder: Path,
        programs: Sequence[str] = ("receiver", "analyze", "publish", "dispatcher"),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self._kinds, self.variables = folder, programs, dict(variables or {})
        self.port = free_port()
        self.programs: dict[str, processes.ServiceProgram] = {}
        self.ways: dict[tuple[str, str], Proxy] = {}  #: by program, and "database", "broker" or "platform"
        self._overlaps: set[str] = set()
        self._seen: set[psutil.Process] = set()
        self._closing = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as failing:
            failing.push(self._stack)
            for name in ("work", "temporary", "logs"):
                (self.folder / name).mkdir()
            self.postgres = processes.ServerPart(
                start_postgres(self.folder / "pg", options={"fsync": "off", "max_connections": "200"})
            )
            self._stack.callback(self.postgres.close)
            self.valkey = processes.ServerPart(start_valkey(self.folder / "valkey"))
            self._stack.callback(self.valkey.close)
            self.engine = make_engine(self.postgres.server.url)
            self._stack.callback(self.engine.dispose)
            migrate.upgrade(self.engine)
            address = f"http://127.0.0.1:{self.port}/webhooks/mux/main"
            self.platform = self._stack.enter_context(SimulatedMux(address))
            self._proxies = self._stack.enter_context(Proxies())
            self._start_programs()
            watcher = threading.Thread(target=self._watch, daemon=True)
            watcher.start()
            self._stack.callback(watcher.join)
            self._stack.callback(self._closing.set)
            failing.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        for part in self.parts():
            processes.thaw(part)
        self._stack.close()

    def parts(self) -> list[processes.ServicePart]:
        """All programs and servers."""
        return [*self.programs.values(), self.postgres, self.valkey]

    def way(self, program: str, server: str) -> Proxy:
        """The proxy between a program and "database", "broker" or "platform"."""
        return self.ways[program, server]

    def heal(self) -> None:
        """End every harm that was done to a way, and plan none at the platform."""
        for way in self.ways.values():
            way.heal()
        self.platform.faults.clear()

    def broker(self) -> redis.Redis:
        """A client of Valkey itself."""
        return redis.Redis.from_url(self.valkey.server.url, socket_timeout=5)

    def add(self, kind: str) -> processes.ServiceProgram:
        """Start one more program of a kind."""
        names = (kind if number == 1 else f"{kind}-{number}" for number in itertools.count(1))
        name = next(name for name in names if name not in self.programs)
        given = KINDS[kind]
        log = self.folder / "logs" / f"{name}.log"
        program = processes.ServiceProgram(
            name, given.command, self._environment(name), log, given.ready_words
        )
        self.programs[name] = program
        program.start()
        return program

    def remove(self, program: processes.ServiceProgram) -> None:
        """Kill a program for good."""
        processes.kill(program)
        del self.programs[program.name]

    def revive(self) -> None:
        """Start again whoever is dead, and wait until all are ready."""
        for part in (self.postgres, self.valkey, *self.programs.values()):
            if part.process.poll() is not None:
                part.start()
        for program in self.programs.values():
            program.wait_until_ready()

    def hold(self, stage: str, program: str = "analyze") -> Trap:
        """Stop the next job as it tells that it enters a stage; `drop` the way to let it go on."""
        word = stage.encode()
        parameter = len(word).to_bytes(4, "big") + word  # as PostgreSQL's protocol has it
        # Not forwarded, or the note would lock the row, and the lease could not be renewed.
        return self.way(program, "database").set_trap(parameter, is_forwarded=False)

    def command(self, *words: str) -> None:
        """Run a command of an operator."""
        variables = environment(DATABASE_URL=self.postgres.server.url)
        subprocess.run([sys.executable, "-m", "worker", *words], env=variables, cwd=ROOT, check=True)

    def hurry(self) -> None:
        """Let whatever waits for its time be due now, so that no test waits for a back-off."""
        hurry(self.engine)

    def is_quiet(self) -> bool:
        """Say whether every webhook was taken, and nothing is left to do."""
        if not self.platform.is_heard():
            return False
        try:
            with transaction(self.engine) as session:
                return not session.scalar(text(_OPEN)) and self.platform.is_heard()
        except SQLAlchemyError:  # the database may be what is being hurt
            return False

    def settle(self, timeout_s: float = QUIET_TIMEOUT_S, *, is_hurried: bool = True) -> list[Violation]:
        """Heal everything, wait until it is quiet, and return what must never be and is."""
        self.heal()
        self.revive()

        def is_done() -> bool:
            if is_hurried and not self.is_quiet():
                self.hurry()
            return self.is_quiet()

        try:
            until(is_done, timeout_s, "it does not become quiet")
        except AssertionError:
            print(f"every webhook was taken: {self.platform.is_heard()}", self.open_work(), sep="\n")
            raise
        with transaction(self.engine) as session:
            return check(self.evidence(session))

    def evidence(self, session: Session) -> SystemRecord:
        """All that can be known about this system."""
        return SystemRecord(
            session=session,
            entries=self.platform.journal.entries(),
            shown=self.platform.thumbnail_time,
            logs=self.folder / "logs",
            leftovers=[*(self.folder / "work").iterdir(), *self._strays()],
            secrets=(WEBHOOK_SECRET, TOKEN[1], urlsplit(self.valkey.server.url).password or ""),
            overlaps=sorted(self._overlaps),
        )

    def _start_programs(self) -> None:
        self._stack.callback(lambda: [processes.kill(program) for program in self.programs.values()])
        for kind in self._kinds:
            self.add(kind)
        for program in self.programs.values():
            program.wait_until_ready()

    def _environment(self, name: str) -> dict[str, str]:
        broker = urlsplit(self.valkey.server.url)
        socket = self.folder.resolve() / "pg" / "data" / f".s.PGSQL.{POSTGRES_PORT}"
        to = {"database": socket, "broker": broker.port, "platform": urlsplit(self.platform.url).port}
        ways = {server: self._proxies.to(target) for server, target in to.items() if target is not None}
        self.ways |= {(name, server): way for server, way in ways.items()}
        here = f"127.0.0.1:{ways['platform'].port}"
        account = {
            key: value.replace(urlsplit(self.platform.url).netloc, here)
            for key, value in self.platform.settings("main").items()
        }
        return environment(
            **(HURRY | self.variables),
            **account,
            DATABASE_URL=f"postgresql://postgres@127.0.0.1:{ways['database'].port}/{DATABASE}",
            REDIS_URL=f"redis://:{broker.password}@127.0.0.1:{ways['broker'].port}/0",
            PORT=str(self.port),
            WORK_DIR=str(self.folder / "work"),
            TMPDIR=str(self.folder / "temporary"),
            ALLOW_LOOPBACK="true",
            OMP_NUM_THREADS="1",
        )

    def _watch(self) -> None:
        """Look again and again at what must not be even for a moment, and at who belongs to us."""
        while not self._closing.wait(WATCH_S):
            for part in self.parts():
                self._seen.update(processes.family(part))
            try:
                with transaction(self.engine) as session:
                    self._overlaps.update(overlaps(session))
            except SQLAlchemyError:
                continue

    def _strays(self) -> list[psutil.Process]:
        """Processes of ours that live, though what they belonged to is gone."""
        ours = {process for part in self.parts() for process in processes.family(part)}
        return [process for process in self._seen - ours if _lives(process)]


def hurry(engine: Engine) -> None:
    """Let whatever waits for its time be due now."""
    is_pending = Publication.state == PublicationState.PENDING
    with suppress(SQLAlchemyError), transaction(engine) as session:  # it may just be recovering
        for table, waiting in ((Job, Job.state.in_(WAITING)), (Publication, is_pending)):
            later = (waiting, table.scheduled_at > func.clock_timestamp())
            due = update(table).where(*later).values(scheduled_at=func.clock_timestamp())
            if session.scalars(due.returning(table.id)).all():
                notify.wake_dispatcher(session)
        session.execute(update(Account).values(closed_until=None))


def _lives(process: psutil.Process) -> bool:
    """Say whether a process has not ended; one that nobody has asked about yet has."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


_OPEN = """
    SELECT EXISTS (SELECT FROM jobs WHERE state IN ('scheduled', 'available', 'running', 'retryable'))
        OR EXISTS (SELECT FROM publications WHERE state IN ('pending', 'sending'))
"""
