"""Damaged files of the kinds that our own parsers read cost an error with a name, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import hostile_media
from tests.support.faults import odd_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.media.odd_files.kind import Kind


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(odd_corpus.ONE_OF_EACH_GROUP, id="one of each group"),
        pytest.param(odd_corpus.ODD, id="all", marks=[pytest.mark.faults, pytest.mark.timeout(1800)]),
    ],
)
def test_damaged_odd_files_cost_an_error_with_a_name(tmp_path: Path, kinds: Sequence[Kind]) -> None:
    """As any hostile file does; each is cut off once, and once has bits that were flipped."""
    made = tmp_path / "odd"
    made.mkdir()

    outcome = hostile_media.feed(tmp_path, 0, 1, more=odd_corpus.corpus(made, kinds, seed=1))

    assert outcome.violations == []
    assert sum(outcome.ends.values()) == len(odd_corpus.DAMAGE) * len(kinds)


def test_a_seed_damages_the_same_way_again(tmp_path: Path) -> None:
    """So that a file which did harm can be made again."""
    kinds = odd_corpus.ONE_OF_EACH_GROUP[:1]

    first, again, other = (list(odd_corpus.corpus(tmp_path, kinds, seed=seed)) for seed in (3, 3, 4))

    assert first == again != other
