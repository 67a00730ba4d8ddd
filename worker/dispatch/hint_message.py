"""What a worker takes from a message of the broker: two numbers, and nothing else.

Whoever can write to the broker can put anything into its lists. So a worker reads the two numbers of a hint,
and Celery gets a message that we make from them: no time to start at, no compression, no other serializer and
no other task ever reaches it.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from worker.dispatch.celery_app import WorkerKind

# Ours have 700 bytes.
MAX_BYTES = 8192
# Types of the columns: bigint, and integer.
MAX_ROW_ID = 2**63 - 1
MAX_HINT_NO = 2**31 - 1


class NoHint(ValueError):
    """The message is none of ours. The sentence says why, and quotes nothing of it."""


def read_hint(queue: str, entry: bytes) -> bytes:
    """Make the message that Celery is to get from an entry of a queue's list.

    Args:
        queue: whose list it was in.
        entry: as the broker gave it; Kombu's JSON envelope, if it is ours.

    Returns:
        The envelope, as bytes.

    Raises:
        NoHint: the entry names no row.
    """
    kind = WorkerKind(queue)
    row_id, number = _numbers(kind, entry)
    envelope = {
        "body": base64.b64encode(json.dumps([[row_id, number], {}, {}]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": kind.task, "id": f"{kind.value}-{row_id}-{number}"},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": uuid.uuid4().hex,
            "delivery_info": {"exchange": "", "routing_key": kind.value},
        },
    }
    return json.dumps(envelope).encode()


def _numbers(kind: WorkerKind, entry: bytes) -> tuple[int, int]:
    """Read the id of the row, and the number of the hint."""
    if len(entry) > MAX_BYTES:
        raise NoHint(f"it has {len(entry)} bytes")
    try:
        message: Any = json.loads(entry)
        task = message["headers"]["task"]
        (row_id, number), *_ = json.loads(base64.b64decode(message["body"], validate=True))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NoHint("it is no message of Celery") from error
    if task != kind.task:
        raise NoHint("it is for another task")
    if not _is_within(row_id, 1, MAX_ROW_ID) or not _is_within(number, 0, MAX_HINT_NO):
        raise NoHint("it names no row")
    return row_id, number


def _is_within(value: object, first: int, last: int) -> bool:
    # JSON's true is an int for Python, and no number here.
    return type(value) is int and first <= value <= last
