"""The interface describes itself, and answers as it says, whatever schemathesis makes up from that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.support.review.decided import configured
from tests.support.review.looked_at import looked_at
from tests.support.review.signed_in import make_token, review_app, with_token
from webhook.bounded import BoundedDatabase
from webhook.review.api.app import create_api
from webhook.review.api.bodies import ActBody, ChoosingBody, DecisionBody, OptionsBody
from webhook.review.api.errors import WORDS
from webhook.review.api.reading import MOST
from worker.database.review import CONDITIONS
from worker.database.states import ChoiceKind, JobState, PublicationState, Role
from worker.platforms.base import WriteBack
from worker.review.filmstrip import Fate
from worker.review.library import PAGE
from worker.review.progress import Tone

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

ROOT = Path(__file__).parents[4]
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
DESCRIPTION = json.loads((ROOT / "webhook" / "review" / "api" / "openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
ASKED = [(label, GenerationMode.POSITIVE) for label in OPERATIONS] + [
    (label, GenerationMode.NEGATIVE) for label in OPERATIONS if "{" in label
]

# What comes out depends on nothing but the description: the same requests each time.
fuzzed = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture
def app(engine: Engine) -> Flask:
    """Return the pages, and what is for programs beside them."""
    return review_app(engine, configured())


def test_every_address_is_described_and_no_other(engine: Engine) -> None:
    """With its methods; a route that is added has to be described."""
    api = create_api(configured(), BoundedDatabase(engine, 1))
    named = "/api/v1/assets/{platform}/{account}/{asset_id}"
    routes = {
        (re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in api.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    # A row's number is `id` in the description.
    as_described = {
        (
            path.replace("external_id", "asset_id") if "platform" in path else re.sub(r"{\w+}", "{id}", path),
            method,
        )
        for path, method in routes
    }

    described = {(path, method) for path, methods in DESCRIPTION["paths"].items() for method in methods}
    assert described == as_described
    assert (named, "get") in described


def test_the_words_that_it_lists_are_those_of_the_code() -> None:
    """Filters, states, kinds of choices, words of errors, and the fields of each act."""
    schemas = DESCRIPTION["components"]["schemas"]
    asset = schemas["Asset"]["properties"]
    parameters = DESCRIPTION["paths"]["/api/v1/assets"]["get"]["parameters"]
    of, limit = parameters[0]["schema"], parameters[-1]["schema"]

    assert of["enum"] == list(CONDITIONS)
    assert (limit["maximum"], limit["default"]) == (MOST, PAGE)
    assert schemas["Answer"]["properties"]["status"]["enum"] == list(WORDS.values())
    assert set(asset["state"]["enum"]) == {*JobState, "deleted", None}
    assert set(asset["write"]["properties"]["state"]["enum"]) == set(PublicationState)
    assert set(asset["chosen"]["properties"]["kind"]["enum"]) == set(ChoiceKind)
    assert set(asset["accepts"]["enum"]) == {*WriteBack, None}
    assert set(asset["candidates"]["items"]["properties"]["fate"]["enum"]) == set(Fate)
    says = asset["progress"]["properties"]["says"]["items"]["properties"]
    assert set(says["tone"]["enum"]) == set(Tone)
    for name, body in {
        "Act": ActBody,
        "Release": DecisionBody,
        "Choosing": ChoosingBody,
        "Options": OptionsBody,
    }.items():
        assert set(schemas[name]["properties"]) == set(body.model_fields), name


@pytest.mark.parametrize(("label", "mode"), ASKED)
@fuzzed
@given(data=st.data())
def test_strangers_get_the_answers_that_are_described(
    app: Flask, label: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """Whether they ask as is described or not."""
    case = data.draw(OPERATIONS[label].as_strategy(mode))
    case.headers = {**(case.headers or {}), "Authorization": "Bearer thumbs_none"}

    case.call_and_validate(checks=CHECKS, app=app)


@pytest.fixture
def token(engine: Engine) -> str:
    """Return the token of an operator, who may see one asset that was looked at."""
    looked_at(engine)
    return make_token(engine, Role.OPERATOR)


@pytest.mark.parametrize(("label", "mode"), ASKED)
@fuzzed
@given(data=st.data())
def test_programs_get_the_answers_that_are_described(
    app: Flask, token: str, label: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """Of an asset that is there, so its acts are done where they can be."""
    case = data.draw(OPERATIONS[label].as_strategy(mode))
    if "id" in case.path_parameters and data.draw(st.booleans()):
        case.path_parameters["id"] = 1
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    case.call_and_validate(checks=CHECKS, app=app)


def test_a_choice_and_a_conflict_are_as_described(app: Flask, token: str) -> None:
    """And the asset that holds the choice: these do not come out by chance."""
    client, address = with_token(app, token), "/api/v1/assets/1/choose"
    choosing = OPERATIONS["POST /api/v1/assets/{id}/choose"].Case(path_parameters={"id": 1})
    reading = OPERATIONS["GET /api/v1/assets/{id}"].Case(path_parameters={"id": 1})

    done = client.post(address, json={"time_s": 1.5})
    met = client.post(address, json={"time_s": 2.5, "generation": 1, "choice": None})
    read = client.get("/api/v1/assets/1")

    assert (done.status_code, met.status_code, read.json["chosen"]["time_s"]) == (200, 409, 1.5)
    choosing.validate_response(done, checks=CHECKS)
    choosing.validate_response(met, checks=CHECKS)
    reading.validate_response(read, checks=CHECKS)
