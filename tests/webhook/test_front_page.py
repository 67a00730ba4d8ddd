"""Whoever opens the receiver's address in a browser reads what it is, and programs get the same as JSON."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from tests.support.service.deliveries import make_settings
from webhook.app import create_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

VERSION = version("auto-thumbnail-picker")


@pytest.mark.parametrize("accept", [None, "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9"])
def test_people_get_a_page(client: FlaskClient, accept: str | None) -> None:
    """It says what this is and which version, and each of its links opens."""
    answer = client.get("/", headers={"Accept": accept} if accept else {})

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert f"version {VERSION}" in answer.text
    links = [link for link in re.findall(r'href="([^"]+)"', answer.text) if "://" not in link]
    assert links == ["healthz", "readyz", "openapi.json"]
    assert {client.get(f"/{link}").status_code for link in links} == {200}


def test_programs_get_the_same_as_json(client: FlaskClient) -> None:
    """A cache keeps the two apart."""
    answer = client.get("/", headers={"Accept": "application/json"})

    assert answer.json["version"] == VERSION
    assert answer.json["openapi"] == "openapi.json"
    assert answer.headers["Vary"] == "Accept"


def test_the_page_runs_no_scripts_and_is_kept_briefly(client: FlaskClient) -> None:
    """A browser loads nothing for it."""
    answer = client.get("/")

    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_it_tells_nothing_of_the_settings(engine: Engine) -> None:
    """Strangers read it: neither accounts nor the port of the operator's pages."""
    client = create_app(make_settings(metrics_port=9394), engine).test_client()

    text = client.get("/").text + client.get("/", headers={"Accept": "application/json"}).text

    assert "readyz" not in text
    assert not re.search("mux|fastpix|9394|secret", text)
