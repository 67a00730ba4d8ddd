"""Describes every address of the receiver, and every answer, for programs: OpenAPI 3.1 at /openapi.json."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from worker.inbox.own_events import EDIT_FIELDS, KINDS
from worker.platforms import PLATFORMS


def routes() -> Blueprint:
    """The address of the description."""
    pages = Blueprint("openapi", __name__)
    description = describe()

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(description)

    return pages


def describe() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "auto-thumbnail-picker: the receiver", "version": "1"},
        "paths": {
            "/webhooks/{name}/{account}": {"post": _webhook()},
            "/v1/events": {"post": _own_event()},
            "/thumbnails/{sha256}.jpg": {"get": _thumbnail()},
            "/healthz": {"get": _page("The process lives", {"200": _object("it does", "status")})},
            "/readyz": {"get": _readiness()},
            "/metrics": {"get": _page("Counters for Prometheus", {"200": _content("text/plain")})},
            "/openapi.json": {"get": _page("This description", {"200": _content("application/json")})},
        },
    }


def _webhook() -> dict[str, Any]:
    senders = [name for name, platform in PLATFORMS.items() if platform.capabilities.events]
    return {
        "summary": "A platform's webhook, signed as the platform signs",
        "parameters": [
            _in("path", "name", {"enum": senders}),
            _in("path", "account", {"type": "string", "pattern": "^[a-z0-9]+(_[a-z0-9]+)*$"}),
        ],
        "requestBody": _body({"type": "object"}),
        "responses": _TAKEN | _REFUSED,
    }


def _own_event() -> dict[str, Any]:
    edit = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(EDIT_FIELDS)}},
    }
    text = {"type": "string", "minLength": 1}
    about = dict.fromkeys(("platform", "account", "asset_id", "media_url", "title"), text)
    event = {
        "type": "object",
        "required": ["type", "data"],
        "properties": {
            "type": {"type": "string", "examples": list(KINDS)},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {"type": "object", "properties": {**about, "edit": edit, "options": {"type": "object"}}},
        },
    }
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "summary": "An event of your own systems, signed as Standard Webhooks says",
        "parameters": [_in("header", name, {"type": "string"}) for name in headers],
        "requestBody": _body(event),
        "responses": _TAKEN | _REFUSED,
    }


def _thumbnail() -> dict[str, Any]:
    return {
        "summary": "A thumbnail, by the hash of its bytes",
        "parameters": [_in("path", "sha256", {"type": "string", "pattern": "^[0-9a-f]{64}$"})],
        "responses": {
            "200": _content("image/jpeg"),
            "304": {"description": "the caller has it already"},
            "404": _object("there is none", "status", "reason"),
            "503": _object("the database is away", "status", "reason"),
        },
    }


def _readiness() -> dict[str, Any]:
    told = ("status", "database", "redis")
    answers = {"200": _object("it can", *told), "503": _object("it cannot; `database` says why", *told)}
    return _page("Whether events can be recorded", answers)


def _page(summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": answers}


def _in(place: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"in": place, "name": name, "required": True, "schema": schema}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _content(media_type: str) -> dict[str, Any]:
    return {"description": "it", "content": {media_type: {}}}


def _object(description: str, *fields: str) -> dict[str, Any]:
    """One JSON object in which these fields are text."""
    schema = {
        "type": "object",
        "required": list(fields),
        "properties": {field: {"type": "string"} for field in fields},
    }
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_TAKEN = {
    "200": _object("fine, and nothing is to be done: a repeat, a probe, another kind", "status", "reason"),
    "202": _object("recorded; it will be worked on", "status", "reason"),
}
_REFUSED = {
    code: _object(description, "status", "reason")
    for code, description in {
        "400": "signed, but not what is documented",
        "401": "not signed with the account's secret, or signed too long ago",
        "404": "no such platform or account is configured",
        "413": "larger than 256 KiB",
        "415": "the body is packed; send it as it is",
        "503": "nothing was recorded; send it again",
    }.items()
}
