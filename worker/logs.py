"""Logs: one JSON object a line on stderr, a sentence for people and fields for machines.

Fields come from `extra=` and from `about`. What would let a reader of the logs act as somebody else is masked
wherever it stands: credentials, signatures, tokens, and the query strings of URLs, which may be signed.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.settings import Settings

MASK = "***"

_SECRET_NAME = re.compile(r"(authorization|signature|secret|token|password|api[-_]?key)$", re.IGNORECASE)
# What follows `keep` is masked.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<keep>://)[^\s/@\"']*:[^\s/@\"']*(?=@)",  # user:password@
        r"(?P<keep>\?)[^\s\"'<>?=]+=[^\s\"'<>]*",  # ?name=value
        r"(?P<keep>\b(?:bearer|basic) )\S+",
        r"(?P<keep>\bwhsec_)[\w+/=-]+",
        r"(?P<keep>\b)eyJ[\w-]+\.[\w-]+\.[\w-]*",  # a JSON Web Token
        r"(?P<keep>\bv1a?[=,])[\w+/=-]{32,}",  # a signature of Mux, or of Standard Webhooks
        # What is shorter is more likely a word of the message.
        r"(?P<keep>(?:signature|secret|token|password)[\"']?\s*[:=]\s*[\"']?)[^\s\"']{12,}",
    )
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


def setup(settings: Settings) -> None:
    """Send every log line of this process to stderr as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("alembic", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Add fields, like the id of a job, to every line that is logged inside."""
    token = _about.set({**(_about.get() or {}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class JsonLines(logging.Formatter):
    """One line for one record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, without secrets."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **(_about.get() or {}),
            **extra,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(_masked(line))


def mask(text: str) -> str:
    """The text without what must not be read by others."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<keep>{MASK}", text)
    return text


def _masked(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {
            str(name): MASK if isinstance(item, str) and _SECRET_NAME.search(str(name)) else _masked(item)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(item) for item in value]
    return mask(str(value))
