"""The command `thumbs` on a test's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service.commands import run_thumbs
from worker import database
from worker.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service.commands import Run


@pytest.fixture
def thumbs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return what runs a command of `thumbs` on this test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    yield run_thumbs
    get_settings.cache_clear()
    database.get_engine.cache_clear()
