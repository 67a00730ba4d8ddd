"""What people do to a test: stop it, or show one of its pictures from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for
from werkzeug.exceptions import NotFound

from webhook.review.acts import WITHIN_S
from webhook.review.errors import as_sentence
from webhook.review.forms import why_of
from webhook.review.identity import actor
from webhook.review.trials.question import conflict_page
from worker.admin import find
from worker.database.states import TrialState
from worker.errors import PermanentError
from worker.review.trials import acts
from worker.review.trials.acts import TrialConflict
from worker.trials.saying import picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Blueprint
    from sqlalchemy import Engine
    from werkzeug import Response

    from webhook.bounded import BoundedDatabase
    from worker.people.roles import Actor

    Answer = Response | tuple[str, int]
    Doing = Callable[[Engine], list[str]]

STOPPED = "the test is stopped; everybody sees what was shown before it"
_SEE_OTHER, _CONFLICT = 303, 409


def add_acts(pages: Blueprint, database: BoundedDatabase, address: str) -> None:
    """Add the routes of the acts to those of tests."""

    def do(trial_id: int, doing: Doing) -> Answer:
        try:
            sentences = database.ask(doing, WITHIN_S)
        except TrialConflict as conflict:
            return conflict_page(conflict, url_for("trials.test", trial_id=trial_id)), _CONFLICT
        except find.NotFound as error:
            raise NotFound(as_sentence(str(error))) from error
        for sentence in sentences:
            flash(as_sentence(sentence))
        return redirect(url_for("trials.test", trial_id=trial_id), _SEE_OTHER)

    @pages.post(f"{address}/stop")
    def stop(trial_id: int) -> Answer:
        return do(trial_id, stopping(actor(), trial_id, why_of(request.form)))

    @pages.post(f"{address}/apply")
    def apply(trial_id: int) -> Answer:
        number = request.form.get("variant", type=int)
        if number is None:
            raise PermanentError("this form is out of date; open the page again")
        was_running = request.form.get("state") == TrialState.RUNNING
        why = why_of(request.form)
        return do(trial_id, applying(actor(), trial_id, number, why, was_running=was_running))


def stopping(who: Actor, trial_id: int, why: str) -> Doing:
    """Return what ends a test, and tells of it."""

    def stop(engine: Engine) -> list[str]:
        acts.stop(engine, who, trial_id, why)
        return [STOPPED]

    return stop


def applying(who: Actor, trial_id: int, number: int, why: str, *, was_running: bool | None) -> Doing:
    """Return what shows one of a test's pictures from now on, and tells of it."""

    def apply(engine: Engine) -> list[str]:
        acts.apply(engine, who, trial_id, number, why, was_running=was_running)
        return [f"everybody sees {picture(number)} from now on"]

    return apply
