"""The pages of tests and of what was learned: lists, one test, and the question before one is started.

GET  /tests                the tests of all videos that somebody may see
GET  /t/<id>               one of them
GET  /a/<id>/test          the question before one is started
GET  /heads                what was learned
POST                       in `webhook.review.trials.acts`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import NotFound

from webhook.review.asset import ASSET
from webhook.review.identity import actor
from webhook.review.trials.acts import add_acts
from webhook.review.trials.head_acts import add_head_acts
from webhook.review.trials.question import add_question
from worker.database.base import MAX_ROW_ID
from worker.database.states import TrialState
from worker.review.trials.heads import read_heads
from worker.review.trials.listing import WantedTests, read_tests
from worker.review.trials.view import read_trial
from worker.review.trials.words import (
    KINDS,
    METRICS,
    OUTCOMES,
    about_words,
    count_words,
    lift_words,
    printed,
    rate_words,
    share_words,
)
from worker.trials.saying import ordinal

if TYPE_CHECKING:
    from webhook.bounded import BoundedDatabase
    from worker.review.trials.view import TrialView
    from worker.settings import Settings

TEST = f"/t/<int(max={MAX_ROW_ID}):trial_id>"  #: the address of a test's page, as routes have it
SHOWN_DAYS = 7  #: the others are folded

_NONE = "there is no such test, or you may not see it"


def trial_pages(settings: Settings, database: BoundedDatabase) -> Blueprint:
    """Make the routes of tests and of what was learned."""
    pages = Blueprint("trials", __name__)
    for word in (about_words, count_words, lift_words, ordinal, printed, rate_words, share_words):
        pages.add_app_template_filter(word)

    @pages.get("/tests")
    def tests() -> str:
        who, wanted = actor(), WantedTests.read(request.args)
        page = database.in_transaction(lambda rows: read_tests(rows, who, wanted))
        return render_template(
            "trials/tests.html",
            page=page,
            states={"": "All", TrialState.RUNNING: "Running", TrialState.ENDED: "Ended"},
            outcomes=OUTCOMES,
            link_to=link_to,
        )

    @pages.get(TEST)
    def test(trial_id: int) -> str:
        who = actor()
        view = database.in_transaction(lambda rows: read_trial(rows, who, trial_id))
        if view is None:
            raise NotFound(_NONE)
        return test_page(view, settings)

    @pages.get("/heads")
    def heads() -> str:
        who = actor()
        page = database.in_transaction(lambda rows: read_heads(rows, who))
        return render_template("trials/heads.html", page=page)

    add_question(pages, settings, database, f"{ASSET}/test")
    add_acts(pages, database, TEST)
    add_head_acts(pages, database)
    return pages


def test_page(view: TrialView, settings: Settings) -> str:
    """Write the page of a test."""
    return render_template(
        "trials/test.html",
        view=view,
        trial=view.trial,
        asset=view.asset,
        kinds=KINDS,
        metrics=METRICS,
        outcomes=OUTCOMES,
        shown_days=SHOWN_DAYS,
        look_h=max(1, round(settings.test_look_s / 3600)),
        most_rate=max((one.rate or 0.0 for day in view.days for one in day.figures), default=0.0),
        back=url_for("trials.tests"),
    )


def link_to(wanted: WantedTests) -> str:
    """Write the address of a part of the list."""
    query: dict[str, Any] = {**wanted.query()}
    return url_for("trials.tests", **query)
