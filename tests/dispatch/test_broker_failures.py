"""Whatever the broker answers, the dispatcher sees one kind of failure, and sends again later."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import redis
from kombu.exceptions import OperationalError

from tests.support.faults.broker_illness import ANSWERS, ILLNESSES, Illness
from tests.support.faults.proxy import Proxies
from worker.dispatch.broker import Broker
from worker.dispatch.broker_outage import describe
from worker.queue.hints import Hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """Return a client of the broker itself."""
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        yield client


def failure(call: Callable[[], object]) -> OperationalError:
    """Return the failure of a call."""
    with pytest.raises(OperationalError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("illness", ILLNESSES, ids=lambda illness: illness.name)
def test_a_hint_that_is_refused_is_sent_later(redis_url: str, client: redis.Redis, illness: Illness) -> None:
    """The reason is named, and the same broker takes hints once it is well."""
    with closing(Broker(redis_url)) as broker:
        with illness.of(client):
            refused = failure(lambda: broker.send("publish", Hint(1, 1)))
        broker.send("publish", Hint(1, 1))

        assert illness.says in describe(refused)[0]
        assert client.llen("thumbs:publish") == 1
        assert broker.is_new()


@pytest.mark.parametrize(
    "answer",
    [ANSWERS["bad length"], *(pytest.param(answer, marks=pytest.mark.faults) for answer in ANSWERS.values())],
)
def test_an_answer_that_makes_no_sense_is_a_failure_too(redis_url: str, answer: bytes) -> None:
    """Of a connection that is there already, and of a new one."""
    port = urlsplit(redis_url).port or 0
    with Proxies() as proxies, ExitStack() as stack:
        way = proxies.to(port)
        broker = stack.enter_context(closing(Broker(redis_url.replace(f":{port}/", f":{way.port}/"))))
        broker.send("publish", Hint(1, 1))
        way.answer = answer
        for _ in range(2):
            failure(lambda: broker.send("publish", Hint(2, 1)))
            failure(broker.is_new)
        way.heal()
        way.drop()

        broker.send("publish", Hint(3, 1))
        assert broker.is_new()
