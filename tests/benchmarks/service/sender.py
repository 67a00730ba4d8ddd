"""Send signed webhooks, and print as JSON how long each answer took.

    python -m tests.benchmarks.service.sender PORT COUNT RATE CONNECTIONS [--fresh] [--seen TESTS]

RATE is in webhooks a second; 0 sends as fast as answers come. Connections are kept; with `--fresh`, each
webhook has one of its own. With `--seen`, batches of browsers are sent in place of webhooks: 20 views of as
many tests in turn, whose ids are 1 to TESTS. With a rate, the time counts from the moment
when a webhook was due, so that one slow answer also shows in those that had to wait behind it.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from tests.support.service import deliveries
from tests.support.service.deliveries import Delivery
from tests.support.trials.counted_trials import AGENT, told
from worker.trials.assignment import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Sequence

START_S = 0.5  # for the threads to be there
TIMEOUT_S = 30.0
VIEWS = 20  # in a batch


def send(
    port: int, share: Sequence[tuple[float, Delivery]], start_s: float, *, fresh: bool
) -> list[tuple[int, float]]:
    """Send one connection's share; return the code (0 for none) and the seconds of each."""
    answers = []
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    for offset_s, delivery in share:
        time.sleep(max(0.0, start_s + offset_s - time.perf_counter()))
        due_s = start_s + offset_s if offset_s else time.perf_counter()
        try:
            connection.request("POST", delivery.path, delivery.body, delivery.headers)
            response = connection.getresponse()
            response.read()
            code = response.status
        except (OSError, HTTPException):
            connection.close()
            code = 0
        if fresh:
            connection.close()
        answers.append((code, time.perf_counter() - due_s))
    connection.close()
    return answers


def seen(number: int, tests: int) -> Delivery:
    """Make a batch of a viewer who sees 20 pictures."""
    first, bucket = number * VIEWS, secrets.randbelow(BUCKETS)
    events: list[list[Any]] = [[(first + view) % tests + 1, bucket, "i"] for view in range(VIEWS)]
    return Delivery("/v1/seen", {"User-Agent": AGENT, "Content-Type": "text/plain"}, told(*events))


def main() -> None:
    """Send, and print."""
    port, count, rate, connections = map(int, sys.argv[1:5])
    fresh = "--fresh" in sys.argv
    run = secrets.token_hex(4)
    if "--seen" in sys.argv:
        tests = int(sys.argv[sys.argv.index("--seen") + 1])
        sent = [seen(number, tests) for number in range(count)]
    else:
        sent = [deliveries.mux(asset=f"{run}-{n}", delivery=f"{run}-{n}") for n in range(count)]
    timed = [(number / rate if rate else 0.0, delivery) for number, delivery in enumerate(sent)]
    start_s = time.perf_counter() + START_S
    with ThreadPoolExecutor(connections) as threads:
        shares = [timed[number::connections] for number in range(connections)]
        answers = [
            one
            for many in threads.map(lambda share: send(port, share, start_s, fresh=fresh), shares)
            for one in many
        ]
    result = {
        "codes": Counter(code for code, _ in answers),
        "answered_s": sorted(seconds for _, seconds in answers),
        "took_s": time.perf_counter() - start_s,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
