"""No host holds an exchange beyond its deadline, whatever it is slow at, and whoever asks."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.support.media.media_server import MediaServer
from tests.support.platforms import slow_hosts
from tests.support.platforms.webhook_senders import settings
from worker.download.fetch import DownloadLimits, fetch_video
from worker.errors import PlatformUnavailable, Stopping, ThumbsError, WeightsMissing
from worker.http import deadline
from worker.http.client import BoundedClient
from worker.http.deadline import Deadline, TooSlow
from worker.http.names import Resolver
from worker.platforms.base import Rendition
from worker.platforms.shared import media_host
from worker.platforms.shared.api_client import ApiClient
from worker.platforms.shared.credentials import of_token
from worker.platforms.shared.media_host import MediaHost
from worker.publishing import picks_webhook
from worker.settings import Settings
from worker.weights.download import fetch_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[[str], object]

EXCHANGE_S = 0.3
OVER_WITHIN_S = 2.0  #: of a busy machine; each of the hosts goes on for longer


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no exchange last long."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", EXCHANGE_S)
    monkeypatch.setattr(media_host, "DEADLINE_S", 2 * EXCHANGE_S)


def api(url: str) -> None:
    """Ask a platform's API, as workers, the dispatcher and the doctor do."""
    with closing(ApiClient(url, of_token(settings().mux["main"], "MUX__MAIN"), "MUX__MAIN")) as client:
        client.request("GET", "/a/1")


def media(url: str) -> None:
    """Ask the host of a video on no platform what it has."""
    MediaHost(f"{url}/a", Settings(media_hosts=("localhost", "127.0.0.1"), allow_loopback=True)).look()


def picks(url: str) -> None:
    """Tell a customer's system of picks."""
    told = Settings(picks_url=url, picks_secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))

    class Claim:
        row_id = 1

    picks_webhook.send(told, Claim(), b"{}")  # type: ignore[arg-type] # of a claim only its number is told


def download(folder: Path, url: str, *, is_hls: bool = False) -> None:
    """Fetch a video."""
    fetch_video(Rendition(f"{url}/a", is_hls), folder, DownloadLimits(10**6, 20.0, allow_loopback=True))


def weights(folder: Path, url: str) -> None:
    """Fetch a model."""
    fetch_weights("ViT-B-32:openai", folder, url=f"{url}/a.safetensors")


def fails_in_time(ask: Ask, url: str) -> ThumbsError:
    """Return the error that asking ends with, soon."""
    began_s = time.monotonic()
    with pytest.raises(ThumbsError) as caught:
        ask(url)
    assert time.monotonic() - began_s < OVER_WITHIN_S
    return caught.value


CLIENTS = ("an API", "a media host", "PICKS_URL", "a download", "a playlist", "weights")


@pytest.fixture(params=CLIENTS)
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Ask:
    """Return every client of the product."""
    by_name: dict[str, Ask] = {
        "an API": api,
        "a media host": media,
        "PICKS_URL": picks,
        "a download": lambda url: download(tmp_path, url),
        "a playlist": lambda url: download(tmp_path, url, is_hls=True),
        "weights": lambda url: weights(tmp_path, url),
    }
    return by_name[request.param]


@pytest.mark.parametrize(
    "host",
    [
        slow_hosts.head_that_trickles,
        slow_hosts.interim_answers_for_ever,
        slow_hosts.handshake_that_trickles,
        slow_hosts.black_hole,
    ],
)
def test_a_host_that_never_comes_to_its_answer_is_given_up(
    ask: Ask, host: Callable[[], AbstractContextManager[str]]
) -> None:
    """Another try, later, may help; the error says so by its class."""
    with host() as url:
        error = fails_in_time(ask, url)

    assert isinstance(error, PlatformUnavailable | WeightsMissing)


def test_a_name_server_that_is_silent_is_given_up(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own limits add up to half a minute, and cannot be set."""
    with slow_hosts.silent_name_server(monkeypatch) as url:
        error = fails_in_time(ask, url)

    assert isinstance(error, PlatformUnavailable | WeightsMissing)


@pytest.mark.parametrize("ask", ["an API", "a media host"], indirect=True)
def test_a_short_body_that_trickles_is_given_up(ask: Ask) -> None:
    """An answer, and a playlist that is only looked at."""
    with slow_hosts.body_that_trickles() as url:
        error = fails_in_time(ask, url)

    assert isinstance(error, PlatformUnavailable)


@pytest.mark.parametrize(
    "host",
    [slow_hosts.head_that_trickles, slow_hosts.handshake_that_trickles, slow_hosts.black_hole],
)
def test_who_is_asked_to_stop_stops(
    monkeypatch: pytest.MonkeyPatch, host: Callable[[], AbstractContextManager[str]]
) -> None:
    """In the middle of an exchange that might still last: a worker that ends waits for no host."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", 60.0)
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()

    with host() as url, Deadline(should_stop=stop_once(stopping)):
        error = fails_in_time(api, url)

    assert isinstance(error, Stopping)


def test_who_is_asked_to_stop_waits_for_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for the system's resolver, which nothing interrupts."""
    monkeypatch.setattr(deadline, "EXCHANGE_S", 60.0)
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()

    with slow_hosts.silent_name_server(monkeypatch) as url, Deadline(should_stop=stop_once(stopping)):
        error = fails_in_time(api, url)

    assert isinstance(error, Stopping)


def stop_once(stopping: threading.Event) -> Callable[[], None]:
    """Raise as a lease does."""

    def check() -> None:
        if stopping.is_set():
            raise Stopping("this worker is stopping")

    return check


def test_of_two_deadlines_the_first_ends_the_work() -> None:
    """Whichever is outside."""
    for outer_s, inner_s in ((0.0, 60.0), (60.0, 0.0)):
        with Deadline(outer_s), Deadline(inner_s), pytest.raises(TooSlow, match="after 0 s"):
            deadline.next_wait_s()
    assert deadline.next_wait_s() == deadline.WAIT_S


def test_a_large_request_to_a_host_that_does_not_read_is_given_up() -> None:
    """A picture that nobody takes."""
    with (
        slow_hosts.host_that_never_reads() as url,
        BoundedClient(timeout_s=10) as client,
        pytest.raises(TooSlow),
    ):
        client.post(url, content=bytes(32 * 1024 * 1024))


def test_connections_are_kept_between_exchanges() -> None:
    """A handshake for each question would cost more than the question."""
    with MediaServer({"/a": b"a"}) as server, BoundedClient(timeout_s=5) as client:
        streams = [client.get(f"{server.url}/a").extensions["network_stream"] for _ in range(2)]
        ours = {stream.get_extra_info("client_addr") for stream in streams}

    assert len(ours) == 1


class TestResolver:
    """Questions for names share threads, of which there are only so many."""

    def test_one_name_is_asked_for_once_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """However many want to know, a silent name server holds one thread."""
        resolver = Resolver()
        with slow_hosts.silent_name_server(monkeypatch):
            for _ in range(10):
                self._give_up(resolver, "slow.example.com")
            assert self._threads("slow.example.com") == 1

    def test_the_threads_are_limited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hostile playlist may name a thousand hosts."""
        resolver = Resolver(max_questions=3)
        with slow_hosts.silent_name_server(monkeypatch):
            for number in range(10):
                self._give_up(resolver, f"{number}.many.example.com")
            assert self._threads("many.example.com") == 3

    def test_a_name_is_asked_for_again_the_next_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer is not kept: the system does that, as long as it is true."""
        asked: list[Any] = []
        monkeypatch.setattr("socket.getaddrinfo", lambda *key, **_: asked.append(key) or [])
        resolver = Resolver()

        for _ in range(2):
            resolver.addresses("a.example.com", 443)

        assert asked == [("a.example.com", 443)] * 2

    @staticmethod
    def _threads(name: str) -> int:
        """Count those that ask for a host of this name, or under it."""
        return sum(thread.name.endswith(name) for thread in threading.enumerate())

    @staticmethod
    def _give_up(resolver: Resolver, name: str) -> None:
        with Deadline(0.02), pytest.raises(TooSlow):
            resolver.addresses(name, 443)
