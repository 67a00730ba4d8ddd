"""What is wanted of a video: what is said closest to it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.service import builders
from worker.analysis.options import options_of
from worker.settings.accounts import MuxAccount
from worker.time_ranges import parse_time_ranges

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.pipeline.options import Options

ACCOUNT: dict[str, Any] = {"count": 5, "aspects": "1:1 9:16", "avoid": "0-15", "prefer": "0%-50%"}


def wanted(engine: Engine, asset: dict[str, Any] | None = None, **account: Any) -> Options:
    """Say what is wanted of an asset for which an event, its account and the service ask this."""
    keys = {"webhook_secret": "c2VjcmV0", "token_id": "id", "token_secret": "secret"}
    settings = builders.make_settings(mux={"main": MuxAccount(**keys, **account)}, count=2, aspects="4:3")
    builders.record(engine, builders.event(options=asset))
    return options_of(settings, builders.claimed(engine), "", None)


def test_what_the_service_wants_counts_for_every_account(engine: Engine) -> None:
    """Nothing is avoided or preferred then."""
    options = wanted(engine)

    assert (options.count, options.aspects) == (2, ("4:3",))
    assert (options.avoid, options.prefer) == ((), ())


def test_an_account_has_its_own_count_ratios_and_ranges(engine: Engine) -> None:
    """In place of the service's."""
    options = wanted(engine, **ACCOUNT)

    assert (options.count, options.aspects) == (5, ("1:1", "9:16"))
    assert (options.avoid, options.prefer) == (parse_time_ranges(["0-15"]), parse_time_ranges(["0%-50%"]))


@pytest.mark.parametrize(("name", "other"), [("avoid", "prefer"), ("prefer", "avoid")])
def test_an_assets_own_ranges_count_in_place_of_the_accounts(engine: Engine, name: str, other: str) -> None:
    """What it says nothing of stays as the account wants it."""
    options = wanted(engine, {name: ["-30-0"]}, **ACCOUNT)

    assert getattr(options, name) == parse_time_ranges(["-30-0"])
    assert getattr(options, other) == parse_time_ranges([ACCOUNT[other]])
