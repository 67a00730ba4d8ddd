"""The beacon describes itself, and answers as it says, whatever schemathesis makes up from that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

from tests.support.trials.counted_trials import AGENT
from webhook.beacon.description import description

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from webhook.beacon.app import Beacon

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
SEEN = schemathesis.openapi.from_dict(description())["/v1/seen"]["POST"]
# What comes out depends on nothing but the description: the same requests each time.
fuzzed = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def test_every_address_is_described_and_no_other(client: FlaskClient, beacon: Beacon) -> None:
    """With its methods; a route that is added has to be described."""
    described = client.get("/openapi.json").json["paths"]
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in beacon.public.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, methods in described.items() for method in methods} == routes


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_told_is_answered_as_described(beacon: Beacon, mode: GenerationMode) -> None:
    """Never with an error of ours."""

    @fuzzed
    @given(case=SEEN.as_strategy(mode))
    def answered(case: schemathesis.Case) -> None:
        case.headers = {**(case.headers or {}), "User-Agent": AGENT}
        case.call_and_validate(checks=CHECKS, app=beacon.public)

    answered()
