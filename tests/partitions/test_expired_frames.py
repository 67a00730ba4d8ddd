"""A video whose filmstrip is no longer kept keeps its thumbnails; people are told what they can still do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, text

from tests.support.review.signed_in import signed_in
from tests.support.service import builders
from tests.support.service.commands import picked
from worker.database import transaction
from worker.database.models import StoredCandidate
from worker.dispatch import row_counts

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.service.commands import Run


@pytest.fixture(autouse=True)
def _expired(engine: Engine) -> None:
    picked(engine, "a1")
    with transaction(engine) as session:
        session.execute(delete(StoredCandidate))


def test_show_says_that_frames_are_no_longer_kept(thumbs: Run) -> None:
    """And how to get new ones."""
    said = " ".join(thumbs("show", "a1").stdout.split())

    assert "no longer kept (CANDIDATES_RETENTION_DAYS)" in said
    assert "`thumbs requeue mux/main/a1` looks again" in said


def test_a_number_cannot_be_chosen_but_a_pick_and_a_moment_can(thumbs: Run) -> None:
    """The refusal says so."""
    refused = thumbs("choose", "a1", "--candidate", "2")

    assert refused.exit_code == 1
    assert "no longer kept; choose a moment with --time" in refused.stderr
    assert thumbs("choose", "a1", "--candidate", "1").exit_code == 0
    assert thumbs("choose", "a1", "--time", "3").exit_code == 0


def test_the_page_says_so_too(engine: Engine) -> None:
    """In the place of the strip."""
    page = signed_in(engine).get("/a/1")

    assert page.status_code == 200
    assert "The frames of the last run are no longer kept." in page.text


def test_metrics_tell_of_rows_without_a_partition(engine: Engine) -> None:
    """And until when there are partitions."""
    with transaction(engine) as session:
        session.execute(text("UPDATE job_log SET at = now() + interval '1 year'"))
    with transaction(engine) as session:
        row_counts.count(session, builders.make_settings())

    assert REGISTRY.get_sample_value("thumbs_stray_rows", {"table": "job_log"}) == 1
    assert REGISTRY.get_sample_value("thumbs_stray_rows", {"table": "events"}) == 0
    assert (REGISTRY.get_sample_value("thumbs_partitions_end_timestamp") or 0) > 0
