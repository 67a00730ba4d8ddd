"""Manifests kept for a moment, so that a flood without a cache in front costs the database little."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from webhook.variants.manifests import Manifest, Name, read_manifests

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

KEPT_S = 3.0  # far below the minute for which caches may keep them
MOST = 4096  # each has about 1 kB; who asks for made-up names fills it, and only slows others down


class KeptManifests:
    """Reads manifests, and keeps them and their absence for a moment; safe to share between threads."""

    def __init__(self, settings: Settings, database: BoundedDatabase) -> None:
        self._settings = settings
        self._database = database
        self._kept: dict[Name, tuple[float, Manifest | None]] = {}

    def of(self, names: Collection[Name]) -> dict[Name, Manifest]:
        """Return those that there are, in the order of the names.

        Raises:
            TimeoutError: the database is silent.
            SQLAlchemyError: it is down, or refuses.
        """
        now_s = time.monotonic()
        known = {name: kept[1] for name in names if (kept := self._kept.get(name)) and kept[0] > now_s}
        if unknown := [name for name in dict.fromkeys(names) if name not in known]:
            read = self._database.in_transaction(
                lambda session: {one.name: one for one in read_manifests(session, unknown, self._settings)}
            )
            known |= {name: read.get(name) for name in unknown}
            self._keep({name: (now_s + KEPT_S, read.get(name)) for name in unknown})
        return {name: found for name in names if (found := known[name])}

    def _keep(self, new: dict[Name, tuple[float, Manifest | None]]) -> None:
        # A new dictionary and no lock: what another thread adds meanwhile may get lost, and is read again.
        kept = self._kept if len(self._kept) + len(new) <= MOST else {}
        self._kept = {**kept, **new}
