"""Measure the pages in a large database, and exit with 1 where it is slow or harms the receiver.

    python -m tests.benchmarks.service.review [--assets N] [--seconds N] [--beside-receiver] [--keep FOLDER]

The real server of the pages and PostgreSQL run on this machine; one person asks, again as soon as there is an
answer. With `--beside-receiver`, 200 webhooks a second are sent to a receiver on the same database meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.benchmarks.service.many_rows import fill, is_empty
from tests.benchmarks.service.receiver import P99_MS, TABLE_WIDTH, ReceiverRow, machine, send
from tests.support.review.pages_server import served_pages
from tests.support.review.signed_in import SECRET, client_of, person, review_app
from tests.support.service.live_receiver import served
from worker.database import make_engine, migrate
from worker.review.library import FILTERS, PAGE
from worker.standalone.servers import start_postgres, start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from sqlalchemy import Engine

P95_MS = 300.0
BULK_P95_MS = 2_000.0  # 48 transactions; a person waits for it knowingly
RATE, CONNECTIONS = 200, 16  # of webhooks
SEARCHES = {
    "a common word": "title",
    "a rare word": "harbour",
    "the start of an id": "eccb",
    "nothing": "zzz",
}
SEED = 1


def visits(browser: httpx.Client, assets: int) -> dict[str, Callable[[], None]]:
    """List what a person does, by what it is called in the table."""
    chance = random.Random(SEED)  # noqa: S311 - no secret

    def at(address: str) -> Callable[[], None]:
        return lambda: _get(browser, address)

    def deep(of: str) -> Callable[[], None]:
        return lambda: _get(browser, f"/?filter={of}&after={chance.randrange(assets)}")

    def asset() -> None:
        of_account = re.findall(r'data-open href="(.*?)"', _get(browser, "/?filter=all"))
        _get(browser, chance.choice(of_account))

    def confirm() -> None:
        page = _get(browser, f"/?filter=unseen&after={chance.randrange(assets)}")
        ids = re.findall(r'name="asset" value="(\d+)"', page)
        token = re.findall(r'name="csrf_token" value="(.*?)"', page)[0]
        answer = browser.post("/bulk", data={"csrf_token": token, "act": "confirm", "asset": ids})
        assert answer.status_code == 303, answer.text

    return {
        **{f"{one.label}, first page": at(f"/?filter={one.name}") for one in FILTERS},
        **{f"{one.label}, a deep page": deep(one.name) for one in FILTERS},
        **{f"search for {what}": at(f"/?q={words}") for what, words in SEARCHES.items()},
        "a small account": at("/?account=mux/small"),
        "the library, and an asset of it": asset,
        f"a page and confirming its {PAGE}": confirm,
    }


def measured(browser: httpx.Client, assets: int, seconds: float) -> Iterator[ReceiverRow]:
    """Do everything again and again for so long, and give a line for each."""
    took_ms: dict[str, list[float]] = defaultdict(list)
    acts = visits(browser, assets)
    for act in acts.values():  # loads templates, and fills caches
        act()
    end_s = time.monotonic() + seconds
    for what in itertools.cycle(acts):
        start_s = time.monotonic()
        acts[what]()
        took_ms[what].append(1000 * (time.monotonic() - start_s))
        if start_s > end_s and what == next(reversed(acts)):
            break
    for what, all_ms in took_ms.items():
        parts = quantiles(all_ms, n=20)
        limit_ms = BULK_P95_MS if "confirming" in what else P95_MS
        says = f"p50 {parts[9]:.0f} ms, p95 {parts[18]:.0f} ms, max {max(all_ms):.0f} ms ({len(all_ms)})"
        yield ReceiverRow(what, says, f"p95 < {limit_ms:.0f} ms", parts[18] < limit_ms)


def beside_receiver(
    browser: httpx.Client, address: str, folder: Path, given: argparse.Namespace
) -> Iterator[ReceiverRow]:
    """Measure the same while webhooks come in."""
    valkey = start_valkey(folder / "valkey")
    try:
        with served(address, folder, REDIS_URL=valkey.url) as receiver, ThreadPoolExecutor(1) as thread:
            send(receiver, 40 * CONNECTIONS, 0, CONNECTIONS)  # connections, caches
            alone = send(receiver, RATE * 10, RATE, CONNECTIONS)
            sending = thread.submit(send, receiver, RATE * given.seconds, RATE, CONNECTIONS)
            yield from measured(browser, given.assets, given.seconds)
            sent = sending.result()
    finally:
        valkey.close()
    others = {code: number for code, number in sent.codes.items() if code != "202"}
    yield ReceiverRow(f"webhooks, {RATE}/s, without the pages", str(alone))
    is_met = sent.at_ms(0.99) < P99_MS and not others
    told = f"{sent}; not accepted: {others or 0}"
    yield ReceiverRow(f"webhooks, {RATE}/s, beside all that", told, f"p99 < {P99_MS:.0f} ms", is_met)


def rows_of(folder: Path, given: argparse.Namespace) -> Iterator[ReceiverRow]:
    """Fill the database in a folder if it is empty, and measure."""
    with ExitStack() as ends, tempfile.TemporaryDirectory(prefix="thumbs-") as own:
        server = start_postgres(folder, options={"max_wal_size": "4GB"})
        ends.callback(server.close)
        engine = make_engine(server.url, statement_timeout_ms=0)
        ends.callback(engine.dispose)
        migrate.upgrade(engine)
        if is_empty(server.url):
            fill(server.url, given.assets, lambda table: print(f"filling {table} ...", flush=True))
        browser = ends.enter_context(served_pages(server.url, Path(own), REVIEW_SECRET=SECRET))
        _sign_in(browser, engine)
        if given.beside_receiver:
            yield from beside_receiver(browser, server.url, Path(own), given)
        else:
            yield from measured(browser, given.assets, given.seconds)


def _sign_in(browser: httpx.Client, engine: Engine) -> None:
    app = review_app(engine)
    cookie = client_of(app, engine, person(engine, f"bench-{time.time_ns()}@example.com")).get_cookie(
        "thumbs"
    )
    assert cookie is not None
    # As the server sets it anew: otherwise there would be two of one name.
    browser.cookies.set("thumbs", cookie.value, domain="127.0.0.1", path="/")


def _get(browser: httpx.Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--beside-receiver", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the database there, or use it")
    given, facts = parser.parse_args(), machine()
    with tempfile.TemporaryDirectory(prefix="thumbs-", ignore_cleanup_errors=True) as folder:
        rows = list(rows_of(given.keep or Path(folder), given))
    verdicts = {True: "met", False: "MISSED", None: ""}
    table = Table(f"{given.assets:,} assets", "measured", "target", "")
    for row in rows:
        table.add_row(row.what, row.measured, row.target, verdicts[row.is_met])
    Console(width=TABLE_WIDTH).print(table, facts, sep="\n", soft_wrap=True)
    sys.exit(any(row.is_met is False for row in rows))


if __name__ == "__main__":
    main()
