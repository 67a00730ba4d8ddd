"""The pages of variants are described, and answer as described whatever strangers make up."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.support.doc_blocks import ROOT
from tests.support.service.deliveries import make_settings
from tests.support.viewers import tested_video
from tests.support.viewers.variants_app import variants_app

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
DESCRIPTION = json.loads((ROOT / "webhook" / "variants" / "variants.openapi.json").read_text())
OPERATIONS = {
    found.ok().label: found.ok() for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()
}
fuzzed = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture
def app(engine: Engine) -> Flask:
    """Return the pages, with one video that is tested."""
    tested_video.store(engine)
    return variants_app(make_settings(), engine)


def test_every_address_is_described_and_no_other(app: Flask) -> None:
    """With its methods."""
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, methods in DESCRIPTION["paths"].items() for method in methods} == routes


@pytest.mark.parametrize("label", OPERATIONS)
@fuzzed
@given(data=st.data())
def test_strangers_get_the_answers_that_are_described(app: Flask, label: str, data: st.DataObject) -> None:
    """Whatever they put into the addresses."""
    case = data.draw(OPERATIONS[label].as_strategy(GenerationMode.POSITIVE))

    case.call_and_validate(checks=CHECKS, app=app)


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("GET /v1/variants/{platform}/{account}/{asset_id}.json", "/v1/variants/mux/main/a1.json"),
        ("GET /v1/variants", "/v1/variants?ids=mux/main/a1,mux/main/a2"),
        ("GET /v1/posters/{platform}/{account}/{asset_id}.jpg", "/v1/posters/mux/main/a1.jpg?viewer=x"),
    ],
)
def test_what_there_is_has_the_form_that_is_described(app: Flask, label: str, address: str) -> None:
    """A manifest with a test, alone and among others, and a poster."""
    answer = app.test_client().get(address)

    assert answer.status_code in {200, 302}
    path = {"platform": "mux", "account": "main", "asset_id": "a1"} if "{" in label else {}
    OPERATIONS[label].Case(path_parameters=path).validate_response(answer, checks=CHECKS)
