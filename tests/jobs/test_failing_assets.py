"""People find the assets for which something was given up, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.chosen_asset import choose, claimed, edit, publish
from worker import jobs, publications
from worker.database import transaction
from worker.errors import DownloadFailed, PublishRejected, UnreadableVideo
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


def has_failed(engine: Engine) -> bool:
    """Tell whether the only asset is among those."""
    return builders.asset(engine).has_failed


def given_up(engine: Engine) -> None:
    """Let an asset's job be given up."""
    builders.record(engine, builders.event())
    assert builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video")) == "discarded"


def write_given_up(engine: Engine) -> None:
    """Let the write of an asset's pick be given up."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    with transaction(engine) as session:
        assert publications.fail(session, claimed(engine), PublishRejected("no right to write")) == "failed"


def test_a_job_that_is_tried_again_has_not_failed(engine: Engine) -> None:
    """It passes by itself."""
    builders.record(engine, builders.event())

    assert builders.fail(engine, builders.claimed(engine), DownloadFailed("x")) == "retryable"

    assert not has_failed(engine)


def test_a_job_that_was_given_up_counts_until_a_newer_one_is_done(engine: Engine) -> None:
    """To ask for it is not enough."""
    given_up(engine)
    assert has_failed(engine)

    builders.record(engine, builders.event(minute=1))
    claim = builders.claimed(engine)
    assert has_failed(engine)
    with transaction(engine) as session:
        jobs.complete(session, claim, builders.result())
    assert not has_failed(engine)


def test_a_job_that_a_newer_one_overtook_tells_nothing(engine: Engine) -> None:
    """The failure stays until the newer one ends."""
    given_up(engine)
    builders.record(engine, builders.event(minute=1))
    overtaken = builders.claimed(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=2))
    with transaction(engine) as session:
        assert jobs.complete(session, overtaken, builders.result()) == "superseded"

    assert has_failed(engine)


@pytest.mark.parametrize("is_deletion", [True, False])
def test_work_that_was_called_off_has_not_failed(engine: Engine, *, is_deletion: bool) -> None:
    """By the platform's deletion, or by an operator."""
    given_up(engine)
    builders.record(engine, builders.event(minute=1))

    if is_deletion:
        builders.record(engine, builders.event(EventKind.DELETED, minute=2))
    else:
        with transaction(engine) as session:
            jobs.cancel_for_operator(session, 1, "ada@host", "")

    assert not has_failed(engine)


def test_a_look_that_finds_nothing_new_ends_the_failure(engine: Engine) -> None:
    """The content is what the thumbnails were made from."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    publish(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video"))
    assert has_failed(engine)

    builders.record(engine, builders.event(EventKind.UPDATED, minute=2))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claim, "1.5")

    assert not has_failed(engine)


def test_a_write_that_was_given_up_counts_until_another_is_asked_for(engine: Engine) -> None:
    """A choice asks for one."""
    write_given_up(engine)
    assert has_failed(engine)

    choose(engine)

    assert not has_failed(engine)


def test_a_write_that_was_given_up_counts_until_a_newer_run_asks_for_its_own(engine: Engine) -> None:
    """Whose pick is to be shown now."""
    write_given_up(engine)

    edit(engine, 1, "f2")

    assert not has_failed(engine)


def test_a_write_that_is_looked_at_again_has_not_failed(engine: Engine) -> None:
    """As `thumbs resend` does; when it fails again, it counts again."""
    write_given_up(engine)

    with transaction(engine) as session:
        asset = session.get_one(builders.Asset, 1, with_for_update=True)
        assert publications.ask_again(session, asset)
    assert not has_failed(engine)
    with transaction(engine) as session:
        publications.fail(session, claimed(engine), PublishRejected("no right to write"))
    assert has_failed(engine)


def test_an_accepted_write_does_not_hide_a_job_that_was_given_up(engine: Engine) -> None:
    """Newer content could not be looked at, while the older pick was on its way."""
    builders.record(engine, builders.event())
    builders.completed(engine)
    writing = claimed(engine)
    builders.record(engine, builders.event(EventKind.EDITED, minute=1))
    builders.fail(engine, builders.claimed(engine), UnreadableVideo("no video"))

    with transaction(engine) as session:
        publications.confirm(session, writing, "1.5")

    assert has_failed(engine)


def test_each_failure_has_its_time_so_that_one_that_was_found_fine_can_be_told_from_a_newer(
    engine: Engine,
) -> None:
    """To fail once more is news; to be asked for is not; to be done ends it."""
    given_up(engine)
    first = builders.asset(engine).failed_at
    assert first is not None

    builders.record(engine, builders.event(minute=1))
    claim = builders.claimed(engine)
    assert builders.asset(engine).failed_at == first
    builders.fail(engine, claim, UnreadableVideo("no video"))
    second = builders.asset(engine).failed_at
    assert second is not None
    assert second > first

    builders.record(engine, builders.event(minute=2))
    builders.completed(engine)
    assert builders.asset(engine).failed_at is None
    with transaction(engine) as session:
        publications.fail(session, claimed(engine), PublishRejected("no right to write"))
    assert builders.asset(engine).failed_at is not None
