"""Logs: one JSON object a line on stderr, a sentence for people and fields for machines.

Our modules and the libraries log through the standard library, and structlog turns each record into a line.
Fields come from `extra=` and from structlog's `bound_contextvars`. What would let a reader of the logs act as
somebody else is masked wherever it stands: credentials, signatures, tokens, and the query strings of URLs,
which may be signed.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from structlog.contextvars import merge_contextvars
from structlog.processors import EventRenamer, JSONRenderer, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

    from worker.settings import Settings

MASK = "***"

# So much of a text is written; tracebacks with causes are shorter. Some of a cut text is looked at beyond it,
# as a secret is known by its end too.
LONGEST_CHARACTERS = 16 * 1024
_LOOKED_AT_CHARACTERS = 2 * LONGEST_CHARACTERS

_SECRET_NAME = re.compile(r"(authorization|signature|secret|token|password|api[-_]?key)$", re.IGNORECASE)
# What follows `keep` is masked. Texts come from anybody, so each pattern takes a time that grows as the text
# does: none begins anew within what it has just passed in vain, and nothing is passed in two ways.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<keep>://)[^\s/@:\"']*+:[^\s/@\"']*+(?=@)",  # user:password@
        r"(?P<keep>\?)[^\s\"'<>?=]+=[^\s\"'<>]*",  # ?name=value
        r"(?P<keep>\b(?:bearer|basic) )\S+",
        r"(?P<keep>\bwhsec_)[\w+/=-]+",
        r"(?<![\w-])(?>(?P<keep>[\w-]*?)eyJ)[\w-]++\.[\w-]++\.[\w-]*",  # a JSON Web Token
        r"(?P<keep>\bv1a?[=,])[\w+/=-]{32,}",  # a signature of Mux, or of Standard Webhooks
        # What is shorter is more likely a word of the message.
        r"(?P<keep>(?:signature|secret|token|password)[\"']?\s*[:=]\s*[\"']?)[^\s\"']{12,}",
    )
)


def setup(settings: Settings) -> None:
    """Send every log line of this process to stderr as JSON."""
    handler = StderrHandler()
    handler.setFormatter(json_formatter())
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.captureWarnings(capture=True)
    # These tell every request, connection, migration and cache at INFO; our own lines say what came of them.
    for chatty in ("alembic", "celery.worker.consumer.connection", "httpx", "httpcore", "torch"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    # Celery tells of its start, and of every hint that it was taken and done with. Its failures stay.
    if logging.getLogger().level > logging.DEBUG:
        logging.getLogger("celery").setLevel(max(logging.WARNING, logging.getLogger().level))


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes lines to stderr, and drops those that cannot be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Say nothing where a disk is full or a reader has gone: the complaint would go the same way.

        An error of ours, such as a sentence that lacks an argument, is told as usual.
        """
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def json_formatter() -> logging.Formatter:
    """Make the formatter that writes a record of the standard library as one line of JSON."""
    return ProcessorFormatter(
        use_get_message=True,
        # The order of the steps is the order of the fields on the line.
        processors=[
            _add_time,
            add_log_level,
            add_logger_name,
            EventRenamer("message"),
            ExtraAdder(),
            merge_contextvars,  # leaves alone what `extra=` has set
            format_exc_info,
            _rename_traceback,
            ProcessorFormatter.remove_processors_meta,
            _mask_secrets,  # after all that adds a field
            JSONRenderer(),
        ],
    )


def mask(text: str) -> str:
    """Replace what must not be read by others, and cut what is longer than a log line should be."""
    looked_at = text[:_LOOKED_AT_CHARACTERS]
    for secret in _SECRETS:
        looked_at = secret.sub(rf"\g<keep>{MASK}", looked_at)
    if len(text) <= LONGEST_CHARACTERS:
        return looked_at
    # At the end of what was looked at there may be a part of a secret.
    is_whole = len(text) <= _LOOKED_AT_CHARACTERS
    kept = looked_at if is_whole else looked_at[: max(0, len(looked_at) - LONGEST_CHARACTERS)]
    return f"{kept[:LONGEST_CHARACTERS]} ... (cut, of {len(text)} characters)"


def _add_time(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    # structlog's own TimeStamper would tell when the line is written, not when it was logged.
    created = datetime.fromtimestamp(event["_record"].created, UTC)
    event["at"] = created.isoformat(timespec="milliseconds")
    return event


def _rename_traceback(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    if "exception" in event:
        event["traceback"] = event.pop("exception")
    return event


def _mask_secrets(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    return _masked_fields(event)


def _masked_fields(fields: EventDict) -> EventDict:
    return {
        str(name): MASK if isinstance(value, str) and _SECRET_NAME.search(str(name)) else _masked(value)
        for name, value in fields.items()
    }


def _masked(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return _masked_fields(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(item) for item in value]
    return mask(str(value))
