"""Case 30: everything at once, at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import storm

if TYPE_CHECKING:
    from pathlib import Path

SEED = 1


@pytest.mark.faults
def test_nothing_is_lost_in_a_small_storm(folder: Path) -> None:
    """Three hundred webhooks and twelve kills; `python -m tests.faults.storm` does as many as you like."""
    told, found = storm.run(folder, SEED, deliveries=300, kills=12)

    print(told)
    assert found == []
