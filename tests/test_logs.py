"""Log lines are for machines and people, and hold nothing that would let a reader act as somebody else."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from worker import logs


def line(message: str, *args: object, **extra: Any) -> dict[str, Any]:
    """Return what one call of a logger would write."""
    logger = logging.getLogger("test")
    record = logger.makeRecord("test", logging.INFO, "", 0, message, args, None, extra=extra)
    written: dict[str, Any] = json.loads(logs.json_formatter().format(record))
    return written


def test_a_line_has_a_sentence_and_fields() -> None:
    """The time is in UTC and says so."""
    written = line("published %d thumbnails", 3, job_id=17)

    assert (written["message"], written["job_id"]) == ("published 3 thumbnails", 17)
    assert (written["level"], written["logger"]) == ("info", "test")
    assert written["at"].endswith("+00:00")


def test_what_a_run_is_about_stands_on_every_line_inside() -> None:
    """And not on those after it."""
    with bound_contextvars(event_id=1), bound_contextvars(job_id=17):
        inside = line("scanning")

    assert (inside["event_id"], inside["job_id"]) == (1, 17)
    assert "job_id" not in line("idle")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://stream.example.com/a.m3u8?token=abc.def&t=1 failed", "abc.def"),
        ("connecting to postgresql://user:hunter2@db/thumbs", "hunter2"),
        ("connecting to redis://:hunter2@cache:6379/0", "hunter2"),
        ("{'Authorization': 'Basic aWQ6c2VjcmV0'}", "aWQ6c2VjcmV0"),
        ("mux-signature: t=1,v1=854ece4c22acef7c66b57d4e504153bc512595e8", "854ece4c"),
        ("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "g0hM9SsE"),
        ("FastPix-Signature: SXTZYhjRshplUTerYmYX0D3d2LSTG3PWD2lY6XFLzd0=", "SXTZYhjR"),
        ("the secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw is wrong", "MfKQ9r8G"),
        ("signed eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-1", "eyJzdWIiOiIxIn0"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(text: str, secret: str) -> None:
    """In the sentence, in fields, inside fields, and in a traceback."""
    assert secret in text
    try:
        raise RuntimeError(text)  # noqa: TRY301 - to have a traceback
    except RuntimeError as error:
        extra = {"note": text, "headers": {"inner": [text]}, "exc": error}
        record = logging.getLogger("test").makeRecord(
            "test", logging.ERROR, "", 0, "failed: %s", (text,), (type(error), error, None), extra=extra
        )

    written = logs.json_formatter().format(record)

    assert secret not in written
    assert "***" in written


def test_a_field_that_is_called_a_secret_is_masked_whatever_it_looks_like() -> None:
    """A number like `lease_token` is none."""
    written = line("claimed", token_secret="abc", lease_token=5)  # noqa: S106 - made up

    assert (written["token_secret"], written["lease_token"]) == ("***", 5)


def test_a_sentence_that_only_speaks_of_secrets_stays_readable() -> None:
    """Errors tell the operator which one to check."""
    text = "the signature does not match; check MUX__MAIN__WEBHOOK_SECRET"

    assert line(text)["message"] == text
