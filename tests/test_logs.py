"""Log lines are for machines and people, and hold nothing that would let a reader act as somebody else."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from tests.support.growth import is_linear
from tests.support.service.builders import make_settings
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


@pytest.mark.parametrize(
    "text", ["x-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-1", "postgresql://u:p:q@db/"]
)
def test_secrets_are_masked_whatever_stands_around_them(text: str) -> None:
    """A token after a dash, and a password with a colon in it."""
    assert not any(secret in logs.mask(text) for secret in ("eyJzdWIiOiIxIn0", "p:q"))


@pytest.mark.parametrize("secret", ["postgresql://user:{}@db/", "eyJh.{}.abc", "token={}"])
@pytest.mark.parametrize("before", [0, logs.LONGEST_CHARACTERS - 30, 2 * logs.LONGEST_CHARACTERS - 30])
def test_a_text_without_end_is_cut_and_shows_no_part_of_a_secret(secret: str, before: int) -> None:
    """Wherever the secret begins, also across the places where a text is cut."""
    text = "." * (before - 1) + " " + secret.format("hunter2" * 100) + " " + "." * 10**6

    written = line(text)["message"]

    assert "hunter2" not in written
    assert len(written) < logs.LONGEST_CHARACTERS + 100
    assert written.endswith(f"(cut, of {len(text)} characters)")


@pytest.mark.parametrize("piece", ["://", ":", "eyJ", "-eyJ-", "eyJa.", "token ", "?a", "v1="])
def test_no_text_holds_the_process_while_it_is_masked(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    """Without the cut, too."""
    monkeypatch.setattr(logs, "_LOOKED_AT_CHARACTERS", 10**7)

    assert is_linear(logs.mask, lambda size: "://" + piece * (size // len(piece)))


class FullDisk(io.StringIO):
    """A file that nothing can be written to any more."""

    def write(self, _text: str) -> int:
        """Fail as the system does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_is_dropped_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback for each of them would fill what is left of the disk."""
    handler = logs.StderrHandler(FullDisk())

    handler.handle(logging.makeLogRecord({"msg": "a line"}))

    assert capsys.readouterr().err == ""


def test_what_libraries_tell_of_their_caches_is_left_out() -> None:
    """At the end of a worker PyTorch writes a dozen lines of it."""
    program = (
        "import logging; from worker import logs; from tests.support.service.builders import make_settings\n"
        "logs.setup(make_settings())\n"
        "logging.getLogger('torch._subclasses.fake_tensor').info('FakeTensor cache stats:')\n"
        "logging.getLogger('worker').info('ready')\n"
    )

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["ready"]


def test_a_mistake_in_a_log_call_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It is ours."""
    handler = logs.StderrHandler(io.StringIO())

    handler.handle(logging.makeLogRecord({"msg": "%d lines", "args": ("three",)}))

    assert "Logging error" in capsys.readouterr().err


@pytest.mark.parametrize(("level", "is_told"), [("INFO", False), ("DEBUG", True)])
def test_celery_tells_of_its_troubles_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, level: str, is_told: bool
) -> None:
    """Our own line tells of each job; its lines about the same hint would stand beside it."""
    names = ("celery.app.trace", "celery.worker.strategy", "celery.apps.worker")
    root, celery = logging.getLogger(), logging.getLogger("celery")
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(celery, "level", logging.NOTSET)
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)

    logs.setup(make_settings(log_level=level))
    for name in names:
        logging.getLogger(name).info("received, succeeded, ready")
    celery.warning("cannot connect")

    told = [json.loads(row)["message"] for row in capsys.readouterr().err.splitlines()]
    assert told.count("received, succeeded, ready") == (len(names) if is_told else 0)
    assert "cannot connect" in told
    logging.captureWarnings(capture=False)
