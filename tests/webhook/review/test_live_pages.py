"""The pages under gunicorn, as operators run them."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.review.pages_server import served_pages
from worker.errors import SettingsInvalid
from worker.settings import Settings
from worker.standalone.pages import local_invitation, with_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.support.service.databases import Databases

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[str]:
    """Return a database for the tests of this file."""
    with databases.lend() as url:
        yield url


@pytest.fixture(scope="module")
def browser(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a browser for pages that run."""
    with served_pages(database, tmp_path_factory.mktemp("pages")) as browser:
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


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
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
