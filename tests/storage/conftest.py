"""A bucket for the tests of this room."""

from datetime import timedelta

import pytest

from tests.support.platforms.shelf_fixtures import served, shelf
from worker.storage import removals

__all__ = ["served", "shelf"]


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was put into the bucket be older than a day, as far as a check looks at it."""
    monkeypatch.setattr(removals, "UPLOAD", timedelta(days=-1))
