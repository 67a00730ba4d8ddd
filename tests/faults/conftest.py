"""One running service for all tests, and tiny videos."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.faults.system import System
from tests.support.faults.videos import variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.demo.simulator import Media

_NUMBERS = itertools.count()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a fault; what is not called one at its definition is quick."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("faults"):
            item.add_marker("faults")
            item.add_marker("quick")


@pytest.fixture(scope="session")
def videos(shared_dir: Path) -> list[Media]:
    """Return videos whose best moments differ."""
    return variants(shared_dir, 6)


@pytest.fixture(scope="session")
def media(videos: list[Media]) -> Media:
    """Return one of them."""
    return videos[2]


@pytest.fixture(scope="session")
def other_media(videos: list[Media]) -> Media:
    """Return another one."""
    return videos[4]


@pytest.fixture
def folder(servers_dir: Path) -> Path:
    """Return a folder of the test's own whose path is short enough for a socket."""
    folder = servers_dir / f"f{next(_NUMBERS)}"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def shared_system(servers_dir: Path) -> Iterator[System]:
    """Start the whole service once; every test leaves it quiet and whole."""
    folder = servers_dir / f"f{next(_NUMBERS)}"
    folder.mkdir()
    with System(folder) as system:
        yield system


@pytest.fixture
def system(shared_system: System) -> Iterator[System]:
    """Return the running service; after each test it must become quiet, and everything must be right."""
    before = set(shared_system.programs)
    yield shared_system
    for added in shared_system.programs.keys() - before:  # by a test that failed
        shared_system.remove(shared_system.programs[added])
    assert shared_system.settle() == []
