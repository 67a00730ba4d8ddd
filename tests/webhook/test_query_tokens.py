"""A platform that signs nothing shows who it is by a token in the address."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms import webhook_senders
from tests.support.platforms.webhook_senders import FOREIGN, NEW, OLD, PAYLOADS
from webhook.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

BODY = (PAYLOADS / "brightcove" / "change.updated.json").read_bytes()
ADDRESS = "/webhooks/brightcove/main"


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    """Return a client of a receiver that knows an account of every platform."""
    return create_app(webhook_senders.settings(), engine).test_client()


@pytest.mark.parametrize("token", [NEW, OLD])
def test_the_token_of_an_address_lets_an_event_in(client: FlaskClient, token: str) -> None:
    """Also the previous one, while a new address is being subscribed."""
    answer = client.post(ADDRESS, query_string={"token": token}, data=BODY)

    assert (answer.status_code, answer.json and answer.json["outcome"]) == (202, "recorded")


@pytest.mark.parametrize("query", ["", "?token=", f"?token={FOREIGN}", f"?other={NEW}", "?token=%ff%00"])
def test_any_other_address_is_refused(client: FlaskClient, query: str) -> None:
    """As a wrong signature is."""
    assert client.post(ADDRESS + query, data=BODY).status_code == 401


def test_the_token_is_in_no_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither where it is taken nor where it is not."""
    caplog.set_level(logging.DEBUG)

    client.post(ADDRESS, query_string={"token": NEW}, data=BODY)
    client.post("/webhooks/brightcove/other", query_string={"token": NEW}, data=BODY)
    client.post(ADDRESS, query_string={"token": NEW}, data=b"{")

    said = "".join(str(record.__dict__) for record in caplog.records)
    assert ADDRESS in said
    assert NEW.rstrip("=") not in said


def test_it_proves_nothing_to_a_platform_that_signs(client: FlaskClient) -> None:
    """Whose secret in an address would be one that logs have."""
    body = (PAYLOADS / "wistia" / "several.json").read_bytes()

    assert client.post("/webhooks/wistia/main", query_string={"token": NEW}, data=body).status_code == 401
