"""The question before a test is started: which pictures, for how long, and what to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from webhook.review.acts import WITHIN_S
from webhook.review.asset import came_from
from webhook.review.errors import as_sentence
from webhook.review.forms import seen_of, why_of
from webhook.review.identity import actor
from worker.choices import ChoiceRefused
from worker.database.base import MAX_ROW_ID
from worker.database.states import TrialKind, TrialMetric
from worker.errors import PermanentError
from worker.people.roles import NotAllowed
from worker.review.trials import acts
from worker.review.trials.acts import Beginning, TrialConflict
from worker.review.trials.before import (
    LEAST_DAYS,
    LEAST_PICTURES,
    MOST_DAYS,
    MOST_PICTURES,
    read_before,
)
from worker.trials.prospects import USUAL_NOISE
from worker.trials.refused import TrialRefused
from worker.trials.slots.power import found_of

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug import Response
    from werkzeug.datastructures import MultiDict

    from webhook.bounded import BoundedDatabase
    from worker.settings import Settings

    Answer = str | Response | tuple[str, int]

_NONE = "there is no such video, or you may not see it"
_SEE_OTHER, _CONFLICT, _UNPROCESSABLE = 303, 409, 422
STARTED = {
    TrialKind.VIEWERS: "the test is started; viewers see its pictures within a minute",
    TrialKind.SLOTS: "the test is started; its first day begins at the next midnight",
}
POWER_DAYS, POWER_LIFTS = (28, 56, 84), (0.20, 0.30, 0.50)  #: of the table that the page shows


def add_question(pages: Blueprint, settings: Settings, database: BoundedDatabase, address: str) -> None:
    """Add the routes that ask, and that start a test, to those of tests."""

    @pages.get(address)
    def ask(asset_id: int) -> str:
        return question(asset_id)

    @pages.post(address)
    def start(asset_id: int) -> Answer:
        who, form = actor(), request.form
        try:
            beginning, seen, why = beginning_of(form), seen_of(form), why_of(form)
            trial_id = database.ask(
                lambda engine: acts.start(engine, who, asset_id, beginning, seen, why, settings).id, WITHIN_S
            )
        except TrialConflict as conflict:
            return conflict_page(conflict, url_for("asset.show", asset_id=asset_id)), _CONFLICT
        except NotAllowed:
            raise
        except (ChoiceRefused, TrialRefused) as error:
            return question(asset_id, as_sentence(str(error))), _UNPROCESSABLE
        flash(as_sentence(STARTED[beginning.kind]))
        if who.asset_id is not None:  # a link opens no page of a test
            return redirect(url_for("asset.show", asset_id=asset_id), _SEE_OTHER)
        return redirect(url_for("trials.test", trial_id=trial_id), _SEE_OTHER)

    def question(asset_id: int, refusal: str = "") -> str:
        who = actor()
        before = database.in_transaction(lambda rows: read_before(rows, who, asset_id, settings))
        if before is None:
            raise NotFound(_NONE)
        return render_template(
            "trials/question.html",
            before=before,
            asset=before.asset,
            seen=before.seen,
            refusal=refusal,
            form=request.form,
            chosen=request.form.getlist("thumbnail", type=int) or before.usual,
            days=request.form.get("days", settings.test_days),
            least=(LEAST_PICTURES, LEAST_DAYS),
            most=(MOST_PICTURES, MOST_DAYS),
            power=found_of(USUAL_NOISE, POWER_DAYS, POWER_LIFTS),
            power_days=POWER_DAYS,
            noise=USUAL_NOISE,
            back=url_for("asset.show", asset_id=asset_id, **came_from()),
        )


def conflict_page(conflict: TrialConflict, back: str) -> str:
    """Write the page that says what holds in place of what somebody wanted."""
    return render_template(
        "trials/conflict.html", says=as_sentence(str(conflict)), trial_id=conflict.trial_id, back=back
    )


def beginning_of(form: MultiDict[str, str]) -> Beginning:
    """Read the test that somebody wants.

    Raises:
        TrialRefused: too few or too many pictures, or a field that says nothing that can be meant.
    """
    ids = tuple(dict.fromkeys(form.getlist("thumbnail", type=int)))
    if not LEAST_PICTURES <= len(ids) <= MOST_PICTURES or not all(0 < one <= MAX_ROW_ID for one in ids):
        raise TrialRefused(f"choose {LEAST_PICTURES} to {MOST_PICTURES} pictures")
    days = form.get("days", type=int)
    if days is None or not LEAST_DAYS <= days <= MOST_DAYS:
        raise TrialRefused(f"a test goes on for {LEAST_DAYS} to {MOST_DAYS} days; write such a number")
    try:
        kind = TrialKind(form.get("kind", TrialKind.VIEWERS))
        metric = TrialMetric(form.get("metric", TrialMetric.PLAYS))
    except ValueError as error:
        raise PermanentError("this form is out of date; open the page again") from error
    return Beginning(ids, len(ids), days, kind, metric, from_choice=bool(form.get("from_choice")))
