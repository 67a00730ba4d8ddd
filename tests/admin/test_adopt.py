"""`thumbs adopt` takes what platforms show for ours, once an operator says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.support.service import builders
from tests.support.service.commands import answer
from tests.support.service.publisher_rig import PICKED_S, ready_publisher_rig
from worker.database import transaction
from worker.database.models import Asset
from worker.demo.simulator import InjectedFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.commands import Run
    from tests.support.service.publisher_rig import PublisherRig


@pytest.fixture
def rig(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PublisherRig]:
    """Return a publisher that has left a thumbnail alone, whose account the commands know too."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        for name, value in rig.vendor.variables().items():
            monkeypatch.setenv(f"MUX__MAIN__{name}", value)
        monkeypatch.setenv("ALLOW_LOOPBACK", "true")
        rig.vendor.choose(rig.asset_id, 7.72)
        assert rig.publish().state == "yielded"
        yield rig


def test_it_is_listed_and_our_pick_is_shown(rig: PublisherRig, thumbs: Run) -> None:
    """What was left alone, and what becomes of it."""
    result = thumbs("adopt", "--since", "24h", "--yes")

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            f"mux/main/{rig.asset_id}: shows 7.72, we knew of none of ours; our write is looked at again",
            "1 of 1 adopted",
        ],
    )
    assert rig.publish().state == "confirmed"
    assert rig.vendor.thumbnail_time(rig.asset_id) == PICKED_S


def test_a_dry_run_changes_nothing(rig: PublisherRig, thumbs: Run) -> None:
    """It only says what would be done."""
    document = answer(thumbs("adopt", "--since", "24h", "--dry-run", "--json"))

    (account,) = document["accounts"]
    assert (document["adopted"], account["account"], account["error"]) == (0, "mux/main", None)
    assert account["assets"] == [
        {
            "asset": f"mux/main/{rig.asset_id}",
            "shown": "7.72",
            "written": None,
            "is_yielded": True,
            "is_dated": True,
        }
    ]
    assert builders.asset(rig.engine).foreign_thumbnail == "7.72"


def test_what_may_be_from_before_the_backup_is_taken_only_if_it_is_asked_for(
    rig: PublisherRig, thumbs: Run
) -> None:
    """A person may have set it long ago, and nobody has looked since; it is listed."""
    with transaction(rig.engine) as session:
        values = {"written": "1.5", "foreign_thumbnail": None, "foreign_at": None}
        session.execute(update(Asset).values(values))

    left = thumbs("adopt", "--since", "24h", "--yes")
    known = builders.asset(rig.engine).written
    taken = thumbs("adopt", "--since", "24h", "--yes", "--undated")

    assert left.stdout.splitlines() == [
        f"mux/main/{rig.asset_id}: shows 7.72, we knew of 1.5; set before or after the backup",
        "nothing to adopt",
        "1 left out, which may have been set before the backup; --undated takes them, too",
    ]
    assert taken.stdout.splitlines()[-1] == "1 of 1 adopted"
    assert (known, builders.asset(rig.engine).written) == ("1.5", "7.72")


def test_nobody_who_can_be_asked_means_no(rig: PublisherRig, thumbs: Run) -> None:
    """What it would do is shown all the same."""
    result = thumbs("adopt", "--since", "24h")

    assert result.exit_code == 2
    assert rig.asset_id in result.stderr
    assert "add --yes" in result.stderr
    assert builders.asset(rig.engine).foreign_thumbnail == "7.72"


def test_a_list_that_cannot_be_read_fails_and_says_so(rig: PublisherRig, thumbs: Run) -> None:
    """The accounts after it are read, and it can be run again."""
    rig.vendor.faults.plan(InjectedFault(status=400), count=9)

    result = thumbs("adopt", "--since", "24h", "--yes", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["accounts"][0]["error"]


@pytest.mark.usefixtures("rig")
@pytest.mark.parametrize(
    ("since", "count"),
    [("2026-11-28", 1), ("2026-11-28T03:00Z", 1), ("2026-11-28T03:00:00+01:00", 1), ("2199-01-01", 0)],
)
def test_the_time_of_the_backup_is_written_in_any_usual_way(thumbs: Run, since: str, count: int) -> None:
    """Without a zone it is UTC."""
    document = answer(thumbs("adopt", "--since", since, "--dry-run", "--json"))

    assert len(document["accounts"][0]["assets"]) == count


@pytest.mark.parametrize("since", ["yesterday", "20261128", "26", "2026-13-01", ""])
def test_a_time_that_is_none_is_refused(thumbs: Run, since: str) -> None:
    """With an example."""
    result = thumbs("adopt", "--since", since)

    assert result.exit_code == 2
    assert "write 2026-11-28T03:00Z, or 26h" in result.stderr


def test_without_an_account_there_is_nothing_to_read(thumbs: Run) -> None:
    """And the operator is told."""
    result = thumbs("adopt", "--since", "24h", "--platform", "mux")

    assert result.exit_code == 1
    assert "no account of mux is configured" in result.stderr
