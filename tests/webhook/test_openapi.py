"""The receiver describes itself, and answers as it says, whatever schemathesis makes up from that."""

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

from tests.support.service import deliveries
from tests.support.service.deliveries import make_settings
from webhook.app import create_app
from webhook.assets import DELETED
from worker.database.states import JobState, PublicationState
from worker.inbox.own_events import EDIT_FIELDS, KINDS
from worker.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy import Engine

    from tests.support.service.deliveries import Delivery

ROOT = Path(__file__).parents[2]
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
DESCRIPTION = json.loads((ROOT / "webhook" / "openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
# An address without anything in it cannot be asked for wrongly.
ASKED = [(label, GenerationMode.POSITIVE) for label in OPERATIONS] + [
    (label, GenerationMode.NEGATIVE) for label in OPERATIONS if "{" in label or "POST" in label
]
SIGN = {
    deliveries.mux_bytes: "POST /webhooks/{name}/{account}",
    deliveries.fastpix_bytes: "POST /webhooks/{name}/{account}",
    deliveries.own_bytes: "POST /v1/events",
}

# What comes out depends on nothing but the description: the same requests each time.
fuzzed = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture
def app(engine: Engine) -> Flask:
    """Return the application on this test's database."""
    return create_app(make_settings(), engine)


def test_every_address_is_described_and_no_other(app: Flask) -> None:
    """With its methods; a route that is added has to be described."""
    described = app.test_client().get("/openapi.json").json["paths"]
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, methods in described.items() for method in methods} == routes


def test_the_words_that_it_lists_are_those_of_the_code() -> None:
    """Platforms that send webhooks, kinds of our own events, kinds of edits, and states of an asset."""
    name, *_ = DESCRIPTION["paths"]["/webhooks/{name}/{account}"]["post"]["parameters"]
    schemas = DESCRIPTION["components"]["schemas"]
    event, asset = schemas["Event"]["properties"], schemas["Asset"]["properties"]
    senders = {name for name, platform in PLATFORMS.items() if platform.capabilities.events}

    assert set(name["schema"]["enum"]) == senders
    assert event["type"]["examples"] == list(KINDS)
    assert event["data"]["properties"]["edit"]["properties"]["kind"]["enum"] == list(EDIT_FIELDS)
    assert set(asset["state"]["enum"]) == {*JobState, DELETED, None}
    assert set(asset["write"]["properties"]["state"]["enum"]) == set(PublicationState)


@pytest.mark.parametrize(("label", "mode"), ASKED)
@fuzzed
@given(data=st.data())
def test_strangers_get_the_answers_that_are_described(
    app: Flask, label: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """Whether they ask as is described or not; they cannot sign, so nothing is recorded."""
    case = data.draw(OPERATIONS[label].as_strategy(mode))

    case.call_and_validate(checks=CHECKS, app=app)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("sign", SIGN)
@fuzzed
@given(data=st.data())
def test_senders_get_the_answers_that_are_described(
    app: Flask, sign: Callable[[bytes], Delivery], mode: GenerationMode, data: st.DataObject
) -> None:
    """What they send is signed, so it is read, and recorded if it can be."""
    case = data.draw(OPERATIONS[SIGN[sign]].as_strategy(mode))
    delivery = sign(json.dumps(case.body if case.media_type else None, default=repr).encode())

    answer = app.test_client().post(delivery.path, headers=delivery.headers, data=delivery.body)

    case.validate_response(answer, checks=CHECKS)
