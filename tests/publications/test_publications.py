"""The life of a write to the platform."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, update

from tests.support.service import builders
from tests.support.service.builders import completed, event, record
from worker import publications
from worker.database import transaction
from worker.database.models import Publication
from worker.errors import LeaseLost, Overtaken, PlatformUnavailable, PublishRejected
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def published(engine: Engine, fingerprint: str = "f1", minute: int = 0) -> None:
    """Bring an asset to the point where a publication waits."""
    record(engine, event(EventKind.EDITED, minute=minute))
    completed(engine, fingerprint)


def claim_next(engine: Engine, owner: str = "test:1:publish") -> publications.PublicationClaim | None:
    """Announce what is due and claim the first of it."""
    with transaction(engine) as session:
        hints = publications.announce(session, rehint_s=60.0)
    if not hints:
        return None
    with transaction(engine) as session:
        return publications.claim(session, hints[0].id, owner, 30.0)


def claimed(engine: Engine, owner: str = "test:1:publish") -> publications.PublicationClaim:
    """Claim the publication that must be due."""
    claim = claim_next(engine, owner)
    assert claim is not None
    return claim


def test_an_accepted_write_is_remembered(engine: Engine) -> None:
    """The asset knows its published generation, and what the platform shows because of us."""
    published(engine)
    claim = claimed(engine)
    assert (claim.time_s, claim.jpeg, claim.generation) == (1.5, builders.JPEG, 1)

    with transaction(engine) as session:
        publications.confirm(session, claim, "1.5")

    assert builders.asset(engine).published_generation == 1
    assert builders.asset(engine).written == "1.5"
    assert claim_next(engine) is None


def test_only_the_newest_generation_is_written(engine: Engine) -> None:
    """A write that waits is called off when a newer one is asked for."""
    published(engine)
    published(engine, "f2", minute=1)

    assert claimed(engine).generation == 2
    assert builders.publication_states(engine) == ["superseded", "sending"]


def test_a_newer_write_waits_for_the_one_under_way(engine: Engine) -> None:
    """Two writes of one asset never cross on their way."""
    published(engine)
    first = claimed(engine)
    published(engine, "f2", minute=1)

    assert claim_next(engine) is None
    with transaction(engine) as session:
        publications.confirm(session, first, "1.5")

    second = claimed(engine)
    assert second.generation == 2
    assert second.written == "1.5"


def test_a_failed_write_makes_way_for_a_newer_one(engine: Engine) -> None:
    """It is not tried again when its picture is out of date."""
    published(engine)
    first = claimed(engine)
    published(engine, "f2", minute=1)
    with transaction(engine) as session:
        assert publications.fail(session, first, PlatformUnavailable("down")) == "superseded"

    assert claimed(engine).generation == 2


def test_a_platform_that_is_down_is_asked_again_later(engine: Engine) -> None:
    """And not at once."""
    published(engine)
    with transaction(engine) as session:
        assert publications.fail(session, claimed(engine), PlatformUnavailable("down")) == "pending"
    assert claim_next(engine) is None

    with transaction(engine) as session:
        session.execute(update(Publication).values(scheduled_at=func.now() - timedelta(hours=1)))

    assert claimed(engine).attempt == 2


def test_a_write_that_the_platform_refuses_is_not_repeated(engine: Engine) -> None:
    """Its reason is kept."""
    published(engine)
    with transaction(engine) as session:
        assert publications.fail(session, claimed(engine), PublishRejected("time is too late")) == "failed"

    assert builders.only(engine, Publication).error == "time is too late"


def test_a_publisher_that_went_silent_is_replaced_and_fenced(engine: Engine) -> None:
    """Another writes again; what the first says afterwards changes nothing."""
    published(engine)
    frozen = claimed(engine)
    with transaction(engine) as session:
        assert not publications.take_over(session)
        session.execute(update(Publication).values(lease_until=func.now() - timedelta(hours=1)))
    with transaction(engine) as session:
        assert publications.take_over(session)

    another = claimed(engine, "another:2:publish")
    with pytest.raises(LeaseLost), transaction(engine) as session:
        publications.confirm(session, frozen, "9.9")
    with transaction(engine) as session:
        publications.confirm(session, another, "1.5")
    assert builders.asset(engine).written == "1.5"


def test_a_publisher_that_stops_leaves_the_write_to_another(engine: Engine) -> None:
    """Without an attempt lost."""
    published(engine)
    with transaction(engine) as session:
        publications.give_back(session, claimed(engine))

    assert claimed(engine).attempt == 1


def test_a_deleted_asset_is_written_no_more(engine: Engine) -> None:
    """Neither what waits, nor what fails afterwards."""
    published(engine)
    record(engine, event(EventKind.DELETED, minute=5))

    assert claim_next(engine) is None
    assert builders.publication_states(engine) == ["superseded"]


def test_a_write_that_a_delete_overtook_does_not_go_out(engine: Engine) -> None:
    """Though a worker had it already; nor is it tried again."""
    published(engine)
    claim = claimed(engine)
    record(engine, event(EventKind.DELETED, minute=5))

    with pytest.raises(Overtaken), transaction(engine) as session:
        publications.begin_write(session, claim)
    with transaction(engine) as session:
        assert publications.fail(session, claim, PlatformUnavailable("down")) == "superseded"


def test_a_write_under_way_counts_for_a_generation_that_changed_nothing(engine: Engine) -> None:
    """`ready` again while the write is on its way: its confirmation counts for the newer number."""
    published(engine)
    claim = claimed(engine)
    record(engine, event(minute=1))
    job = builders.claimed(engine)
    with transaction(engine) as session:
        builders.jobs.complete_unchanged(session, job, "0.5")
    with transaction(engine) as session:
        publications.confirm(session, claim, "1.5")

    assert builders.asset(engine).published_generation == builders.asset(engine).generation == 2
