"""A decode process, shared by the tests that harm none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from worker.pipeline.sandbox.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    """Return one warm decoder for the run."""
    with Decoder() as decoder:
        yield decoder
