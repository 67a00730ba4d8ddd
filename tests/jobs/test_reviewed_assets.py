"""A run says what a person should know of an asset, and shows it again where its content changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.service.measured_run import look, result
from worker import choices
from worker.choices import ChoiceRequest
from worker.database import transaction

if TYPE_CHECKING:
    from sqlalchemy import Engine


def confirm(engine: Engine) -> None:
    """Let somebody note that the only asset is fine."""
    with transaction(engine) as session:
        asset = session.get_one(builders.Asset, 1)
        asset.reviewed_at, asset.reviewed_by = builders.NOON, "anna@example.com"


def test_the_newest_run_says_how_sure_it_is_and_whether_it_found_a_good_frame(engine: Engine) -> None:
    """What an older one said is forgotten."""
    look(engine, result(pick_gap=0.05, is_noted=True))
    asset = builders.asset(engine)
    assert (asset.pick_gap, asset.is_noted) == (0.05, True)

    look(engine, result(), minute=1)
    asset = builders.asset(engine)
    assert (asset.pick_gap, asset.is_noted) == (None, False)


def test_an_asset_is_to_be_reviewed_again_once_it_has_other_content(engine: Engine) -> None:
    """A look at the same content changes nothing that the person has seen."""
    look(engine)
    confirm(engine)

    look(engine, result("f1"), minute=1)
    asset = builders.asset(engine)
    assert (asset.reviewed_at, asset.reviewed_by) == (builders.NOON, "anna@example.com")

    look(engine, result("f2"), minute=2)
    asset = builders.asset(engine)
    assert (asset.reviewed_at, asset.reviewed_by) == (None, None)


def test_an_asset_is_to_be_reviewed_again_once_it_shows_another_pick(engine: Engine) -> None:
    """As after a look with another model: nobody has seen this picture, though the content is the same."""
    look(engine)
    confirm(engine)

    look(engine, result("f1", (1.1, 5.0, 9.0)), minute=1)
    assert builders.asset(engine).reviewed_by == "anna@example.com"

    look(engine, result("f1", (5.0, 1.0, 9.0)), minute=2)
    assert builders.asset(engine).reviewed_by is None


def test_other_picks_do_not_matter_where_a_choice_holds(engine: Engine) -> None:
    """They are not shown."""
    look(engine)
    with transaction(engine) as session:
        asset = session.get_one(builders.Asset, 1, with_for_update=True)
        choices.choose(session, asset, ChoiceRequest(time_s=3.0), "anna@example.com", "")
    confirm(engine)

    look(engine, result("f1", (5.0, 1.0, 9.0)), minute=1)
    assert builders.asset(engine).reviewed_by == "anna@example.com"
