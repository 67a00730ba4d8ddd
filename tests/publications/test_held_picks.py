"""Picks that are flagged as unsafe are not written before a person has chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.service import builders
from tests.support.service.measured_run import look, result
from tests.support.trials import tested_asset
from worker import choices, jobs, publications
from worker.choices import ChoiceRequest
from worker.database import transaction
from worker.database.models import Asset, Publication, Thumbnail
from worker.platforms.event import EventKind
from worker.publications.holding import WAITS
from worker.trials import starting

if TYPE_CHECKING:
    from sqlalchemy import Engine

ANNA = "anna@example.com"


def flagged(fingerprint: str = "f1", *, is_held: bool = True) -> jobs.Result:
    """Return what a job found of a video in which every pick is flagged."""
    found = tested_asset.found(fingerprint, is_flagged=True, is_held=is_held)
    for thumbnail in found.thumbnails:
        thumbnail.reasons = ["unsafe", "sharpness"]
    return found


def write_next(engine: Engine, written: str) -> None:
    """Let what is due be written to the platform."""
    with transaction(engine) as session:
        (hint,) = publications.announce(session, rehint_s=60.0)
    with transaction(engine) as session:
        claim = publications.claim(session, hint.id, "test:1:publish", 30.0)
        assert claim is not None
        publications.confirm(session, claim, written)


def nothing_is_due(engine: Engine) -> bool:
    """Whether no write waits."""
    with transaction(engine) as session:
        return not publications.announce(session, rehint_s=60.0)


def choose(engine: Engine, time_s: float) -> None:
    """Let a person choose a moment of the only asset."""
    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=time_s), ANNA, "")


def look_again(engine: Engine, shown: str | None) -> None:
    """Let a look find the same content, and that the platform shows this."""
    builders.record(engine, builders.event(EventKind.EDITED, minute=5))
    claim = builders.claimed(engine)
    with transaction(engine) as session:
        jobs.complete_unchanged(session, claim, shown)


def test_a_flagged_pick_is_not_written_and_its_write_says_why(engine: Engine) -> None:
    """No machine is waited for, so nobody is called because of it."""
    look(engine, flagged())

    assert nothing_is_due(engine)
    (write,) = builders.every(engine, Publication)
    assert (write.state, write.error_class, write.error) == ("superseded", "Flagged", WAITS)
    asset = builders.asset(engine)
    assert (asset.is_flagged, asset.is_held, asset.has_failed) == (True, True, False)
    assert (asset.unpublished_since, asset.published_generation) == (None, 0)


def test_what_the_platform_shows_already_stays(engine: Engine) -> None:
    """Also when somebody removes it there, and the next look finds that."""
    look(engine)
    write_next(engine, "1.0")

    look(engine, flagged("f2"), minute=1)
    assert nothing_is_due(engine)
    assert builders.asset(engine).written == "1.0"

    look_again(engine, shown=None)
    assert nothing_is_due(engine)
    assert builders.asset(engine).unpublished_since is None


def test_what_waits_of_an_earlier_run_is_called_off(engine: Engine) -> None:
    """It shows content that is not there any more."""
    look(engine)

    look(engine, flagged("f2"), minute=1)

    assert nothing_is_due(engine)


def test_a_persons_choice_is_written_and_its_release_is_held_again(engine: Engine) -> None:
    """Whoever chose it has seen it; without the choice, there is only what is flagged."""
    look(engine, flagged())

    choose(engine, 5.0)
    write_next(engine, "5.0")
    assert builders.asset(engine).published_generation == 1

    with transaction(engine) as session:
        asset = session.get_one(Asset, 1, with_for_update=True)
        choices.release(session, asset, ANNA, "")
    assert nothing_is_due(engine)
    assert builders.asset(engine).written == "5.0"


@pytest.mark.parametrize("time_s", [1.0, 3.0])
def test_a_chosen_picture_says_that_it_is_flagged(engine: Engine, time_s: float) -> None:
    """A pick and another frame alike, at once, and not only when the next run has cut it."""
    look(engine, flagged())

    choose(engine, time_s)

    assert builders.every(engine, Thumbnail)[-1].reasons == ["chosen", "unsafe"]


def test_a_chosen_frame_says_that_it_lost_for_being_unsafe(engine: Engine) -> None:
    """Though the video has safe ones, which were picked; and those say nothing of it."""
    found = tested_asset.found()
    found.candidates[-1].lost_because = "unsafe, says the judge"
    look(engine, found)

    choose(engine, found.candidates[-1].time_s)
    assert builders.every(engine, Thumbnail)[-1].reasons == ["chosen", "unsafe"]

    choose(engine, found.candidates[-2].time_s)
    assert builders.every(engine, Thumbnail)[-1].reasons == ["chosen"]


def test_a_choice_outlasts_a_look_that_flags_every_pick(engine: Engine) -> None:
    """It is carried on as ever."""
    look(engine)
    choose(engine, 5.0)

    look(engine, flagged("f1"), minute=1)

    write_next(engine, "5.0")


def test_where_flagged_pictures_may_be_published_they_are(engine: Engine) -> None:
    """And the asset says that they are flagged."""
    look(engine, flagged(is_held=False))

    write_next(engine, "1.0")

    asset = builders.asset(engine)
    assert (asset.is_flagged, asset.published_generation) == (True, 1)


def test_who_looked_at_it_before_it_was_flagged_is_asked_again(engine: Engine) -> None:
    """The same frame of the same content; but nobody has decided about the flag."""
    look(engine)
    with transaction(engine) as session:
        session.get_one(Asset, 1).reviewed_at = builders.NOON

    look(engine, flagged("f1"), minute=1)
    assert builders.asset(engine).reviewed_at is None

    with transaction(engine) as session:
        session.get_one(Asset, 1).reviewed_at = builders.NOON
    look(engine, flagged("f1"), minute=2)
    assert builders.asset(engine).reviewed_at is not None


def test_other_content_is_written_again(engine: Engine) -> None:
    """Nothing is held any more."""
    look(engine, flagged())

    look(engine, result("f2"), minute=1)

    write_next(engine, "1.0")
    asset = builders.asset(engine)
    assert (asset.is_flagged, asset.is_held, asset.published_generation) == (False, False, 2)


@pytest.mark.parametrize("is_held", [True, False])
def test_no_test_shows_viewers_what_is_held(engine: Engine, *, is_held: bool) -> None:
    """Unless flagged pictures may be published."""
    look(engine, flagged(is_held=is_held))

    if is_held:
        with pytest.raises(starting.TrialRefused, match="flagged as unsafe"):
            tested_asset.start(engine)
    else:
        assert tested_asset.start(engine).kind == "viewers"
