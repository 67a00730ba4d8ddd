"""Programs read tests and what was learned, and do with tests what people do."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from tests.support.review import shelf, tested
from tests.support.review.decided import configured, pick_at
from tests.support.review.signed_in import API, program
from tests.support.service import builders
from webhook.review.api.trials import ShowBody, StartBody
from worker.database.states import HeadState, Role, TrialOutcome, TrialState
from worker.database.trials import Trial

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_test_is_started_read_and_stopped(engine: Engine) -> None:
    """By its number, which each answer tells."""
    asset_id = tested.with_two_pictures(engine)
    cms = program(engine, settings=configured())
    ids = [pick_at(engine, 1.5), pick_at(engine, 8.0)]

    started = cms.post(f"/api/v1/assets/{asset_id}/test", json={"thumbnails": ids, "days": 21})
    read = cms.get(f"/api/v1/tests/{started.json['test']}").json
    stopped = cms.post(f"/api/v1/tests/{read['id']}/stop", json={"why": "enough"})

    assert (started.status_code, stopped.status_code) == (200, 200)
    assert [one["thumbnail"] for one in read["variants"]] == ids
    assert (read["state"], read["started_by"]) == ("running", "token cms")
    assert builders.every(engine, Trial)[0].state == TrialState.ENDED


def test_the_list_has_pages(engine: Engine) -> None:
    """`next` is the address of what follows."""
    for title in ("one", "two", "three"):
        tested.add_test(engine, *shelf.add(engine, title))
    cms = program(engine)

    first = cms.get("/api/v1/tests?limit=2").json
    second = cms.get(first["next"].removeprefix("http://localhost")).json

    assert first["next"].startswith(f"{API}/tests?")
    assert [one["title"] for one in (*first["tests"], *second["tests"])] == ["three", "two", "one"]
    assert second["next"] is None


def test_what_was_found_is_told_with_its_interval_and_nothing_of_buckets(engine: Engine) -> None:
    """As the page shows it."""
    trial_id = tested.add_test(engine, *shelf.add(engine, "one"))
    tested.add_look(engine, trial_id)
    tested.add_bucket(engine, trial_id, 3, 40)

    answer = program(engine).get(f"/api/v1/tests/{trial_id}")

    (interval,) = answer.json["intervals"]
    assert (interval["better"], interval["low"], interval["high"]) == (1, 0.06, 0.31)
    assert answer.json["imbalance"] == {"is_alarm": False, "shares": [0.502, 0.498]}
    assert "bucket" not in answer.text


def test_a_conflict_names_the_test_that_holds(engine: Engine) -> None:
    """So that a program finds out what happened."""
    asset_id = tested.with_two_pictures(engine)
    trial_id = tested.add_test(engine, asset_id)

    answer = program(engine, settings=configured()).post(f"/api/v1/assets/{asset_id}/test")

    assert (answer.status_code, answer.json["status"], answer.json["test"]) == (409, "conflict", trial_id)


@pytest.mark.parametrize("query", ["state=over", "after=7", "limit=0"])
def test_what_a_program_misspells_is_refused(engine: Engine, query: str) -> None:
    """A person's address may hold it by mistake, a program's may not."""
    assert program(engine).get(f"/api/v1/tests?{query}").status_code == 400


def test_other_accounts_tests_and_heads_are_unknown(engine: Engine) -> None:
    """And a viewer stops nothing."""
    trial_id = tested.add_test(engine, *shelf.add(engine, "one"), outcome=TrialOutcome.STOPPED)
    head_id = tested.add_head(engine, platform="mux", account="main")
    other = program(engine, where=("mux", "other"))
    viewer = program(engine, Role.VIEWER, name="viewer")

    assert other.get(f"/api/v1/tests/{trial_id}").status_code == 404
    assert other.get(f"/api/v1/heads/{head_id}").status_code == 404
    assert viewer.post(f"/api/v1/tests/{trial_id}/stop").status_code == 403


def test_heads_are_told_with_how_they_were_judged(engine: Engine) -> None:
    """Those in use first."""
    tested.add_head(engine, HeadState.SHIPPED)
    tested.add_head(engine)
    cms = program(engine)

    told = cms.get("/api/v1/heads").json

    assert [one["state"] for one in told["heads"]] == ["shipped", "passed"]
    assert told["heads"][0]["rules"][0]["name"] == "value"
    assert cms.get(f"/api/v1/heads/{told['heads'][1]['id']}").json == told["heads"][1]


def test_the_bodies_have_the_fields_that_are_described() -> None:
    """As `test_description` looks at the others."""
    description = resources.files("webhook.review.api").joinpath("openapi.json").read_text()
    schemas = json.loads(description)["components"]["schemas"]
    for name, body in {"Start": StartBody, "Show": ShowBody}.items():
        assert set(schemas[name]["properties"]) == set(body.model_fields), name
    assert set(schemas["Test"]["properties"]["outcome"]["enum"]) == {*TrialOutcome, None}
    assert set(schemas["Head"]["properties"]["state"]["enum"]) == set(HeadState)
