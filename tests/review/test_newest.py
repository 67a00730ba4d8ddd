"""A page of the library is read from an index that has it in order, however large the rest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Select, text

from tests.support.review import shelf
from worker.database import transaction
from worker.database.review import CONDITIONS, index_name
from worker.review.library import FILTERS
from worker.review.newest import Cursor, newest_ids

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROWS = """
INSERT INTO assets (platform, account, external_id, generation, pick_gap, is_noted, foreign_thumbnail,
    has_lost_choice, has_failed, reviewed_at)
SELECT 'mux', CASE WHEN n % 1000 = 0 THEN 'small' ELSE 'large' END, n, 1, (n % 7) / 7.0, n % 8 = 0,
    CASE WHEN n % 9 = 0 THEN 'x' END, n % 11 = 0, n % 13 = 0, CASE WHEN n % 2 = 1 THEN now() END
FROM generate_series(1, 3000) n
"""


@pytest.mark.parametrize("of", CONDITIONS)
def test_a_small_account_is_not_searched_for_among_all_others(engine: Engine, of: str) -> None:
    """PostgreSQL takes the index of the filter, from the first page to the last, forwards and back."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
        connection.execute(text("ANALYZE assets"))

    for place in (Cursor(), Cursor(after=1500), Cursor(before=1500)):
        plan = explained(engine, newest_ids([("mux", "small"), ("mux", "large")], of, place, 49))

        assert f"using {index_name(of)} on assets" in plan, plan
        assert "Filter" not in plan, plan


def test_accounts_are_one_list_in_order(engine: Engine) -> None:
    """Nothing of an account that was not asked for, though its name begins like another."""
    one, two = shelf.add(engine, "one", "two")
    (three,) = shelf.add(engine, "three", account="other")
    (four,) = shelf.add(engine, "four")
    shelf.add(engine, "not mine", account="main2")
    shelf.add(engine, "not mine", account="mai")

    with transaction(engine) as session:
        ids = newest_ids([("mux", "main"), ("mux", "other")], "all", Cursor(), 3)
        assert session.scalars(ids).all() == [four, three, two]
        back = newest_ids([("mux", "main"), ("mux", "other")], "all", Cursor(before=one), 2)
        assert session.scalars(back).all() == [two, three]


def test_there_is_a_filter_in_words_for_each_index() -> None:
    """And for nothing else."""
    assert {one.name for one in FILTERS} == set(CONDITIONS)


def explained(engine: Engine, statement: Select[tuple[int]]) -> str:
    """Return how PostgreSQL runs a statement."""
    compiled = statement.compile(engine, compile_kwargs={"render_postcompile": True})
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN {compiled}", dict(compiled.params))
        return "\n".join(row[0] for row in rows)
