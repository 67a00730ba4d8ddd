"""A simulated platform answers no more requests than the vendor, and says so as the vendor does."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.platforms.simulated_account import CHOICE, NOWHERE, clip, simulated
from tests.support.service import builders
from worker.database.models import Job
from worker.demo.simulator import SIMULATED
from worker.demo.simulator.checks.budget import Allowance, Budget
from worker.demo.simulator.library import LibraryVideo
from worker.demo.simulator.vendors.peertube import CLIENT_PATH, TOKEN_PATH
from worker.errors import RateLimited
from worker.platforms.shared.pagination import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.commands import Run
    from worker.demo.simulator import Simulated

LOGIN_PATHS = {CLIENT_PATH, TOKEN_PATH}

# What the answers of each vendor say besides, when all is well and when it is too much.
COUNTED = {"x-ratelimit-limit", "x-ratelimit-remaining"}
HEADERS: Mapping[str, tuple[set[str], set[str]]] = {
    "api_video": (COUNTED, COUNTED | {"x-ratelimit-retry-after"}),
    "brightcove": (set(), {"retry-after"}),
    "bunny": (set(), {"retry-after"}),
    "cloudflare": (
        {"ratelimit", "ratelimit-policy"},
        {"ratelimit", "ratelimit-policy", "retry-after"},
    ),
    "fastpix": (set(), {"retry-after"}),
    "jwplayer": (set(), {"retry-after"}),
    "mux": (COUNTED, COUNTED | {"retry-after"}),
    "peertube": (COUNTED | {"x-ratelimit-reset"}, COUNTED | {"x-ratelimit-reset", "retry-after"}),
    "s3": (set(), {"retry-after"}),
    "vimeo": (COUNTED | {"x-ratelimit-reset"}, COUNTED | {"x-ratelimit-reset"}),
    "wistia": (set(), {"retry-after"}),
}


def stopped() -> float:
    """Tell always the same time, so that a slow machine changes nothing."""
    return 0.0


def since_refused(vendor: Simulated) -> Callable[[], float]:
    """Make a clock that begins to go when a platform refuses a request, and stands still until then."""

    def clock() -> float:
        refused = [one.at_s for one in vendor.journal.entries("request") if one.status == 429]
        return time.time() - refused[0] if refused else 0.0

    return clock


def of_limits(headers: httpx.Headers) -> set[str]:
    """The headers that say something about limits."""
    return {name for name in headers if re.search("ratelimit|retry", name)}


@pytest.mark.parametrize("name", sorted(SIMULATED))
def test_one_request_too_many_is_refused_as_the_vendor_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 429, its headers, and its shape of an error, which our side reads."""
    answers: list[httpx.Headers] = []
    send = httpx.Client.send

    def overheard(client: httpx.Client, request: httpx.Request, **how: Any) -> httpx.Response:
        answer = send(client, request, **how)
        answers.append(answer.headers)
        return answer

    with simulated(name) as (vendor, ours):
        vendor.upload(clip(tmp_path))
        ours.assets()  # whoever logs in has done so by now
        vendor.limit_requests(Allowance(2, window_s=30.0), stopped)
        monkeypatch.setattr(httpx.Client, "send", overheard)
        ours.assets()
        ours.assets()
        with pytest.raises(RateLimited, match="Too many requests") as caught:
            ours.assets()

    usual, over = HEADERS[name]
    assert [of_limits(headers) for headers in answers] == [usual, usual, over]
    assert caught.value.retry_after_s == pytest.approx(30.0, abs=5.0)
    if "x-ratelimit-remaining" in usual:
        assert [headers["x-ratelimit-remaining"] for headers in answers] == ["1", "0", "0"]
    if name == "vimeo":
        assert datetime.fromisoformat(answers[-1]["x-ratelimit-reset"]) > datetime.now(UTC)


@pytest.mark.parametrize("name", sorted(SIMULATED))
def test_a_whole_library_is_read_within_the_budget(
    name: str, thumbs: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`thumbs sync --all` waits as long as it is asked to, and goes on."""
    with SIMULATED[name](NOWHERE) as vendor:
        for variable, value in vendor.settings("main").items():
            monkeypatch.setenv(variable, value)
        fill(vendor, tmp_path, PAGE_SIZE + 1)
        vendor.limit_requests(Allowance(1, window_s=0.5), since_refused(vendor))

        result = thumbs("sync", "--platform", name, "--all")
        statuses = [one.status for one in vendor.journal.entries("request") if one.path not in LOGIN_PATHS]

    assert (result.exit_code, result.stdout) == (
        0,
        f"{name}/main: {PAGE_SIZE + 1} videos: {PAGE_SIZE + 1} missed\n",
    )
    assert len(builders.every(engine, Job)) == PAGE_SIZE + 1
    assert HTTPStatus.TOO_MANY_REQUESTS in statuses
    assert statuses.count(HTTPStatus.OK) == 2


def fill(vendor: Simulated, folder: Path, count: int) -> None:
    """Put videos on a platform of which it tells nobody, one a second."""
    media = clip(folder)
    for age_s in range(count):
        created_at = LibraryVideo(media).created_at - count + age_s
        # In a bucket only names tell what is a video.
        names = {"id": f"videos/{age_s}.mp4"} if vendor.name == "s3" else {}
        vendor.library.add(LibraryVideo(media, created_at=created_at, **names))


def test_without_a_limit_nothing_is_said(tmp_path: Path) -> None:
    """As in all other tests."""
    with simulated("mux") as (vendor, ours):
        asset_id = vendor.upload(clip(tmp_path))
        for _ in range(20):
            ours.asset(asset_id)

        assert {entry.status for entry in vendor.journal.entries("request")} == {HTTPStatus.OK}


def test_the_vendors_own_numbers_are_known(tmp_path: Path) -> None:
    """Those that it documents, of each kind of request."""
    documented = {name: dict(kind.allowances) for name, kind in SIMULATED.items()}

    assert documented["api_video"] == {
        "upload": Allowance(100),
        "write": Allowance(200),
        "read": Allowance(500),
    }
    assert documented["cloudflare"] == {"all": Allowance(1200, 300.0)}
    assert documented["wistia"] == {"all": Allowance(600, 60.0)}
    with simulated("api_video") as (vendor, ours):
        asset = ours.asset(vendor.upload(clip(tmp_path)))
        vendor.limit_requests(Allowance(1), stopped)
        ours.assets()
        ours.write(asset, CHOICE)  # is charged to uploads
        with pytest.raises(RateLimited):
            ours.write(asset, CHOICE)


def test_a_window_that_is_over_is_forgotten() -> None:
    """And a refused request does not count against the next window."""
    budget = Budget({"all": Allowance(1, window_s=0.0)})
    assert [budget.spend("all").is_over for _ in range(3)] == [False] * 3

    budget = Budget({"all": Allowance(2)}, stopped)
    spent = [budget.spend("all") for _ in range(4)]
    assert [one.left for one in spent] == [1, 0, -1, -1]
