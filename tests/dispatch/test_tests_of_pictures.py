"""The dispatcher looks after tests of pictures, keeps what they compared, and counts them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY
from sqlalchemy import event, func, insert, select, true, update

from tests.support.service import builders, chosen_asset
from tests.support.trials.tested_asset import (
    BEST_S,
    SECOND_S,
    count,
    found,
    let_pass,
    look_again,
    make_settings,
    published,
    start,
    stop,
    trial_of,
)
from tests.support.waiting import until
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Thumbnail
from worker.database.trials import Trial, TrialCount, Variant
from worker.dispatch import retention, row_counts
from worker.dispatch.maintenance import Maintenance

if TYPE_CHECKING:
    from sqlalchemy import Engine


def prune(engine: Engine, pictures: timedelta, tests: timedelta = timedelta(0)) -> None:
    """Apply the retention, some time later."""
    with transaction(engine) as session:
        session.execute(update(Thumbnail).values(outdated_at=Thumbnail.outdated_at - pictures))
    let_pass(engine, tests)
    retention.prune(engine, make_settings(), longest_s=5.0)


def shown(state: str) -> float | None:
    """Return what Prometheus is told."""
    return REGISTRY.get_sample_value("thumbs_trials", {"state": state})


def test_the_dispatcher_ends_and_starts_tests(engine: Engine) -> None:
    """Beside its rounds, twice a minute."""
    start(published(engine))
    with transaction(engine) as session:
        session.execute(update(Asset).values(foreign_thumbnail="7.0"))
    builders.record(engine, builders.event(asset_id="a2"))
    with transaction(engine) as session:
        jobs.complete(session, builders.claimed(engine), found())

    with Maintenance(engine, make_settings(tests="auto")):
        until(lambda: len(builders.every(engine, Trial)) > 1, 10.0)

    assert [trial.outcome for trial in builders.every(engine, Trial)] == ["foreign", None]


def test_what_a_test_compares_stays_as_long_as_the_test(engine: Engine) -> None:
    """The other pictures of its run go after a month; its own with it."""
    start(published(engine))
    look_again(engine, found("f2"))
    chosen_asset.publish(engine)
    stop(engine)

    prune(engine, pictures=timedelta(days=31))
    kept = [row.time_s for row in builders.every(engine, Thumbnail) if row.outdated_at is not None]
    assert kept == [BEST_S, SECOND_S]

    prune(engine, pictures=timedelta(0), tests=timedelta(days=731))
    retention.prune(engine, make_settings(), longest_s=5.0)
    assert builders.every(engine, Variant) == []
    assert [row for row in builders.every(engine, Thumbnail) if row.outdated_at is not None] == []


def test_counts_go_with_their_test(engine: Engine) -> None:
    """After two years; while it runs, whatever its age, nothing goes."""
    count(engine, start(published(engine)), impressions=7)

    prune(engine, timedelta(0), tests=timedelta(days=800))
    assert trial_of(engine).state == "running"

    stop(engine)
    prune(engine, timedelta(0), tests=timedelta(days=800))
    with transaction(engine) as session:
        assert session.query(TrialCount).count() == 0


def test_many_old_tests_are_removed_a_few_at_a_time(engine: Engine) -> None:
    """With each go hundreds of rows, and a statement that takes too long removes nothing, in no round."""
    start(published(engine))
    stop(engine)
    columns = [column for column in Trial.__table__.columns if column.name != "id"]
    copies = func.generate_series(1, 119).table_valued("number")
    with transaction(engine) as session:
        session.execute(insert(Trial).from_select(columns, select(*columns).join(copies, true())))
    removed: list[int] = []

    def note(_: object, cursor: Any, statement: str, *__: object) -> None:
        if "DELETE FROM trials" in statement:
            removed.append(cursor.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    prune(engine, timedelta(0), tests=timedelta(days=800))
    event.remove(engine, "after_cursor_execute", note)

    assert sum(removed) == 120
    assert max(removed) <= 50


def test_tests_are_counted_by_state(engine: Engine) -> None:
    """For the metrics."""
    start(published(engine))
    stop(engine)
    start(engine)

    with transaction(engine) as session:
        row_counts.count(session, make_settings())

    assert (shown("running"), shown("ended")) == (1, 1)
