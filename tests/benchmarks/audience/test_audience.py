"""The proof by an audience runs, and has a row for each demand; with one run of each it proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.audience import guard, heads, verdicts
from tests.benchmarks.audience.__main__ import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.benchmarks.audience.row import Given, Made

TINY = 3e-4
SEED = 5

DEMANDS = {
    "verdicts": {
        "A/A, 2 variants, play rate 1.5%": "at most 5%",
        "A/A, 3 variants, play rate 5.0%": "at most 5%",
        "A/A, 4 variants, play rate 30.0%": "at most 5%",
        "A/A, 2 variants, play rate 5.0%, all viewers alike": "at most 5%",
        "by the rule z test": "must fail",
        "by the rule chance over 95 %": "must fail",
        "judged by all rules": "false winners at most 5%",
        "four times the fixed sample: decided": "at least 80%",
        "four times the fixed sample: wrong winners": "at most 1%",
        "interval, lift 50%": "at least 95%",
        "imbalance, 3 variants shown as drawn": "at most 1%",
        "a cache gives 3%": "within 8,000 impressions",
    },
    "slots": {"A/A, 2 pictures, 84 blocks": "at most 5%", "the worse picture wins": "at most 1%"},
    "heads": {
        "labels shuffled, 2 arms": "at most 1 %",
        "no effect, 4 arms": "at most 1 %",
        "retrainings as tests come in": "0 of 200",
        "taste .7, rate 5.0%": "each that ships is better",
    },
    "guard": {"the furthest that a frame moved": "1 point", "a defect shown": "0"},
}


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave out what takes long: most looks, many videos, and all clips but one."""
    monkeypatch.setattr(verdicts, "LOOKS", 20)
    monkeypatch.setattr(heads, "SIZES", {2: (200,)})
    monkeypatch.setattr(heads, "EVALUATIONS", 2)
    monkeypatch.setattr(guard, "SHARED", tmp_path)
    own = guard._own_clips  # noqa: SLF001 - the last is the film with frames that are bad
    monkeypatch.setattr(guard, "_own_clips", lambda folder: list(own(folder))[-1:])


@pytest.mark.parametrize("part", DEMANDS)
def test_each_demand_has_a_row(part: str) -> None:
    """Whatever a part promises is measured."""
    rows = list(rows_of(part, SEED, TINY, map))

    for what, demand in DEMANDS[part].items():
        assert [row for row in rows if what in row.what and demand in row.demand], what
    assert all(row.measured for row in rows)


def test_a_seed_gives_the_same_figures_in_whatever_order_they_are_made() -> None:
    """On many processes, none waits for another."""

    def last_first(function: Callable[[Given], Made], values: Iterable[Given]) -> Iterator[Made]:
        return iter([function(one) for one in [*values][::-1]][::-1])

    first, again = (list(rows_of("verdicts", SEED, TINY, each)) for each in (map, last_first))

    assert first == again
