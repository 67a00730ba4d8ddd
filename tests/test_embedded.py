"""The servers of one machine start, keep their data, and survive what kills processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_every_test_has_the_tables_and_no_rows(engine: Engine) -> None:
    """A fixture's promise: a database of one's own."""
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM assets")).scalar() == 0


def test_every_test_has_an_empty_valkey(redis_url: str) -> None:
    """A fixture's promise: a broker of one's own."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
