"""The pages under gunicorn, as operators run them."""

from __future__ import annotations

import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.support.review.oidc_provider import OidcProvider, running_provider
from tests.support.review.pages_server import running_pages, served_pages
from worker.errors import SettingsInvalid
from worker.settings import Settings
from worker.standalone.pages import local_invitation, with_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.service.databases import Databases

MIB = 1024 * 1024
# Of a core, of all three processes. Where Python looks through all modules once more, it is 1.6 s.
ENDING_S = 0.6


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[str]:
    """Return a database for the tests of this file."""
    with databases.lend() as url:
        yield url


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    """Return a provider that signs people in on the pages that run."""
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def browser(
    database: str, provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Return a browser for pages that run."""
    with served_pages(database, tmp_path_factory.mktemp("pages"), **provider.settings()) as browser:
        yield browser


def word(page: str) -> str:
    """Return what makes a form ours."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def test_the_printed_link_opens_on_this_machine_once(browser: httpx.Client, database: str) -> None:
    """By its button, so that who only looks at it does not use it up; then the library is there."""
    path = local_invitation(database, "anna@laptop")
    for _ in range(2):
        shown = browser.get(path)
        assert shown.status_code == 200
        assert "anna@laptop" in shown.text

    entered = browser.post(path, data={"csrf_token": word(shown.text)})
    library = browser.get(entered.headers["location"])
    browser.cookies.clear()
    again = browser.get(path)

    assert entered.status_code == 302
    assert library.status_code == 200
    assert "anna@laptop" in library.text
    assert again.status_code == 403
    assert "used already" in again.text


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Host", "CF-Connecting-Ip"]
)
def test_the_printed_link_does_not_open_through_a_proxy(
    browser: httpx.Client, database: str, header: str
) -> None:
    """Which speaks for strangers from this very machine."""
    path = local_invitation(database, f"{header.lower()}@laptop")
    shown = browser.get(path)

    refused = browser.get(path, headers={header: "127.0.0.1"})
    posted = browser.post(path, data={"csrf_token": word(shown.text)}, headers={header: "127.0.0.1"})

    assert [refused.status_code, posted.status_code] == [403, 403]
    assert "thumbs up" in refused.text
    assert browser.get("/").status_code == 302


def test_a_picture_of_the_largest_size_is_read_and_a_larger_body_refused(browser: httpx.Client) -> None:
    """With a page that says how large it may be; a stranger is not asked for it."""
    largest = browser.post("/a/1/choose", files={"picture": b"\xff" * (10 * MIB)})
    larger = browser.post("/a/1/choose", files={"picture": b"\xff" * (11 * MIB)})

    assert largest.status_code == 302
    assert larger.status_code in {302, 413}


def test_strangers_do_not_cut_an_upload(browser: httpx.Client, database: str) -> None:
    """Of somebody who is signed in, though the upload takes longer than theirs."""
    host, port = browser.base_url.host, browser.base_url.port or 0
    path = local_invitation(database, "bob@laptop")
    browser.post(path, data={"csrf_token": word(browser.get(path).text)})
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    browser.cookies.clear()
    head = f"POST /a/1/choose HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {10 * MIB}\r\n"
    with ExitStack() as stack:
        upload = stack.enter_context(socket.create_connection((host, port), 30))
        upload.sendall(f"{head}Cookie: {cookie}\r\n\r\n".encode() + b"x" * MIB)
        time.sleep(0.5)
        for _ in range(40):
            stranger = stack.enter_context(socket.create_connection((host, port), 30))
            stranger.sendall(f"{head}\r\na".encode())
        time.sleep(0.5)
        upload.sendall(b"x" * (9 * MIB))

        assert upload.recv(12) == b"HTTP/1.1 400"  # the word of the form is not in it


def test_a_form_is_never_read_in_part(browser: httpx.Client) -> None:
    """Where it comes in chunks, and nobody said how long it is."""
    browser.cookies.clear()

    answer = browser.post("/a/1/choose", content=(b"x" * 1024 for _ in range(70)))

    assert answer.status_code == 413


def test_a_silent_provider_does_not_shut_the_sign_in(browser: httpx.Client, provider: OidcProvider) -> None:
    """Many wait for it, and whoever opens the page, or comes back, does not."""
    browser.cookies.clear()
    provider.delay_s = 4.0
    try:
        with (
            ThreadPoolExecutor(24) as many,
            httpx.Client(base_url=browser.base_url, trust_env=False) as other,
        ):
            starts = [many.submit(other.get, "/sign-in/start", timeout=60) for _ in range(24)]
            time.sleep(0.5)
            began_s = time.monotonic()
            answers = [browser.get(path).status_code for path in ("/sign-in", "/sign-in/callback")]
            took_s = time.monotonic() - began_s
            provider.delay_s = 0.0
            told = [start.result().status_code for start in starts]
    finally:
        provider.delay_s = 0.0

    assert answers == [200, 403]
    assert took_s < 3.5
    assert told.count(503) >= 20


def test_a_long_answer_of_a_provider_is_read(browser: httpx.Client) -> None:
    """Some send codes of 2 kB."""
    answer = browser.get("/sign-in/callback", params={"code": "x" * 6000, "state": "y"})

    assert answer.status_code == 403
    assert "no sign-in began" in answer.text.lower()


def test_slow_senders_hold_up_nobody(browser: httpx.Client) -> None:
    """More of them than there are threads."""
    host, port = browser.base_url.host, browser.base_url.port
    head = f"POST /sign-in HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 1000\r\n\r\na"
    slow = [socket.create_connection((host, port)) for _ in range(60)]
    try:
        for one in slow:
            one.sendall(head.encode())
        began_s = time.monotonic()
        answers = [browser.get("/sign-in").status_code for _ in range(5)]
        took_s = time.monotonic() - began_s
    finally:
        for one in slow:
            one.close()

    assert answers == [200] * 5
    assert took_s < 30, "they were answered only once the slow ones were given up"


def test_whoever_watches_may_ask_by_any_name(browser: httpx.Client) -> None:
    """And sees nothing but that the process lives."""
    answer = browser.get("/healthz", headers={"Host": "10.0.0.7"})

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_pages_that_others_reach_need_a_secret_of_their_own(tmp_path: Path) -> None:
    """Told with what to do; on this machine alone, one is made and kept."""
    settings = Settings().model_copy(update={"data_dir": tmp_path, "review_secret": None})
    with pytest.raises(SettingsInvalid, match=r"REVIEW_SECRET: missing, .*openssl rand"):
        with_secret(settings.model_copy(update={"review_host": "0.0.0.0"}))  # noqa: S104 - what is refused

    made = [with_secret(settings).review_secret for _ in range(2)]

    assert made[0] == made[1]
    assert (tmp_path / "review-secret").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["review-secret"]


def test_the_pages_end_with_little_work(
    database: str, provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By processor time: on a machine whose cores are taken, much of it would outlast their grace."""
    folder = tmp_path_factory.mktemp("ending")
    with running_pages(database, folder, **provider.settings()) as (process, browser):
        assert browser.get("/sign-in").is_success
        main = psutil.Process(process.pid)
        before_s = sum(map(_processor_s, [main, *main.children()]))
        main.terminate()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)

    assert process.returncode == 0
    assert used.ru_utime + used.ru_stime - before_s < ENDING_S


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
