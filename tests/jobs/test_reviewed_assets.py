"""A run says what a person should know of an asset, and shows it again where its content changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service import builders
from tests.support.service.measured_run import look, result
from worker.database import transaction

if TYPE_CHECKING:
    from sqlalchemy import Engine


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
    with transaction(engine) as session:
        asset = session.get_one(builders.Asset, 1)
        asset.reviewed_at, asset.reviewed_by = builders.NOON, "anna@example.com"

    look(engine, result("f1"), minute=1)
    asset = builders.asset(engine)
    assert (asset.reviewed_at, asset.reviewed_by) == (builders.NOON, "anna@example.com")

    look(engine, result("f2"), minute=2)
    asset = builders.asset(engine)
    assert (asset.reviewed_at, asset.reviewed_by) == (None, None)
