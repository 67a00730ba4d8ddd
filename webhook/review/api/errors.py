"""What goes wrong, told to programs: JSON with a word for them (`status`) and one sentence (`reason`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException

from webhook.review.api.documents import Addresses, conflict_document
from webhook.review.errors import RETRY_AFTER_S, as_sentence, failure, told
from worker.admin.find import NotFound
from worker.errors import PermanentError
from worker.people.roles import NotAllowed
from worker.review.acts import Conflict
from worker.review.trials.acts import TrialConflict

if TYPE_CHECKING:
    from flask import Flask

    from worker.settings import Settings

#: The word of each code.
WORDS = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "unknown",
    405: "method-not-allowed",
    408: "late",
    409: "conflict",
    413: "too-large",
    415: "unsupported",
    421: "misdirected",
    422: "refused",
    500: "failed",
    503: "unavailable",
}


def answer_errors(app: Flask, settings: Settings) -> None:
    """Have every error of the application answered in this form."""
    addresses = Addresses(settings)

    def conflict(error: Conflict) -> Response:
        return _answer(409, as_sentence(str(error)), **conflict_document(error, addresses))

    app.register_error_handler(Conflict, conflict)
    app.register_error_handler(TrialConflict, _trial_conflict)
    app.register_error_handler(NotFound, lambda error: _answer(404, as_sentence(str(error))))
    app.register_error_handler(NotAllowed, lambda error: _answer(403, as_sentence(str(error))))
    app.register_error_handler(PermanentError, lambda error: _answer(422, as_sentence(str(error))))
    app.register_error_handler(HTTPException, _by_code)
    app.register_error_handler(Exception, _failed)


def _answer(code: int, reason: str, **more: Any) -> Response:
    response = jsonify(status=WORDS.get(code, WORDS[400]), reason=reason, **more)
    response.status_code = code
    return response


def _trial_conflict(error: TrialConflict) -> Response:
    return _answer(409, as_sentence(str(error)), test=error.trial_id)


def _by_code(error: HTTPException) -> Response:
    response = _answer(error.code or 400, told(error)[1])
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    response.headers.update(headers)
    return response


def _failed(error: Exception) -> Response:
    code, _, reason = failure(error)
    response = _answer(code, reason)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
