"""What goes wrong, told on a page of the same look: a sentence that says what helps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import render_template, request
from flask_wtf.csrf import CSRFError
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from worker.errors import PermanentError, TransientError, first_line
from worker.people.roles import NotAllowed

if TYPE_CHECKING:
    from flask import Flask

RETRY_AFTER_S = 5

ErrorAnswer = tuple[str, int, dict[str, str]]

# What HTTP calls them, and what Werkzeug says of them, is written for programmers.
_SENTENCES = {
    404: ("Not found", "There is nothing at this address, or it is not for you to see."),
    405: ("Not here", "This address does not take that kind of request."),
    408: ("Too slow", "The request did not arrive in time. Try again; nothing was changed."),
    413: ("Too large", "A picture may have 10 MiB. Make it smaller; nothing was changed."),
    503: ("Not now", "Too many people ask at once. Try again in a few seconds; nothing was changed."),
}
_TITLES = {400: "Not understood", 403: "Not allowed", 409: "Not done", 421: "Another address"}
_UNAVAILABLE = ("Not now", "The database does not answer. Try again in a few seconds.")
_LOCKED = ("Not now", "The video is being worked on. Try again in a few seconds; nothing was changed.")
_OUR_MISTAKE = ("Our mistake", "This page failed, and the log says why. Tell whoever runs it.")
_STALE_FORM = (
    "Out of date",
    (
        "This form is from before you signed in, or from another site. "
        "Go back, reload the page, and send it again; nothing was changed."
    ),
)

log = logging.getLogger(__name__)


def answer_errors(app: Flask) -> None:
    """Have every error of the application answered with a page."""
    app.register_error_handler(NotAllowed, lambda error: page(403, "Not allowed", as_sentence(str(error))))
    app.register_error_handler(PermanentError, lambda error: page(422, "Not done", as_sentence(str(error))))
    app.register_error_handler(CSRFError, lambda _: page(400, *_STALE_FORM))
    app.register_error_handler(HTTPException, _by_code)
    app.register_error_handler(Exception, _unavailable)


def page(code: int, title: str, sentence: str) -> ErrorAnswer:
    """Make the page of an error.

    Args:
        code: of HTTP.
        title: two or three words.
        sentence: what happened, and what helps.
    """
    return render_template("error.html", code=code, title=title, sentence=sentence), code, {}


def as_sentence(text: str) -> str:
    """Write an error's message as the sentence of a page."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def told(error: HTTPException) -> tuple[str, str]:
    """Say what an error of HTTP means here: two or three words, and a sentence."""
    code = error.code or 400
    return _SENTENCES.get(code, (_TITLES.get(code, error.name), error.description or ""))


def failure(error: Exception) -> tuple[int, str, str]:
    """Say what went wrong on our side, and log it where somebody has to look at it.

    Returns:
        The code of HTTP, which is 503 where it passes by itself; two or three words, and a sentence.
    """
    if isinstance(error, TransientError):
        return 503, "Not now", as_sentence(str(error))
    if isinstance(error, DBAPIError) and isinstance(error.orig, LockNotAvailable):
        return 503, *_LOCKED
    # The address of a link or an invitation is a secret, so only the pattern that it fits is logged.
    where = {"path": str(request.url_rule)}
    if isinstance(error, (SQLAlchemyError, TimeoutError)):
        cause = (
            first_line(error.orig) if isinstance(error, DBAPIError) and error.orig else type(error).__name__
        )
        log.error("the database does not answer: %s", cause, extra=where)
        return 503, *_UNAVAILABLE
    log.error("a page failed", exc_info=error, extra=where)
    return 500, *_OUR_MISTAKE


def _by_code(error: HTTPException) -> ErrorAnswer:
    code = error.code or 400
    text, _, _ = page(code, *told(error))
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return text, code, headers


def _unavailable(error: Exception) -> ErrorAnswer:
    text, code, headers = page(*failure(error))
    return text, code, {**headers, "Retry-After": str(RETRY_AFTER_S)}
