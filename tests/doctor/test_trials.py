"""`thumbs doctor` names tests that cannot tell anything as things are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from tests.support.trials.tested_asset import count, let_pass, make_settings, published, start
from worker.database import transaction
from worker.database.trials import Trial
from worker.doctor import trials

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker.doctor.finding import Finding

DAY = timedelta(days=1)


def findings(engine: Engine) -> list[Finding]:
    """Look at the tests."""
    address = engine.url.render_as_string(hide_password=False)
    return list(trials.check_trials(make_settings(database_url=address, beacon_url="https://b.example.com")))


def test_a_test_that_counts_nothing_for_a_day_is_named(engine: Engine) -> None:
    """The snippet may be missing."""
    start(published(engine))
    assert findings(engine) == []

    let_pass(engine, DAY)

    (finding,) = findings(engine)
    assert finding.says == "nothing was counted of tests in a day or more: mux/main/a1"
    assert "BEACON_URL (https://b.example.com)" in finding.remedy


def test_a_test_that_counts_is_well(engine: Engine) -> None:
    """However little."""
    count(engine, start(published(engine)), impressions=1)
    let_pass(engine, DAY)

    assert findings(engine) == []


def test_a_broken_test_is_named_for_a_week(engine: Engine) -> None:
    """With what breaks tests."""
    start(published(engine))
    with transaction(engine) as session:
        ended = {"state": "ended", "outcome": "broken", "ended_at": Trial.started_at}
        session.execute(update(Trial).values(**ended))

    (finding,) = findings(engine)
    assert finding.says == "tests whose pictures were not shown as drawn: mux/main/a1"
    assert "cache" in finding.remedy

    let_pass(engine, 8 * DAY)
    assert findings(engine) == []
