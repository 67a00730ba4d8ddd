"""Of a message, a worker reads two numbers; whatever else is in it never reaches Celery."""

from __future__ import annotations

import json

import pytest
from kombu.transport.virtual import Base64

from tests.support.faults.broker_illness import GARBAGE, message
from worker.dispatch.hint_message import NoHint, read_hint

FORGED = {
    "eta": "2099-01-01T00:00:00+00:00",
    "expires": "2001-01-01T00:00:00+00:00",
    "retries": 10**9,
    "timelimit": [1e-9, 1e-9],
    "compression": "application/x-gzip",
    "group": "g",
    "shadow": "another name",
}


@pytest.mark.parametrize("entry", GARBAGE.values(), ids=GARBAGE)
def test_what_names_no_row_is_no_hint(entry: bytes) -> None:
    """Whatever it is; the reason quotes nothing of it."""
    with pytest.raises(
        NoHint, match=r"^it (is no message of Celery|is for another task|names no row|has \d+)"
    ):
        read_hint("publish", entry)


def test_what_else_a_message_says_is_left_out() -> None:
    """A time to start at would be held in memory for a lifetime."""
    made = json.loads(read_hint("publish", message(17, 2, **FORGED)))

    assert made["headers"] == {"task": "thumbs.publish", "id": "publish-17-2"}
    assert json.loads(Base64().decode(made["body"])) == [[17, 2], {}, {}]


def test_the_largest_numbers_of_the_columns_are_read() -> None:
    """A row that lives for long keeps its hints."""
    made = json.loads(read_hint("publish", message(2**63 - 1, 2**31 - 1)))

    assert made["headers"]["id"] == f"publish-{2**63 - 1}-{2**31 - 1}"
