"""The whole service with a PgBouncer between its programs and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.faults.system import System
from tests.support.pooler.pgbouncer import PgBouncer

if TYPE_CHECKING:
    from tests.support.faults import processes

POOL_SIZE = 4  #: connections to PostgreSQL, for all programs


class PooledSystem(System):
    """A system whose programs have few connections together; only what listens goes past the pooler."""

    pooler: PgBouncer

    def parts(self) -> list[processes.ServicePart]:
        """All programs and servers."""
        return [*super().parts(), self.pooler]

    def revive(self) -> None:
        """Start again whoever is dead, and wait until all are ready."""
        if self.pooler.process.poll() is not None:
            self.pooler.start()
        super().revive()

    def _start_programs(self) -> None:
        folder = self.folder / "pooler"
        folder.mkdir()
        self.pooler = PgBouncer(folder, self.postgres.server.url, {"default_pool_size": str(POOL_SIZE)})
        self._stack.callback(self.pooler.close)
        super()._start_programs()

    def _environment(self, name: str) -> dict[str, str]:
        variables = super()._environment(name)
        way = self.ways[name, "database"] = self._proxies.to(self.pooler.port)
        address = self.pooler.url().replace(f":{self.pooler.port}/", f":{way.port}/")
        # Nobody else is to need it.
        own = {"DATABASE_DIRECT_URL": variables["DATABASE_URL"]} if name.startswith("dispatcher") else {}
        return {**variables, "DATABASE_URL": address, **own}
