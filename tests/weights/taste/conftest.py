"""A small judged set, measured once for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.judged_sets import write_judged_set
from worker.weights.training.taste.features.cues import CueSource
from worker.weights.training.taste.features.examples import see
from worker.weights.training.taste.features.source import Kept
from worker.weights.training.taste.features.trunk import ActivationSource, LayerSource
from worker.weights.training.taste.judged_set import read_judged_set

if TYPE_CHECKING:
    from pathlib import Path

    from worker.weights.training.taste.features.examples import Examples

NAMES = ("boat", "cat", "dog", "fox", "hen", "owl", "pig", "rat")


@pytest.fixture(scope="session")
def judged_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write eight videos of four frames each; the clearer frame is the better."""
    return write_judged_set(tmp_path_factory.mktemp("judged") / "set", NAMES)


@pytest.fixture(scope="session")
def examples(judged_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    """Measure them, with the activations that the trunk learns from."""
    kept = Kept(tmp_path_factory.mktemp("kept"))
    videos = read_judged_set(judged_set)
    return see(videos, [LayerSource(), CueSource()], kept, lambda _done: None, ActivationSource())
