"""Each invariant bites: what it forbids is made so once, and the checker reports that, and only that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.support.faults.invariants import SystemRecord, check
from worker.demo.simulator import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.faults.system import System
    from worker.demo.simulator import Media


@pytest.fixture(scope="module")
def quiet(shared_system: System, media: Media, other_media: Media) -> System:
    """Return a service in which one asset was published, and once more with other content."""
    asset_id = shared_system.platform.upload(media)
    assert shared_system.settle() == []
    shared_system.platform.replace(asset_id, other_media)
    assert shared_system.settle() == []
    return shared_system


@pytest.fixture
def evidence(quiet: System) -> Iterator[SystemRecord]:
    """Return what is known of it; what a test changes in the database is rolled back."""
    with Session(quiet.engine) as session:
        yield quiet.evidence(session)


def reported(evidence: SystemRecord) -> set[str]:
    """Return the invariants that are said to be broken."""
    return {violation.invariant for violation in check(evidence)}


def last_writes(evidence: SystemRecord) -> list[JournalEntry]:
    """Return the writes to the asset that was written to last."""
    writes = [entry for entry in evidence.entries if entry.kind == "write"]
    return [entry for entry in writes if entry.asset_id == writes[-1].asset_id]


def test_nothing_is_reported_where_all_is_well(evidence: SystemRecord) -> None:
    """The two generations were written one after the other."""
    assert check(evidence) == []
    assert len({entry.thumbnail_time for entry in last_writes(evidence)}) == 2


def test_a_delivery_that_was_accepted_and_lost(evidence: SystemRecord) -> None:
    """I1: the platform heard 200, and there is no row."""
    lost = JournalEntry("delivery", status=200, event="video.asset.ready", detail={"id": "lost"})

    assert reported(replace(evidence, entries=[*evidence.entries, lost])) == {"I1"}


def test_a_write_of_an_older_generation(evidence: SystemRecord) -> None:
    """I5: and with it I4, as the platform's last write is not the newest pick."""
    writes = last_writes(evidence)

    assert reported(replace(evidence, entries=[*evidence.entries, writes[0]])) == {"I4", "I5"}
    assert reported(replace(evidence, entries=[*evidence.entries, writes[0], writes[-1]])) == {"I5"}


def test_another_picture_than_ours(evidence: SystemRecord) -> None:
    """I4: the platform shows something else than was written."""
    assert reported(replace(evidence, shown=lambda _: 0.123)) == {"I4"}


def test_what_was_seen_for_a_moment(evidence: SystemRecord) -> None:
    """I6: also where it is over by now."""
    assert reported(replace(evidence, overlaps=["asset 1 has two running jobs"])) == {"I6"}


def test_a_file_and_a_process_that_were_left(evidence: SystemRecord) -> None:
    """I8."""
    assert reported(replace(evidence, leftovers=[evidence.logs])) == {"I8"}


@pytest.mark.parametrize("what", ["a secret", "a signature"])
def test_a_secret_in_a_log(evidence: SystemRecord, what: str) -> None:
    """I9."""
    secret = {"a secret": evidence.secrets[0], "a signature": f"t=1,v1={'0a' * 32}"}[what]
    log = evidence.logs / "leak.log"
    log.write_text(f"refused {secret}")
    try:
        assert reported(evidence) == {"I9"}
    finally:
        log.unlink()


@pytest.mark.parametrize(
    ("statement", "invariants"),
    [
        pytest.param("DELETE FROM events WHERE id = 1", {"I1"}, id="an event is gone"),
        pytest.param("UPDATE jobs SET finished_at = started_at - interval '1 day'", {"I2"}, id="no job"),
        pytest.param("UPDATE assets SET generation = generation + 1", {"I3"}, id="a generation is missing"),
        pytest.param("UPDATE thumbnails SET jpeg = 'other'", {"I4"}, id="a picture was swapped"),
        pytest.param("UPDATE thumbnails SET time_s = 0.3 WHERE rank = 1", {"I4", "I5"}, id="another moment"),
        pytest.param("UPDATE jobs SET lease_until = now()", {"I8"}, id="a lease"),
        pytest.param("UPDATE job_log SET attempt = 9", {"I7"}, id="too many attempts"),
        pytest.param("UPDATE job_log SET note = 'simulated-token-secret'", {"I9"}, id="a secret in a note"),
        pytest.param(
            "DROP INDEX uq_publications_sending; UPDATE publications SET state = 'sending'",
            {"I6"},
            id="two writes",
        ),
        pytest.param(
            "DROP INDEX uq_jobs_running; UPDATE jobs SET state = 'running' WHERE state = 'completed'",
            {"I6"},
            id="two runs",
        ),
        pytest.param(
            "ALTER TABLE jobs DROP CONSTRAINT ck_jobs_attempts; UPDATE jobs SET attempt = 9",
            {"I7"},
            id="too many attempts of a job",
        ),
    ],
)
def test_a_row_that_must_not_be(evidence: SystemRecord, statement: str, invariants: set[str]) -> None:
    """What the schema forbids is made possible first."""
    evidence.session.execute(text(statement))

    assert reported(evidence) == invariants
