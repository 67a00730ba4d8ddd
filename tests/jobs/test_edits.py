"""What a job knows of the edits that made it: the right thing, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, null, select

from tests.support.service import builders
from worker import jobs
from worker.database import transaction
from worker.database.models import Asset, Job
from worker.errors import DownloadFailed
from worker.platforms.event import Event, EventKind
from worker.timeline import Range, Timeline

if TYPE_CHECKING:
    from sqlalchemy import Engine

HEAD_OFF = ((2.0, 10.0),)
TAIL_OFF = ((0.0, 5.0),)
BOTH_OFF = Timeline.of([Range(2.0, 7.0)])


def edit(minute: int, *ranges: tuple[float, float], kind: str = "trimmed", **values: Any) -> Event:
    """An editor's event, `minute` minutes after noon."""
    name = "order" if kind == "reordered" else "kept"
    told = [{"start_s": start_s, "end_s": end_s} for start_s, end_s in ranges]
    return builders.event(EventKind.EDITED, minute=minute, detail={"kind": kind, name: told}, **values)


def test_a_job_that_knows_of_no_edit_stores_nothing(engine: Engine) -> None:
    """And not JSON's null, which takes room in each row and is not found by IS NULL."""
    builders.record(engine, builders.event())
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).where(Job.edit.is_(null()))) == 1


def knowledge(engine: Engine) -> Timeline | None:
    """What the next claimed job may use, and what was done to it."""
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        found = jobs.earlier_candidates(session, claim, "f2")
    return None if found is None else found[0]


@pytest.fixture(autouse=True)
def _analysed(engine: Engine) -> None:
    builders.record(engine, builders.event())
    builders.completed(engine)


class TestAnEditIsUsed:
    """Where it is known what the stored candidates became."""

    def test_when_it_is_the_only_one(self, engine: Engine) -> None:
        """The plain case."""
        builders.record(engine, edit(1, *HEAD_OFF))
        assert knowledge(engine) == Timeline.of([Range(2.0, 10.0)])

    def test_when_parts_play_in_another_order(self, engine: Engine) -> None:
        """The ranges stand in the order in which they play now."""
        builders.record(engine, edit(1, (5.0, 10.0), (0.0, 5.0), kind="reordered"))
        assert knowledge(engine) == Timeline.of([Range(5.0, 10.0), Range(0.0, 5.0)])

    def test_together_with_the_one_that_waits(self, engine: Engine) -> None:
        """The second one's ranges are of what the first one left."""
        builders.record(engine, edit(1, *HEAD_OFF))
        builders.record(engine, edit(2, *TAIL_OFF))
        assert knowledge(engine) == BOTH_OFF

    def test_together_with_the_one_that_is_being_looked_at(self, engine: Engine) -> None:
        """Nobody will store that one's result."""
        builders.record(engine, edit(1, *HEAD_OFF))
        overtaken = builders.claimed(engine)
        builders.record(engine, edit(2, *TAIL_OFF))
        with transaction(engine) as session:
            assert jobs.complete(session, overtaken, builders.result("f2")) == "superseded"
        assert knowledge(engine) == BOTH_OFF

    def test_after_the_attempt_failed(self, engine: Engine) -> None:
        """The same job is tried again, and knows what it knew."""
        builders.record(engine, edit(1, *HEAD_OFF))
        with transaction(engine) as session:
            jobs.fail(session, builders.claimed(engine), DownloadFailed("broken off"))
        builders.record(engine, edit(2, *TAIL_OFF))
        assert knowledge(engine) == BOTH_OFF

    def test_when_something_else_about_the_asset_changed_too(self, engine: Engine) -> None:
        """A platform tells of every edit by an update of its own, before or after."""
        builders.record(engine, builders.event(EventKind.UPDATED, minute=1))
        builders.record(engine, edit(2, *HEAD_OFF))
        builders.record(engine, builders.event(EventKind.UPDATED, minute=3))
        assert knowledge(engine) == Timeline.of([Range(2.0, 10.0)])


class TestNothingIsKnown:
    """The whole video is looked at, because the ranges may be of something else."""

    def test_of_an_edit_that_does_not_tell_its_ranges(self, engine: Engine) -> None:
        """Nor of what is done to the video afterwards."""
        builders.record(engine, builders.event(EventKind.EDITED, minute=1, detail={"kind": "trimmed"}))
        builders.record(engine, edit(2, *HEAD_OFF))
        assert knowledge(engine) is None

    def test_of_a_clip(self, engine: Engine) -> None:
        """Its ranges are of another video."""
        builders.record(engine, edit(1, *HEAD_OFF, kind="clipped"))
        assert knowledge(engine) is None

    @pytest.mark.parametrize("minute", [1, 3])
    def test_after_the_file_was_made_anew(self, engine: Engine, minute: int) -> None:
        """A READY tells of content that nobody described, before an edit or after it."""
        events = [edit(2, *HEAD_OFF), builders.event(minute=minute)]
        for event in sorted(events, key=lambda event: event.happened_at or builders.NOON):
            builders.record(engine, event)
        assert knowledge(engine) is None

    def test_after_an_operator_asked_for_everything_anew(self, engine: Engine) -> None:
        """A requeue looks at the whole video."""
        builders.record(engine, edit(1, *HEAD_OFF))
        with transaction(engine) as session:
            jobs.requeue(session, builders.asset(engine).id, "sam", "", builders.make_settings())
        assert knowledge(engine) is None

    @pytest.mark.parametrize("minute", [1, 2])
    def test_after_an_edit_came_late(self, engine: Engine, minute: int) -> None:
        """Its ranges are of the video before the newer edit; of two at once, nobody knows the order."""
        builders.record(engine, edit(2, *HEAD_OFF))
        builders.record(engine, edit(minute, *TAIL_OFF, delivery_id="late"))
        assert knowledge(engine) is None

    def test_after_an_edit_was_given_up(self, engine: Engine) -> None:
        """The stored candidates are of the content before that edit, the ranges of the content after it."""
        builders.record(engine, edit(1, *HEAD_OFF))
        with transaction(engine) as session:
            jobs.fail(session, builders.claimed(engine), ValueError("broken"))
            session.query(Job).filter(Job.state == "retryable").update({"state": "discarded"})
        builders.record(engine, edit(2, *TAIL_OFF))
        assert knowledge(engine) is None

    def test_after_the_asset_was_deleted_and_came_back(self, engine: Engine) -> None:
        """What came back may be another video."""
        builders.record(engine, builders.event(EventKind.DELETED, minute=1))
        builders.record(engine, edit(2, *HEAD_OFF))
        assert knowledge(engine) is None

    def test_while_a_look_has_found_new_content(self, engine: Engine) -> None:
        """The edit is of that, and the stored candidates are of what was before."""
        builders.record(engine, builders.event(EventKind.UPDATED, minute=1))
        with transaction(engine) as session:
            look = jobs.content_changed(session, builders.claimed(engine))
        builders.record(engine, edit(2, *HEAD_OFF))
        with transaction(engine) as session:
            assert jobs.complete(session, look, builders.result("f2")) == "superseded"
        assert knowledge(engine) is None

    def test_of_candidates_that_are_not_those_of_then(self, engine: Engine) -> None:
        """An edit starts from one run's candidates, and fits no other's."""
        builders.record(engine, edit(1, *HEAD_OFF))
        claim = builders.claimed(engine)
        assert claim.edit is not None
        other = replace(claim, edit={**claim.edit, "of": claim.edit["of"] + 1})
        with transaction(engine) as session:
            assert jobs.earlier_candidates(session, claim, "f2") is not None
            assert jobs.earlier_candidates(session, other, "f2") is None

    @pytest.mark.parametrize(
        "stored",
        [
            {"of": 1},
            {"of": "1", "ranges": [[0.0, 1.0]]},
            {"of": 1, "ranges": []},
            {"of": 1, "ranges": [[0.0]]},
            {"of": 1, "ranges": [["a", "b"]]},
            {"of": 1, "ranges": [[1.0, 0.5]]},
        ],
    )
    def test_of_what_another_version_stored_in_its_own_way(
        self, engine: Engine, stored: dict[str, Any]
    ) -> None:
        """Nor of what is done to the video on top of that."""
        builders.record(engine, edit(1, *HEAD_OFF))
        with transaction(engine) as session:
            session.query(Job).filter(Job.state == "scheduled").update({"edit": stored})
        builders.record(engine, edit(2, *TAIL_OFF))
        assert builders.every(engine, Job)[-1].edit is None
        with transaction(engine) as session:
            session.query(Job).filter(Job.state == "scheduled").update({"edit": stored})
        assert knowledge(engine) is None

    def test_when_edits_add_up_to_too_many_parts(self, engine: Engine) -> None:
        """What cannot be composed is forgotten."""
        builders.record(engine, edit(1, *((2.0 * n, 2.0 * n + 1.0) for n in range(900))))
        builders.record(engine, edit(2, (0.0, 900.0), (0.0, 900.0)))
        assert knowledge(engine) is None


class TestAnotherModel:
    """`requeue` with a model judges again what is stored."""

    def requeue(self, engine: Engine, model: str | None = "other") -> None:
        """Ask for it."""
        with transaction(engine) as session:
            asset_id = session.query(Asset.id).scalar()
            jobs.requeue(session, asset_id, "sam", "", builders.make_settings(), model=model)

    def test_uses_the_candidates_of_the_same_content(self, engine: Engine) -> None:
        """And no others: once the content differs, they say nothing."""
        self.requeue(engine)
        claim = builders.claimed(engine)
        assert claim.model == "other"
        with transaction(engine) as session:
            assert jobs.earlier_candidates(session, claim, "f1") is not None
            assert jobs.earlier_candidates(session, claim, "f2") is None

    def test_keeps_what_is_known_of_an_edit(self, engine: Engine) -> None:
        """Whichever came first; the model stays asked for."""
        builders.record(engine, edit(1, *HEAD_OFF))
        self.requeue(engine)
        builders.record(engine, edit(2, *TAIL_OFF))
        assert builders.every(engine, Job)[-1].model == "other"
        assert knowledge(engine) == BOTH_OFF
