"""A write of a picture is confirmed by another name than before, and by nothing else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.platforms.simulated_account import CHOICE, clip, simulated
from worker.demo.simulator import InjectedFault
from worker.errors import PlatformUnavailable
from worker.platforms.shared import waiting

if TYPE_CHECKING:
    from pathlib import Path

    from worker.demo.simulator.library import LibraryVideo

NAMING = ["brightcove", "bunny", "peertube", "vimeo"]  # every picture gets a name of its own there


@pytest.mark.parametrize("name", NAMING)
def test_a_name_from_before_confirms_no_write(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else our own picture would be taken for somebody else's, and never be replaced again."""
    monkeypatch.setattr(waiting, "CHANGE_LIMIT_S", 0.1)
    with simulated(name) as (vendor, ours):
        before = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.write = lambda asset_id, **_: vendor.known(asset_id)  # type: ignore[method-assign]
        with pytest.raises(PlatformUnavailable, match="shows the one from before"):
            ours.write(before, CHOICE)


@pytest.mark.parametrize("name", NAMING)
def test_a_platform_that_is_behind_is_asked_again(name: str, tmp_path: Path) -> None:
    """Its caches need a moment."""
    with simulated(name) as (vendor, ours):
        before = ours.asset(vendor.upload(clip(tmp_path)))
        write = vendor.write

        def later(asset_id: str, **shown: Any) -> LibraryVideo:
            threading.Timer(0.2, write, (asset_id,), shown).start()
            return vendor.known(asset_id)

        vendor.write = later  # type: ignore[method-assign]
        written = ours.write(before, CHOICE)

        assert written == ours.asset(before.id).shown != before.shown


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_a_refused_question_does_not_say_that_nothing_was_written(tmp_path: Path, status: int) -> None:
    """These errors would say so, and the wait that was asked for is kept."""
    with simulated("bunny") as (vendor, ours):
        before = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.faults.plan(InjectedFault(status=status, retry_after="7"), method="GET")
        with pytest.raises(PlatformUnavailable, match="written, but") as caught:
            ours.write(before, CHOICE)

    assert type(caught.value) is PlatformUnavailable
    assert caught.value.retry_after_s == (7.0 if status == 429 else None)
