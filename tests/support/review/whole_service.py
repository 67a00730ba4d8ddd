"""The whole service with its pages, as `thumbs up` runs it, beside simulated platforms."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.review.decided import somebody
from worker.database import make_engine, transaction
from worker.database.states import Role
from worker.demo.clip import draw
from worker.demo.simulator import SIMULATED
from worker.people import invitations
from worker.people.roles import ANY, Grant
from worker.settings import Settings
from worker.standalone import service as standalone
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from worker.demo.simulator import Media, Simulated
    from worker.standalone.service import Service
    from worker.standalone.supervisor import Program

PLATFORMS = ("mux", "wistia")  #: one that takes a moment, one that takes a picture
PATIENCE_S = 150.0  #: a busy machine starts all programs slowly
POLL_S = 0.05


@dataclass
class WholeService:
    """A service that runs."""

    origin: str  #: of its pages
    beacon_url: str  #: where viewers' browsers find the beacon, where that is one of the programs
    service: Service
    engine: Engine
    vendors: dict[str, Simulated]

    def upload(self, media: Media, title: str, name: str = "mux") -> str:
        """Put a video on a platform, and return its id there."""
        return self.vendors[name].upload(media, title=title)

    def wait_for_first(self, external_id: str, name: str = "mux") -> float | None:
        """Wait until a video has its first thumbnail, and return the moment of it."""
        journal = self.vendors[name].journal
        self.until(lambda: journal.entries("write", asset_id=external_id), "first write")
        return self.shown_s(external_id, name)

    def shown_s(self, external_id: str, name: str = "mux") -> float | None:
        """Return the moment that the platform shows."""
        return self.vendors[name].known(external_id).thumbnail_time

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Keep the service running until something is true."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_so():
            self.service.watch()
            assert time.monotonic() < deadline_s, f"not so within {PATIENCE_S:.0f} s: {what}"
            time.sleep(POLL_S)

    def invite(self, email: str) -> str:
        """Invite somebody as an editor of everything, and return the path of the link."""
        with transaction(self.engine) as session:
            operator = somebody("olga@example.com", Role.OPERATOR)
            made = invitations.make(session, operator, email, [Grant(Role.EDITOR, ANY, ANY)])
        return invitations.path_of(made.token)


@contextmanager
def whole_service(
    folder: Path, programs: Sequence[Program] = (*standalone.PROGRAMS, standalone.PAGES), **environment: str
) -> Iterator[WholeService]:
    """Run everything until the end of the block.

    Args:
        folder: with a short path, for its servers.
        programs: what runs.
        environment: settings.
    """
    port, pages_port, beacon_port = free_port(), free_port(), free_port()
    origin, beacon_url = f"http://127.0.0.1:{pages_port}", f"http://127.0.0.1:{beacon_port}"
    ports = {"port": port, "review_port": pages_port, "beacon_port": beacon_port}
    settings = Settings(data_dir=folder, database_url=None, redis_url=None, **ports)
    variables = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REVIEW_PORT": str(pages_port),
        "REVIEW_URL": origin,
        "BEACON_PORT": str(beacon_port),
        "BEACON_URL": beacon_url,
        "ALLOW_LOOPBACK": "true",
        "DEBOUNCE_S": "0",
        **environment,
    }
    with Interrupts() as interrupts, ExitStack() as stack:
        vendors = {
            name: stack.enter_context(
                SIMULATED[name](f"http://127.0.0.1:{port}/webhooks/{name}/main", draw=draw)
            )
            for name in PLATFORMS
        }
        for vendor in vendors.values():
            variables |= vendor.settings("main")
        with standalone.Service(
            settings, interrupts, programs=programs, variables=variables, show=lambda _line: None
        ) as service:
            engine = make_engine(service.database_url)
            yield WholeService(origin, beacon_url, service, engine, vendors)
            engine.dispose()
