"""docs/scale.md shows what the last runs found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.million.plots import PLOTS
from tests.benchmarks.million.tables import TABLES

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_page_is_made_from_the_figures(name: str) -> None:
    """Else call `python -m tests.benchmarks.million tables`."""
    table = f"<!-- {name} -->\n{TABLES[name]()}\n<!-- /{name} -->"

    assert table in (DOCS / "scale.md").read_text()


@pytest.mark.parametrize("name", PLOTS)
def test_a_picture_of_the_page_is_drawn_from_the_figures(name: str) -> None:
    """Else call `python -m tests.benchmarks.million plots`."""
    assert (DOCS / "images" / f"million-{name}.svg").read_text() == PLOTS[name]()
    assert f"images/million-{name}.svg" in (DOCS / "scale.md").read_text()
