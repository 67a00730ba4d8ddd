"""What the receiver answers: one JSON object, a word for machines and a reason for people.

The word never depends on a secret, and no input earns a 500: what we cannot take now is a 503, because then
every platform sends it again. A 410 is never sent: some platforms take it as "send nothing any more".
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING

from flask import Response, g, jsonify, request
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException

from worker.errors import (
    BucketUnavailable,
    HeaderMissing,
    IdReused,
    InvalidSignature,
    MalformedPayload,
    PictureLost,
    RequestError,
    UnknownAccount,
    first_line,
)

if TYPE_CHECKING:
    from flask import Blueprint, Flask

RETRY_AFTER_S = 5

REFUSAL = "thumbs.refusal"  # in the environment of WSGI: an error to answer with, instead of any work
UNKNOWN = "unknown"  # in the metrics: their labels are never what a stranger wrote into an address

# A forger learns no more than that it did not work; the log tells the operator why.
FORGED = "the signature does not match these bytes, or is too old"
NESTED = "the JSON is nested too deeply"
PICTURE_AWAY = "the picture cannot be read right now; ask for it again"
PICTURE_LOST = "the picture was lost; have its video looked at again"
UNAVAILABLE = "nothing was recorded; please send it again"

log = logging.getLogger(__name__)


def answer(status: str, code: int, reason: str) -> Response:
    """Make an answer, and note how the metrics count it.

    Args:
        status: a word for programs, which stands under `outcome`, too, and so it does in the metrics.
        code: of HTTP.
        reason: a sentence for people.
    """
    g.outcome = status
    response = jsonify(status=status, outcome=status, reason=reason)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"  # a 404 may be kept otherwise, and a picture may come
    return response


def answer_errors(app: Flask) -> None:
    """Have every error of the application answered in the form of `answer`."""
    app.before_request(_begin)
    app.register_error_handler(InvalidSignature, _forged)
    app.register_error_handler(HeaderMissing, _unsigned)
    app.register_error_handler(UnknownAccount, _unknown)
    app.register_error_handler(IdReused, _reused)
    app.register_error_handler(MalformedPayload, _malformed)
    app.register_error_handler(RecursionError, lambda _: _malformed(MalformedPayload(NESTED)))
    app.register_error_handler(BucketUnavailable, _picture_away)
    app.register_error_handler(PictureLost, _picture_lost)
    app.register_error_handler(HTTPException, _by_code)
    app.register_error_handler(Exception, _unavailable)


def refuse_quietly(pages: Blueprint) -> None:
    """Have these pages refuse what is malformed without a line in the log.

    For what anybody's browser may send: lines of it would fill the log, and say that somebody was here.
    """
    pages.register_error_handler(MalformedPayload, lambda error: answer("malformed", 400, str(error)))
    pages.register_error_handler(RecursionError, lambda _: answer("malformed", 400, NESTED))


def _begin() -> None:
    g.started_at_s = time.perf_counter()
    g.platform = g.account = g.outcome = UNKNOWN
    if refusal := request.environ.get(REFUSAL):
        raise refusal
    # Werkzeug takes everything for a path, also the "*" of OPTIONS and the host of CONNECT.
    if not request.environ["PATH_INFO"].startswith("/"):
        raise BadRequest("the address has to begin with a slash")


def _forged(error: InvalidSignature) -> Response:
    _log_refusal(error)
    return answer("unauthorized", 401, FORGED)


def _unsigned(error: HeaderMissing) -> Response:
    _log_refusal(error)
    return answer("unauthorized", 401, str(error))


def _reused(error: IdReused) -> Response:
    _log_refusal(error)
    return answer("conflict", 409, str(error))


def _unknown(error: UnknownAccount) -> Response:
    _log_refusal(error)
    return answer("unknown", 404, "no such platform or account is configured")


def _malformed(error: MalformedPayload) -> Response:
    _log_refusal(error)
    return answer("malformed", 400, str(error))


def _by_code(error: HTTPException) -> Response:
    """Answer what Flask itself refuses: no such address, too large a body, another method."""
    response = answer(error.name.lower(), error.code or 400, error.description or "")
    response.headers.update(
        {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    )
    return response


def _picture_away(error: BucketUnavailable) -> Response:
    response = answer("unavailable", 503, PICTURE_AWAY)
    response.headers["Retry-After"] = str(math.ceil(error.retry_after_s or RETRY_AFTER_S))
    return response


def _picture_lost(error: PictureLost) -> Response:
    log.error("a picture is lost: %s", error, extra={"path": request.path})
    return answer("lost", 404, PICTURE_LOST)


def _unavailable(error: Exception) -> Response:
    if isinstance(error, (SQLAlchemyError, TimeoutError)):
        log.error("the database took nothing: %s", _cause(error), extra={"path": request.path})
    else:
        log.error("the receiver failed", exc_info=error, extra={"path": request.path})
    response = answer("unavailable", 503, UNAVAILABLE)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _cause(error: SQLAlchemyError | TimeoutError) -> str:
    # The rest of its text holds the statement and the row.
    return first_line(error.orig) if isinstance(error, DBAPIError) and error.orig else type(error).__name__


def _log_refusal(error: RequestError) -> None:
    log.warning(
        "refused a request: %s", error, extra={"path": request.path, "error_class": type(error).__name__}
    )
