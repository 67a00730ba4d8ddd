"""Pictures that nobody will ask for are removed; what is shown stays, and so does the tombstone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, update

from tests.support.service import builders
from worker import choices, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Choice, Publication, StoredCandidate, Thumbnail
from worker.dispatch import retention
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

LONG_AGO = timedelta(days=31)
NOT_SO_LONG_AGO = timedelta(days=29)


def publish(engine: Engine) -> None:
    """Write what is due."""
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, "test:1:publish", builders.LEASE_S)
        assert claim is not None
        publications.confirm(session, claim, str(claim.time_s))


def edit(engine: Engine, minute: int) -> None:
    """Let an edit be looked at."""
    builders.record(engine, builders.event(EventKind.EDITED, minute=minute))
    builders.completed(engine, f"f{minute}")


def prune(engine: Engine, age: timedelta) -> None:
    """Apply the retention, some time later."""
    with transaction(engine) as session:
        session.execute(update(Thumbnail).values(outdated_at=Thumbnail.outdated_at - age))
        retention.prune(session, builders.make_settings())


def generations(engine: Engine) -> list[int]:
    """Of every thumbnail that is left."""
    return [row.generation for row in builders.every(engine, Thumbnail)]


@pytest.fixture(autouse=True)
def _published(engine: Engine) -> None:
    builders.record(engine, builders.event())
    builders.completed(engine)
    publish(engine)


def test_thumbnails_of_older_runs_go_after_a_while(engine: Engine) -> None:
    """Pages may show them for some time; the newest ones stay for good."""
    edit(engine, 1)
    publish(engine)
    edit(engine, 2)
    publish(engine)

    prune(engine, NOT_SO_LONG_AGO)
    assert generations(engine) == [1, 2, 3]

    prune(engine, LONG_AGO)
    assert generations(engine) == [3]


def test_what_is_published_stays_though_there_is_something_newer(engine: Engine) -> None:
    """The platform takes no new write at present."""
    edit(engine, 1)
    edit(engine, 2)

    prune(engine, LONG_AGO)

    assert generations(engine) == [1, 3]


def test_what_was_chosen_stays(engine: Engine) -> None:
    """Also a choice that was published long ago."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        chosen = choices.choose(session, asset, ChoiceRequest(time_s=9.0), "ada@host", "").thumbnail
    assert chosen is not None
    edit(engine, 1)
    edit(engine, 2)

    prune(engine, LONG_AGO)

    assert builders.only(engine, Choice).thumbnail_id in {row.id for row in builders.every(engine, Thumbnail)}


def delete(engine: Engine, age: timedelta) -> None:
    """Let the asset be deleted, some time ago."""
    builders.record(engine, builders.event(EventKind.DELETED, minute=5))
    with transaction(engine) as session:
        session.execute(update(Asset).values(deleted_at=func.now() - age))


def test_a_deleted_asset_keeps_its_pictures_for_a_while(engine: Engine) -> None:
    """It may come back."""
    delete(engine, NOT_SO_LONG_AGO)
    prune(engine, timedelta())

    assert len(builders.every(engine, Thumbnail)) == len(builders.every(engine, StoredCandidate)) == 1


def test_a_deleted_asset_leaves_a_tombstone_only(engine: Engine) -> None:
    """What arrives late is still ignored."""
    delete(engine, LONG_AGO)
    prune(engine, timedelta())

    assert builders.every(engine, Thumbnail) == builders.every(engine, StoredCandidate) == []
    assert builders.every(engine, Publication) == []
    assert builders.record(engine, builders.event(minute=-60 * 24 * 365))[0].outcome == "ignored"


def test_a_restored_asset_works_after_its_pictures_were_pruned(engine: Engine) -> None:
    """Ready again, later than the deletion: it is picked and published anew."""
    delete(engine, LONG_AGO)
    prune(engine, timedelta())

    builders.record(engine, builders.event(minute=60 * 24 * 365))
    builders.completed(engine, "restored")
    publish(engine)

    asset = builders.asset(engine)
    assert (asset.deleted_at, asset.published_generation) == (None, asset.generation)
    assert len(builders.every(engine, Thumbnail)) == 1
