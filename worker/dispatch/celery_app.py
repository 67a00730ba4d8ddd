"""The Celery app: it carries hints from the dispatcher to the workers, and nothing else.

A hint says "look at row 17". It may be lost, late or doubled, so none of Celery's promises are used: no
results, no retries, no times to start or to end at. The rows keep those.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from celery import Celery, signals
from kombu.entity import Queue

from worker.errors import SettingsInvalid

if TYPE_CHECKING:
    from worker.queue.hints import Hint

# A broker that does not answer becomes an error after this, not a hung process: Celery's default is to wait
# for ever.
CONNECT_TIMEOUT_S = 2
ANSWER_TIMEOUT_S = 5
HEALTH_CHECK_S = 10
# Of all our keys, so that a server may be shared, and its user be given these keys only. Two installations on
# one server take two of its databases (`/1` at the end of REDIS_URL).
KEY_PREFIX = "thumbs:"


class WorkerKind(enum.StrEnum):
    """What a worker does: also the name of its queue."""

    ANALYZE = "analyze"
    PUBLISH = "publish"

    @property
    def task(self) -> str:
        """Name of its Celery task."""
        return f"thumbs.{self.value}"


SETTINGS = {
    "broker_transport_options": {
        "global_keyprefix": KEY_PREFIX,
        # No list of what is under way: a hint that is lost with its worker is sent again, from its row.
        "ack_emulation": False,
        "max_retries": 0,  # to connect, in one go: the next round of the dispatcher is the retry
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_S,
    },
    "broker_connection_timeout": CONNECT_TIMEOUT_S,
    "broker_connection_retry_on_startup": True,
    # Not declared: a list of Redis exists with its first hint.
    "task_queues": [Queue(kind.value, no_declare=True) for kind in WorkerKind],  # type: ignore[no-untyped-call] # kombu's
    "task_default_queue": WorkerKind.ANALYZE.value,
    "task_routes": {kind.task: {"queue": kind.value} for kind in WorkerKind},
    "task_create_missing_queues": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_publish_retry": False,  # the dispatcher sends again
    "task_acks_late": True,  # a worker takes no more hints than it can work on
    "task_reject_on_worker_lost": False,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,  # also after it connected again, while jobs run
    "worker_cancel_long_running_tasks_on_connection_loss": False,  # the work does not need the broker
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}


def make_app(redis_url: str | None) -> Celery:
    """Make the app for one broker; it connects when it is used.

    Raises:
        SettingsInvalid: there is no address.
    """
    if not redis_url:
        raise SettingsInvalid("REDIS_URL: missing; name a Redis or Valkey server, or run `thumbs up`")
    signals.setup_logging.connect(_leave_logging_alone)
    return Celery("thumbs", broker=redis_url, config_source=SETTINGS, set_as_current=False)


def send_hint(app: Celery, kind: WorkerKind | str, hint: Hint) -> None:
    """Tell a worker to look at a row.

    Raises:
        kombu.exceptions.OperationalError: the broker is down, or does not answer.
    """
    kind = WorkerKind(kind)
    app.send_task(
        kind.task,
        args=(hint.id, hint.number),
        task_id=f"{kind.value}-{hint.id}-{hint.number}",
        priority=hint.priority,
        retry=False,
    )


def _leave_logging_alone(**_: object) -> None:
    """Keep Celery from setting up logging, by listening to this signal; `logs` does that."""
