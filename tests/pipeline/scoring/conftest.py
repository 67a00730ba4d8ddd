"""Here the models themselves are tested, so nothing is remembered for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from worker.pipeline.scoring.models import Models


@pytest.fixture(scope="session")
def models(forgetful_models: Models) -> Models:
    """Return the bundled models, which look at every picture that they are shown."""
    return forgetful_models
