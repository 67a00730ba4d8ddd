"""The bucket as fixtures, for the rooms whose tests need one; their `conftest.py` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.picture_shelf import Shelf
from tests.support.platforms.picture_shelf import shelf as served_shelf

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served() -> Iterator[Shelf]:
    """Serve one bucket for a file's tests."""
    with served_shelf() as found:
        yield found


@pytest.fixture
def shelf(served: Shelf) -> Iterator[Shelf]:
    """Return it, reachable and empty."""
    served.mend()
    yield served
    served.mend()
    served.empty()
