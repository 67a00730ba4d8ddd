"""The JSON documents of the operators' commands. Names never change meaning."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from worker.admin.assets import name_of, picture_url
from worker.inbox.reconcile import ReconcileStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.admin.asset_history import Sheet
    from worker.admin.assets import EventLine, Migration, Requeueing
    from worker.admin.backfill import SyncOutcome
    from worker.admin.choose import Decision
    from worker.database.models import Job

_JOB = (
    "id state reason generation attempt max_attempts requested_at scheduled_at started_at finished_at"
    " stage note timings_s error_class error"
)
_LOG = "at state attempt actor note"
_EVENT = "id platform account type kind delivery_id happened_at received_at outcome detail"
_ASSET = (
    "title media_url source_external_id generation published_generation fingerprint duration_s written"
    " foreign_thumbnail foreign_at options"
    " last_event_at deleted_at created_at"
)
_PICK = "rank aspect time_s score parts reasons width_px height_px sha256 model generation"
_CANDIDATE = "id time_s shot score lost_because"
_PUBLICATION = "state generation attempt scheduled_at confirmed_at shown error_class error"
_CHOICE = "kind time_s generation who why made_at note lost_at released_at released_by released_because"


def render(document: dict[str, Any]) -> str:
    """Write one document, in ASCII, for any terminal or pipe."""
    return json.dumps(document, indent=2, default=datetime.isoformat)


def of_jobs(rows: Sequence[Job]) -> dict[str, Any]:
    """What `thumbs jobs` lists."""
    return {"jobs": [{"asset": name_of(job.asset)} | _fields(job, _JOB) for job in rows]}


def of_events(rows: Sequence[EventLine]) -> dict[str, Any]:
    """What `thumbs events` lists."""
    return {
        "events": [
            {"asset": name_of(asset) if asset else None} | _fields(event, _EVENT) for event, asset in rows
        ]
    }


def of_sheet(sheet: Sheet, public_url: str) -> dict[str, Any]:
    """What `thumbs show` shows."""
    return {
        "asset": name_of(sheet.asset),
        **_fields(sheet.asset, _ASSET),
        "picks": [_fields(pick, _PICK) | {"url": picture_url(pick, public_url)} for pick in sheet.thumbnails],
        "candidates": [_fields(candidate, _CANDIDATE) for candidate in sheet.candidates],
        "choice": _fields(sheet.choice, _CHOICE) if sheet.choice else None,
        "publication": _fields(sheet.publication, _PUBLICATION) if sheet.publication else None,
        "jobs": [
            _fields(job, _JOB) | {"log": [_fields(line, _LOG) for line in log]}
            for job, log in sheet.histories
        ],
        "timeline": [moment._asdict() for moment in sheet.timeline],
    }


def of_requeueings(rows: Sequence[Requeueing]) -> dict[str, Any]:
    """What `thumbs requeue` did; the outcome is null in a dry run."""
    return {"assets": [{"asset": name_of(asset), "outcome": outcome} for asset, outcome in rows]}


def of_decision(decision: Decision) -> dict[str, Any]:
    """What `thumbs choose` and `thumbs release` did; the choice is null where there was none to release."""
    return {
        "asset": name_of(decision.asset),
        "choice": _fields(decision.choice, _CHOICE) if decision.choice else None,
        "sha256": decision.thumbnail.sha256 if decision.thumbnail else None,
        "is_taking_still": decision.is_taking_still,
    }


def of_syncs(outcomes: Sequence[SyncOutcome]) -> dict[str, Any]:
    """What `thumbs sync` found; `resume` is null where nothing is left to do, or all of it."""
    return {
        "accounts": [
            {
                "account": outcome.account,
                "found": {standing: outcome.standings[standing] for standing in ReconcileStatus},
                "error": str(outcome.error) if outcome.error else None,
                "is_interrupted": outcome.is_interrupted,
                "resume": outcome.resume,
            }
            for outcome in outcomes
        ]
    }


def of_migration(migration: Migration) -> dict[str, Any]:
    """What `thumbs migrate` did; `before` is null where there were no tables."""
    return {"before": migration.before or None, "after": migration.after}


def _fields(row: object, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}
