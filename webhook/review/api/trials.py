"""Tests and what was learned, for programs: lists, one of each, and the acts of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from flask import Blueprint, Response, jsonify, request
from pydantic import Field
from werkzeug.exceptions import BadRequest, NotFound

from webhook.review.acts import WITHIN_S
from webhook.review.api.acting import DONE
from webhook.review.api.bodies import ActBody, DecisionBody, RowId, read_json
from webhook.review.api.reading import next_address, program, read_limit
from webhook.review.api.trial_documents import head_document, row_document, trial_document
from webhook.review.errors import as_sentence
from webhook.review.trials.acts import STOPPED, applying, stopping
from webhook.review.trials.question import STARTED
from worker.database.base import MAX_ROW_ID
from worker.database.states import TrialKind, TrialMetric, TrialState
from worker.review.trials import acts
from worker.review.trials.acts import Beginning
from worker.review.trials.before import LEAST_DAYS, LEAST_PICTURES, MOST_DAYS, MOST_PICTURES
from worker.review.trials.heads import find_head, read_heads, view_of
from worker.review.trials.listing import WantedTests, read_tests
from worker.review.trials.view import read_trial

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webhook.bounded import BoundedDatabase
    from webhook.review.api.documents import Addresses
    from worker.people.roles import Actor
    from worker.review.trials.heads import HeadView
    from worker.settings import Settings

_NO_TEST = "there is no such test, or it is not for this token to see"
_NO_HEAD = "there is no such head, or it is not for this token to see"
_TEST = f"/api/v1/tests/<int(max={MAX_ROW_ID}):trial_id>"


class StartBody(DecisionBody):
    """A test that is to be started."""

    thumbnails: tuple[RowId, ...] = ()
    pictures: Annotated[int, Field(ge=LEAST_PICTURES, le=MOST_PICTURES)] = LEAST_PICTURES
    days: Annotated[int, Field(ge=LEAST_DAYS, le=MOST_DAYS)] | None = None
    kind: TrialKind = TrialKind.VIEWERS
    metric: TrialMetric = TrialMetric.PLAYS
    from_choice: bool = False


class ShowBody(ActBody):
    """Which variant is to be shown from now on."""

    variant: Annotated[int, Field(ge=0, lt=MOST_PICTURES)]


def trial_routes(settings: Settings, database: BoundedDatabase, addresses: Addresses) -> Blueprint:
    """Make the routes of tests and of what was learned."""
    routes = Blueprint("trials", __name__)

    @routes.get("/api/v1/tests")
    def tests() -> Response:
        who, wanted, most = program(), _wanted(), read_limit()
        page = database.in_transaction(lambda rows: read_tests(rows, who, wanted, most))
        following = page.next and wanted.behind(page.next).query()
        return jsonify(
            tests=[row_document(row, addresses) for row in page.rows],
            next=following and next_address(f"{addresses.root}/tests", following, most),
        )

    @routes.get(_TEST)
    def test(trial_id: int) -> Response:
        who = program()
        view = database.in_transaction(lambda rows: read_trial(rows, who, trial_id))
        if view is None:
            raise NotFound(_NO_TEST)
        return jsonify(trial_document(view, addresses))

    @routes.post(f"/api/v1/assets/<int(max={MAX_ROW_ID}):asset_id>/test")
    def start(asset_id: int) -> Response:
        who, given = program(), read_json(StartBody)
        ids = tuple(dict.fromkeys(given.thumbnails))
        pictures = len(ids) or given.pictures
        beginning = Beginning(ids, pictures, given.days, given.kind, given.metric, given.from_choice)
        seen, why = given.seen, given.reason
        trial_id = database.ask(
            lambda engine: acts.start(engine, who, asset_id, beginning, seen, why, settings).id, WITHIN_S
        )
        return jsonify(status=DONE, reason=as_sentence(STARTED[given.kind]), test=trial_id)

    @routes.post(f"{_TEST}/stop")
    def stop(trial_id: int) -> Response:
        who, why = program(), read_json(ActBody).reason
        database.ask(stopping(who, trial_id, why), WITHIN_S)
        return jsonify(status=DONE, reason=as_sentence(STOPPED), test=trial_id)

    @routes.post(f"{_TEST}/apply")
    def apply(trial_id: int) -> Response:
        who, given = program(), read_json(ShowBody)
        doing = applying(who, trial_id, given.variant, given.reason, was_running=None)
        says = " ".join(map(as_sentence, database.ask(doing, WITHIN_S)))
        return jsonify(status=DONE, reason=says, test=trial_id)

    _add_heads(routes, database)
    return routes


def _add_heads(routes: Blueprint, database: BoundedDatabase) -> None:
    @routes.get("/api/v1/heads")
    def heads() -> Response:
        who = program()
        page = database.in_transaction(lambda rows: read_heads(rows, who))
        found = [*page.used, *page.others]
        return jsonify(readiness=page.readiness, heads=[head_document(one) for one in found])

    @routes.get(f"/api/v1/heads/<int(max={MAX_ROW_ID}):head_id>")
    def head(head_id: int) -> Response:
        who = program()
        view = database.in_transaction(lambda rows: _find_head(rows, who, head_id))
        if view is None:
            raise NotFound(_NO_HEAD)
        return jsonify(head_document(view))


def _find_head(session: Session, who: Actor, head_id: int) -> HeadView | None:
    head = find_head(session, who, head_id)
    return None if head is None else view_of(head)


def _wanted() -> WantedTests:
    """Read which tests are asked for.

    Raises:
        BadRequest: what a person's address may hold by mistake, a program's may not.
    """
    wanted = WantedTests.read(request.args)
    if request.args.get("state", wanted.state) != wanted.state:
        raise BadRequest(f"There is no state of this name; there are: {', '.join(TrialState)}.")
    if request.args.get("after", wanted.after) != wanted.after:
        raise BadRequest("`after` is a place in the list, as `next` of an answer before has it.")
    return wanted
