"""What operators do with learned heads: put one into use, and take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from webhook.review.acts import WITHIN_S
from webhook.review.errors import as_sentence
from webhook.review.forms import why_of
from webhook.review.identity import actor
from worker.admin import find
from worker.database.base import MAX_ROW_ID
from worker.review.trials import head_acts
from worker.review.trials.head_acts import HeadConflict

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug import Response

    from webhook.bounded import BoundedDatabase

_SEE_OTHER, _CONFLICT = 303, 409
_ACTS = {"ship": head_acts.ship, "roll-back": head_acts.roll_back}
_DONE = {
    "ship": "thumbnails of new runs are picked with head {}; those that are shown stay",
    "roll-back": "thumbnails are picked without head {} from now on",
}


def add_head_acts(pages: Blueprint, database: BoundedDatabase) -> None:
    """Add the routes of the acts on heads to those of tests."""
    names = ", ".join(f'"{name}"' for name in _ACTS)

    @pages.post(f"/heads/<int(max={MAX_ROW_ID}):head_id>/<any({names}):name>")
    def act(head_id: int, name: str) -> Response | tuple[str, int]:
        who, why, back = actor(), why_of(request.form), url_for("trials.heads")
        try:
            database.ask(lambda engine: _ACTS[name](engine, who, head_id, why), WITHIN_S)
        except HeadConflict as conflict:
            says = as_sentence(str(conflict))
            return render_template("trials/conflict.html", says=says, trial_id=None, back=back), _CONFLICT
        except find.NotFound as error:
            raise NotFound(as_sentence(str(error))) from error
        flash(as_sentence(_DONE[name].format(head_id)))
        return redirect(back, _SEE_OTHER)
