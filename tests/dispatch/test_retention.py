"""Pictures that nobody will ask for are removed; what is shown stays, and so does the tombstone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from tests.support.service import builders, measured_run
from tests.support.service.chosen_asset import choose, release
from worker import choices, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.choices import Choice, Judgement
from worker.database.inbox import WebhookEvent
from worker.database.learning import JudgeCheck, JudgeDay, JudgeVerdict
from worker.database.models import Asset, Job, Publication, StoredCandidate, Thumbnail
from worker.dispatch import retention
from worker.errors import PermanentError
from worker.platforms.event import EventKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

LONG_AGO = timedelta(days=31)
NOT_SO_LONG_AGO = timedelta(days=29)
A_WEEK = timedelta(days=7)  #: webhooks go by whole weeks


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
    retention.prune(engine, builders.make_settings(), longest_s=5.0)


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


def chosen_then_replaced(engine: Engine, request: ChoiceRequest) -> Choice:
    """Choose, show it, release, and let two more runs with other frames look; return the choice."""
    made = choose(engine, request)
    publish(engine)
    release(engine)
    for minute in (2, 3):
        measured_run.look(engine, measured_run.result(f"f{minute}", (2.0,), (4.0,)), minute=minute)
        publish(engine)
    prune(engine, LONG_AGO)
    return made.choice


def test_a_judged_choice_keeps_its_picture_and_its_vectors(engine: Engine) -> None:
    """Though nothing shows it any more, and its candidate went with the next run."""
    measured_run.look(engine, minute=1)
    publish(engine)
    (candidate,) = [row for row in builders.every(engine, StoredCandidate) if row.time_s == 3.0]

    choice = chosen_then_replaced(engine, ChoiceRequest(candidate_id=candidate.id))

    (kept,) = [row for row in builders.every(engine, Thumbnail) if row.id == choice.thumbnail_id]
    assert (kept.jpeg, kept.embedding) == (builders.SMALL_JPEG, measured_run.embedding(3.0))
    judgements = builders.every(engine, Judgement)
    assert [(row.chosen_embedding, row.other_embedding) for row in judgements] == [
        (measured_run.embedding(3.0), measured_run.embedding(time_s)) for time_s in (1.0, 5.0, 9.0)
    ]
    assert 3.0 not in {row.time_s for row in builders.every(engine, StoredCandidate)}


def test_a_choice_that_teaches_nothing_and_is_over_goes_with_the_others(engine: Engine) -> None:
    """No model has looked at what was picked."""
    choice = chosen_then_replaced(engine, ChoiceRequest(time_s=9.0))

    assert choice.thumbnail_id not in {row.id for row in builders.every(engine, Thumbnail)}


def test_a_lost_choice_keeps_its_picture_until_it_is_released(engine: Engine) -> None:
    """A person who looks at it may want to know what it was."""
    chosen = choose(engine, ChoiceRequest(time_s=50.0)).thumbnail
    assert chosen is not None
    publish(engine)
    measured_run.look(engine, measured_run.result("f2", duration_s=20.0), minute=2)
    publish(engine)

    prune(engine, LONG_AGO)
    assert chosen.id in {row.id for row in builders.every(engine, Thumbnail)}
    release(engine)
    prune(engine, LONG_AGO)
    assert chosen.id not in {row.id for row in builders.every(engine, Thumbnail)}


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


def test_old_events_and_jobs_are_removed(engine: Engine) -> None:
    """What is over for long enough goes; what is young, or not over, stays."""
    builders.record(engine, builders.event(asset_id="old"))
    builders.completed(engine)
    builders.record(engine, builders.event(asset_id="waiting"))
    with transaction(engine) as session:
        session.execute(update(Job).values(finished_at=func.now() - timedelta(days=91)))
        session.execute(update(WebhookEvent).values(received_at=func.now() - LONG_AGO - A_WEEK))
    builders.record(engine, builders.event(asset_id="young"))

    retention.prune(engine, builders.make_settings(), longest_s=5.0)

    assert builders.job_states(engine) == ["scheduled", "scheduled"]
    assert len(builders.every(engine, WebhookEvent)) == 1


def test_what_an_asset_failed_by_stays_as_long_as_it_counts_as_failed(engine: Engine) -> None:
    """So whoever finds it among the failed ones can read why; an earlier failure goes."""
    for minute in (1, 2):
        builders.record(engine, builders.event(EventKind.EDITED, minute=minute))
        builders.fail(engine, builders.claimed(engine), PermanentError("no such codec"))
    with transaction(engine) as session:
        session.execute(update(Job).values(finished_at=func.now() - timedelta(days=91)))

    retention.prune(engine, builders.make_settings(), longest_s=5.0)

    (failed,) = builders.every(engine, Job)
    assert (failed.state, failed.error, builders.asset(engine).has_failed) == (
        "discarded",
        "no such codec",
        True,
    )


def test_a_write_that_failed_keeps_its_picture(engine: Engine) -> None:
    """As long as no other was asked for."""
    with transaction(engine) as session:
        session.execute(update(Publication).values(state="failed"))
        session.execute(update(Thumbnail).values(outdated_at=func.now()))

    prune(engine, LONG_AGO)

    assert builders.publication_states(engine) == ["failed"]


def test_more_than_one_batch_goes_in_a_round(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what a busy day leaves behind does not pile up."""
    for number in range(7):
        builders.record(engine, builders.event(asset_id=f"a{number}", delivery_id=f"d{number}"))
    with transaction(engine) as session:
        session.execute(update(WebhookEvent).values(received_at=func.now() - LONG_AGO - A_WEEK))
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)

    assert retention.prune(engine, builders.make_settings(), longest_s=5.0) == 8
    assert builders.every(engine, WebhookEvent) == []


def test_a_round_ends_when_its_time_is_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest goes in the next one."""
    for number in range(3):
        builders.record(engine, builders.event(asset_id=f"a{number}", delivery_id=f"d{number}"))
    with transaction(engine) as session:
        session.execute(update(WebhookEvent).values(received_at=func.now() - LONG_AGO - A_WEEK))
    monkeypatch.setattr(retention, "BATCH_ROWS", 1)

    assert retention.prune(engine, builders.make_settings(), longest_s=0.0) == 0
    assert len(builders.every(engine, WebhookEvent)) == 4


def test_a_verdict_goes_when_no_run_has_used_it_for_as_long_as_pictures_are_kept(engine: Engine) -> None:
    """However long ago it was made."""
    now = datetime.now(UTC)
    with transaction(engine) as session:
        for key, days in (("unused", 31), ("used", 29)):
            old = {"at": now - timedelta(days=400), "used_at": now - timedelta(days=days)}
            session.add(JudgeVerdict(asset_id=1, key=key, model="m", prompt_version="1", verdict={}, **old))

    prune(engine, LONG_AGO)

    assert builders.only(engine, JudgeVerdict).key == "used"


def test_the_days_of_a_judge_go_after_a_year_and_what_it_is_worth_stays(engine: Engine) -> None:
    """More of them than go in one batch, too."""
    now = datetime.now(UTC)
    today = now.date()
    with transaction(engine) as session:
        session.add_all(JudgeDay(day=today - timedelta(days=days), requests=1) for days in (0, 364, 367))
        many = 367 + 2 * retention.BATCH_ROWS
        session.add_all(JudgeDay(day=today - timedelta(days=days)) for days in range(368, many))
        of_then = {"url": "http://judge", "model": "m", "prompt_version": "1", "sight": "lite", "who": "sam"}
        old = now - timedelta(days=4000)
        session.add(JudgeCheck(pictures=12, readings=6, say="lead", report={}, at=old, **of_then))

    prune(engine, LONG_AGO)

    with transaction(engine) as session:
        left = set(session.scalars(select(JudgeDay.day)))
    assert left == {today, today - timedelta(days=364)}
    assert builders.only(engine, JudgeCheck).say == "lead"
