"""The programs that the benchmark of speed times in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.speed.speed import fresh
from tests.support.media import clips

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("speed.scan_cost", ["scan"]),
        ("speed.scan_cost", ["decode"]),
        ("speed.our_method", ["before-clip"]),
        ("pickers.seed_method", []),
    ],
    ids=["scan", "decode", "ours", "seed"],
)
def test_every_program_runs_and_says_what_it_took(tmp_path: Path, program: str, arguments: list[str]) -> None:
    """A name that does not exist any more would end the benchmark after minutes."""
    clip = clips.write_plain(tmp_path / "a.mp4")

    assert fresh(program, *arguments, clip)
