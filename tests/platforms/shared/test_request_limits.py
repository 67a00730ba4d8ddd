"""No account's API gets more requests of one program than its limit allows."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.platforms.scripted_server import Answer, serving
from tests.support.service import builders
from worker.errors import RequestHeldBack
from worker.http import deadline
from worker.platforms.shared import request_limits
from worker.platforms.shared.api_client import ApiClient
from worker.platforms.shared.credentials import Credentials
from worker.platforms.shared.request_limits import RequestLimit, limit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = Credentials({}, (), "MUX__MAIN__TOKEN_ID")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave no limits behind."""
    yield
    request_limits.setup(builders.make_settings())


def test_so_many_requests_are_under_way_at_once() -> None:
    """The next one begins when one has ended."""
    limit, most, under_way, lock = RequestLimit(at_once=2), 0, 0, threading.Lock()

    def ask(_number: int) -> None:
        nonlocal most, under_way
        with limit.place():
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.05)
            with lock:
                under_way -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))

    assert most == 2


def test_so_many_requests_begin_in_a_second() -> None:
    """However short they are."""
    limit = RequestLimit(per_second=20.0)

    def ask(_number: int) -> float:
        with limit.place():
            return time.monotonic()

    with ThreadPoolExecutor(8) as pool:
        begins_s = sorted(pool.map(ask, range(8)))

    assert begins_s[-1] - begins_s[0] >= 7 / 20.0 - 0.01


def test_whoever_waits_in_vain_gives_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is told which setting holds the request back; another account's goes through meanwhile."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", 0.2)
    request_limits.setup(builders.make_settings(requests_per_account=1))
    with serving(Answer(json={}), Answer(json={})) as server, limit_of("MUX__MAIN").place():
        with pytest.raises(RequestHeldBack, match="REQUESTS_PER_ACCOUNT"):
            ApiClient(server.url, NOBODY, "MUX__MAIN").request("GET", "/a")
        other = ApiClient(server.url, NOBODY, "MUX__OTHER")
        other.request("GET", "/b")
        other.close()

    assert [asked.path for asked in server.journal] == ["/b"]
