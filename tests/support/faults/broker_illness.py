"""What can be wrong with a Redis that answers: each illness is brought about in a real server, and undone.

Every `end` may be called again, and on a server that was started again meanwhile.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUEUE_KEYS = ("thumbs:analyze", "thumbs:publish")
SAVED_S = 20.0
BUSY_MS = 50  #: after which a server says that a script keeps it busy


@dataclass(frozen=True)
class Illness:
    """One of them."""

    name: str
    says: str  #: what the log of who meets it names
    begin: Callable[[redis.Redis], object]
    end: Callable[[redis.Redis], object]

    @contextmanager
    def of(self, client: redis.Redis) -> Iterator[None]:
        """Let a server have it until the end of the block."""
        self.begin(client)
        try:
            yield
        finally:
            self.end(client)


def _become_replica(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", "1")  # no server there, so no data is lost


def _become_primary(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", "NO", "ONE")


def _fail_to_save(client: redis.Redis) -> None:
    """Let a snapshot fail: nothing can be renamed over a folder that is not empty."""
    _snapshot(client).joinpath("in the way").mkdir(parents=True, exist_ok=True)
    client.config_set("save", "3600 1000000")
    with suppress(redis.ResponseError):  # one may be under way already
        client.bgsave(schedule=True)
    until(lambda: client.info("persistence")["rdb_last_bgsave_status"] != "ok", SAVED_S)


def _save_again(client: redis.Redis) -> None:
    shutil.rmtree(_snapshot(client), ignore_errors=True)
    client.config_set("save", "")


def _snapshot(client: redis.Redis) -> Path:
    return Path(client.config_get("dir")["dir"], "dump.rdb")


def _be_busy(client: redis.Redis) -> None:
    client.config_set("busy-reply-threshold", BUSY_MS)
    connection = client.connection_pool.get_connection()
    connection.send_command("EVAL", "while true do end", 0)
    until(lambda: _is_busy(client), SAVED_S)
    connection.disconnect()
    client.connection_pool.release(connection)


def _be_idle(client: redis.Redis) -> None:
    with suppress(redis.ResponseError):  # it may not run any more
        client.script_kill()
    until(lambda: not _is_busy(client), SAVED_S)
    client.config_set("busy-reply-threshold", 5000)


def _is_busy(client: redis.Redis) -> bool:
    try:
        client.get("thumbs:nothing")
    except redis.ResponseError as error:
        return str(error).startswith("BUSY")
    return False


def _spoil_keys(client: redis.Redis) -> None:
    for key in QUEUE_KEYS:
        client.set(key, "not a list")


ILLNESSES = (
    Illness("read-only", "it is a read-only replica", _become_replica, _become_primary),
    Illness("no list", "a key of ours is no list", _spoil_keys, lambda client: client.delete(*QUEUE_KEYS)),
    Illness(
        "full",
        "its memory is full",
        lambda client: client.config_set("maxmemory", 1),
        lambda client: client.config_set("maxmemory", 0),
    ),
    Illness("cannot save", "it cannot store its data", _fail_to_save, _save_again),
    Illness("busy", "a script keeps it busy", _be_busy, _be_idle),
)
OF_STORMS = ILLNESSES[:4]

# Errors that a real server gives only in states that are hard to bring about, and bytes that are no answer.
ANSWERS = {
    "no password": b"-NOAUTH Authentication required.\r\n",
    "loading": b"-LOADING server is loading the dataset in memory\r\n",
    "no primary": b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
    "cluster down": b"-CLUSTERDOWN The cluster is down\r\n",
    "moved": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "no right": b"-NOPERM this user has no permissions\r\n",
    "too many": b"-ERR max number of clients reached\r\n",
    "unknown error": b"-WHATEVER\r\n",
    "bad length": b"*many\r\n",
    "no protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}
# What is an answer, but not to BRPOP.
ODD_ANSWERS = {
    "another type": b":42\r\n",
    "not UTF-8": b"*2\r\n$2\r\n\xff\xfe\r\n$1\r\nx\r\n",
    "another key": b"*2\r\n$3\r\nkey\r\n$1\r\nx\r\n",
    "numbers": b"*2\r\n:1\r\n:2\r\n",
}


def message(row_id: object = 1, number: object = 1, task: str = "thumbs.publish", **headers: object) -> bytes:
    """Forge a message: by default one like ours."""
    body = json.dumps([[row_id, number], {}, {"callbacks": None}]).encode()
    return envelope(base64.b64encode(body).decode(), task, **headers)


def envelope(body: object, task: str = "thumbs.publish", **headers: object) -> bytes:
    """Forge a message with any body."""
    return json.dumps(
        {
            "body": body,
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"task": task, "id": "forged", "lang": "py", **headers},
            "properties": {"body_encoding": "base64", "delivery_tag": "t", "delivery_info": {}},
        }
    ).encode()


GARBAGE = {
    "no JSON": b"garbage",
    "not UTF-8": b"\xff\xfe\x00",
    "no object": b"[]",
    "an empty object": b"{}",
    "deep": b"[" * 8000,
    "a number of 8,000 digits": b"9" * 8000,
    "a body that is no base64": envelope("%%%"),
    "a body that is no text": envelope([1]),
    "a pickle": envelope(base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode()),
    "a bomb": envelope(base64.b64encode(gzip.compress(b"0" * 1_000_000)).decode(), compression="gzip"),
    "huge": message("x" * 500_000),
    "another task": message(task="celery.backend_cleanup"),
    "the other queue's task": message(task="thumbs.analyze"),
    "a task that is no name": message(task=[1]),  # type: ignore[arg-type]
    "SQL": message("1; drop table jobs"),
    "a fraction": message(1.5),
    "a truth": message(row_id=True),
    "nothing": message(None),
    "beyond bigint": message(2**63),
    "far beyond": message(10**300),
    "negative": message(-1),
    "a number that is none": message(1, "1"),
    "no numbers": envelope(base64.b64encode(b"[[], {}, {}]").decode()),
    "three numbers": envelope(base64.b64encode(b"[[1, 2, 3], {}, {}]").decode()),
}
