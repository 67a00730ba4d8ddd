"""`thumbs sync` finds what was missed, and says what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.simulated_account import NOWHERE, clip
from tests.support.service import builders
from tests.support.service.commands import answer
from worker.admin import backfill
from worker.cli.sync import exit_code
from worker.database.models import Job
from worker.database.states import Priority
from worker.demo.simulator import SIMULATED, InjectedFault, Simulated
from worker.platforms.shared.pagination import PAGE_SIZE
from worker.settings import Settings, get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.commands import Run


@pytest.fixture
def bunny(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """Serve a platform, and let the environment name an account at it."""
    with SIMULATED["bunny"](NOWHERE) as vendor:
        for variable, value in vendor.settings("main").items():
            monkeypatch.setenv(variable, value)
        yield vendor


def test_what_was_missed_is_told(thumbs: Run, engine: Engine, bunny: Simulated, tmp_path: Path) -> None:
    """And again: by then there are jobs."""
    bunny.upload(clip(tmp_path))
    bunny.upload(clip(tmp_path))

    first, second = thumbs("sync", "--platform", "bunny"), thumbs("sync", "--platform", "bunny")

    assert (first.exit_code, first.stdout) == (0, "bunny/main: 2 videos: 2 missed\n")
    assert (second.exit_code, second.stdout) == (0, "bunny/main: 2 videos: 2 waiting\n")
    assert [job.priority for job in builders.every(engine, Job)] == [Priority.LIVE] * 2


def test_only_what_is_new_is_looked_at(thumbs: Run, bunny: Simulated, tmp_path: Path) -> None:
    """Of a week, of the time that was given, or of all."""
    day_s = 86_400
    ages_s = [30 * day_s, 3 * day_s, 0]
    ids = [bunny.upload(clip(tmp_path)) for _ in ages_s]
    for asset_id, age_s in zip(ids, ages_s, strict=True):
        bunny.library.change(asset_id, created_at=bunny.known(asset_id).created_at - age_s)

    assert thumbs("sync", "--platform", "bunny", "--since", "1d").stdout == "bunny/main: 1 video: 1 missed\n"
    week = thumbs("sync", "--platform", "bunny").stdout
    everything = thumbs("sync", "--platform", "bunny", "--all").stdout

    assert week == "bunny/main: 2 videos: 1 missed, 1 waiting\n"
    assert everything == "bunny/main: 3 videos: 1 missed, 2 waiting\n"


def test_a_whole_library_is_a_backfill(thumbs: Run, engine: Engine, bunny: Simulated, tmp_path: Path) -> None:
    """Its jobs wait for those of new videos."""
    bunny.upload(clip(tmp_path))

    thumbs("sync", "--platform", "bunny", "--all")

    assert builders.only(engine, Job).priority == Priority.BACKFILL


def test_the_document_has_every_count(thumbs: Run, bunny: Simulated, tmp_path: Path) -> None:
    """Also those that are zero, for programs."""
    bunny.upload(clip(tmp_path))

    document = answer(thumbs("sync", "--platform", "bunny", "--account", "main", "--json"))

    found = dict.fromkeys(["known", "changed", "waiting", "failed", "unready", "deleted"], 0) | {"missed": 1}
    account = {"account": "bunny/main", "found": found}
    stopped = {"error": None, "retry_after_s": None, "is_interrupted": False, "resume": None}
    assert document == {"accounts": [account | stopped]}


def test_a_platform_that_asks_for_an_hour_is_not_waited_for(thumbs: Run, bunny: Simulated) -> None:
    """The command ends at once, and says when to come again."""
    bunny.faults.plan(InjectedFault(status=429, retry_after="3600"), path="videos")

    result = thumbs("sync", "--platform", "bunny")

    assert result.exit_code == 1
    assert result.stdout.startswith("bunny/main: nothing was read\n")
    assert "it asks to wait 1 h" in result.stdout
    assert len(bunny.journal.entries("fault")) == 1


def test_a_cancelled_video_is_not_asked_for_again(
    thumbs: Run, engine: Engine, bunny: Simulated, tmp_path: Path
) -> None:
    """Whoever cancelled it does not want it; `thumbs requeue` does."""
    bunny.upload(clip(tmp_path))
    thumbs("sync", "--platform", "bunny")
    thumbs("cancel", "1", "--yes")

    assert thumbs("sync", "--platform", "bunny").stdout == "bunny/main: 1 video: 1 failed\n"
    assert builders.job_states(engine) == ["cancelled"]


def test_a_platform_that_fails_in_the_middle_leaves_a_page_to_go_on_with(
    thumbs: Run, bunny: Simulated, tmp_path: Path
) -> None:
    """Exit code 1, and a second run does the rest."""
    media = clip(tmp_path)
    for _ in range(PAGE_SIZE + 1):
        bunny.upload(media)
    bunny.faults.plan(InjectedFault(), path="videos")
    bunny.faults.plan(InjectedFault(status=401), path="videos")

    failed = thumbs("sync", "--platform", "bunny")
    resumed = thumbs("sync", "--platform", "bunny", "--account", "main", "--resume", "2")

    assert failed.exit_code == 1
    assert f"{PAGE_SIZE} missed" in failed.stdout
    assert "BUNNY__MAIN__API_KEY" in failed.stdout
    assert "go on with --account main --resume 2" in failed.stdout
    assert (resumed.exit_code, resumed.stdout) == (0, "bunny/main: 1 video: 1 missed\n")


def test_an_interruption_says_where_to_go_on(engine: Engine, bunny: Simulated, tmp_path: Path) -> None:
    """What was found until then has its jobs."""
    media = clip(tmp_path)
    for _ in range(PAGE_SIZE + 1):
        bunny.upload(media)

    def interrupt(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    get_settings.cache_clear()
    wanted = backfill.ReconcileRequest("bunny", is_all=True)
    (outcome,) = backfill.reconcile_accounts(engine, wanted, Settings.read(), interrupt)

    assert (outcome.is_interrupted, outcome.resume) == (True, "2")
    assert exit_code([outcome]) == 130
    assert len(builders.every(engine, Job)) == PAGE_SIZE


@pytest.mark.usefixtures("bunny")
@pytest.mark.parametrize(
    ("words", "reason", "code"),
    [
        (["--platform", "bunny", "--since", "1d", "--all"], "not both", 2),
        (["--platform", "youtube"], "there is no platform 'youtube'; there are:", 1),
        (["--platform", "vimeo"], "no account of vimeo is configured", 1),
        (["--platform", "bunny", "--account", "other"], "no account 'other' of bunny is configured", 1),
        (["--platform", "bunny", "--resume", "x"], "'x' is no page", 1),
        ([], "--platform", 2),
    ],
)
def test_a_wrong_wish_is_refused_with_the_remedy(
    thumbs: Run, words: list[str], reason: str, code: int
) -> None:
    """And nothing is asked of the platform."""
    result = thumbs("sync", *words)

    assert result.exit_code == code
    assert reason in result.output
