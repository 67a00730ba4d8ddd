"""Which addresses a video is fetched from: those of public hosts, however a URL is written."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest

from tests.support.media.media_server import MediaServer, redirect
from worker.errors import SourceRefused
from worker.http import public_client
from worker.http.public_client import CheckedNetwork, checked_client

if TYPE_CHECKING:
    from collections.abc import Iterator

HTTPS = 443
PUBLIC = "93.184.215.14"
REFUSALS = (SourceRefused, httpx.InvalidURL)  # the library reads some spellings as no URL at all

# Every way to write this machine, a private network or a cloud's metadata service that a resolver takes.
INSIDE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - refused here
    "localhost",
    "10.0.0.8",
    "10.8",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]


class NameServer:
    """Answers each question about a name with the next of its lists of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def resolve(self, _host: str, port: int, **_: Any) -> list[Any]:
        """Answer as `socket.getaddrinfo` does."""
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.answers.pop(0)
        ]


@pytest.fixture
def canary() -> Iterator[MediaServer]:
    """Run a server on this machine that nobody may reach."""
    with MediaServer({"/secret": b"secret"}) as server:
        yield server


@pytest.mark.parametrize("host", INSIDE)
def test_no_spelling_of_an_inner_address_is_connected_to(host: str) -> None:
    """Nothing is sent: the refusal comes before the connection, and names the address."""
    with pytest.raises(SourceRefused, match="no address of the public Internet"):
        CheckedNetwork(allow_loopback=False).connect_tcp(host, HTTPS, timeout=1)


@pytest.mark.parametrize("host", [host for host in INSIDE if "%" not in host])
def test_no_url_with_an_inner_address_is_fetched(host: str) -> None:
    """The same through the client, where the URL is read by the library before."""
    url_host = f"[{host}]" if ":" in host else host
    with checked_client(allow_loopback=False, timeout_s=1) as client, pytest.raises(REFUSALS):
        client.get(f"https://{url_host}/")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", PUBLIC, "2606:4700:4700::1111", "::ffff:8.8.8.8", "100.63.255.255", "172.32.0.1"]
)
def test_public_addresses_pass(address: str) -> None:
    """Next to the networks that are refused, too."""
    assert public_client.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "http://127.1:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "https://127.0.0.1:{port}/secret",
        "https://example.com@127.0.0.1:{port}/secret",
        "https://example.com:443@127.0.0.1:{port}/secret",
        "https://127.0.0.1:{port}\\@example.com/secret",
        "https://user:password@localhost:{port}/secret",
        "HTTP://LOCALHOST:{port}/secret",
        "ftp://127.0.0.1:{port}/secret",
        "gopher://127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "file://127.0.0.1:{port}/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "//127.0.0.1:{port}/secret",
        "127.0.0.1:{port}/secret",
        "",
    ],
)
def test_nothing_on_this_machine_hears_of_a_refused_url(canary: MediaServer, url: str) -> None:
    """Whatever the scheme, the port, the user part or the form."""
    with checked_client(allow_loopback=False, timeout_s=1) as client, pytest.raises(REFUSALS):
        client.get(url.format(port=canary.port))
    assert canary.requests == []


def test_a_name_that_leads_inside_is_refused() -> None:
    """A public name may point anywhere; the refusal says where it led."""
    names = NameServer(["169.254.169.254"])
    backend = CheckedNetwork(allow_loopback=False, resolve=names.resolve)

    with pytest.raises(SourceRefused, match=r"cdn\.example\.com leads to 169\.254\.169\.254"):
        backend.connect_tcp("cdn.example.com", HTTPS, timeout=1)


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    """Which of them the connection would take is left to chance."""
    names = NameServer([PUBLIC, "10.0.0.1"])
    backend = CheckedNetwork(allow_loopback=False, resolve=names.resolve)

    with pytest.raises(SourceRefused, match=r"10\.0\.0\.1"):
        backend.connect_tcp("cdn.example.com", HTTPS, timeout=1)


def test_a_name_server_that_changes_its_mind_gains_nothing(canary: MediaServer) -> None:
    """The connection goes to the address that was checked: the name is not looked up again for it."""
    names = NameServer(["127.0.0.2"], ["127.0.0.1"])
    backend = CheckedNetwork(allow_loopback=True, resolve=names.resolve)

    with pytest.raises(httpcore.ConnectError):  # nobody listens at 127.0.0.2
        backend.connect_tcp("rebinding.example.com", canary.port, timeout=1)

    assert names.answers == [["127.0.0.1"]]
    assert canary.requests == []


def test_the_next_address_is_tried_where_one_is_down(canary: MediaServer) -> None:
    """As a browser does."""
    names = NameServer(["127.0.0.2", "127.0.0.1"])
    backend = CheckedNetwork(allow_loopback=True, resolve=names.resolve)

    stream = backend.connect_tcp("media.example.com", canary.port, timeout=1)

    assert stream.get_extra_info("server_addr") == ("127.0.0.1", canary.port)
    stream.close()


@pytest.mark.parametrize("port", [80, 22, 8443, 6379])
def test_public_hosts_are_asked_on_the_https_port_only(port: int) -> None:
    """Other ports are other services; the switch for tests changes nothing about it."""
    backend = CheckedNetwork(allow_loopback=True, resolve=NameServer([PUBLIC]).resolve)

    with pytest.raises(SourceRefused, match=f"port 443, not {port}"):
        backend.connect_tcp("cdn.example.com", port, timeout=1)


@pytest.mark.parametrize(
    "url", ["http://93.184.215.14/", "http://93.184.215.14:443/", "http://10.0.0.1:8080/"]
)
def test_the_switch_for_this_machine_opens_nothing_else(url: str) -> None:
    """Plain http reaches loopback alone."""
    with checked_client(allow_loopback=True, timeout_s=1) as client, pytest.raises(SourceRefused):
        client.get(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost"])
def test_this_machine_is_reached_where_the_setting_allows_it(canary: MediaServer, host: str) -> None:
    """For the demo and for tests: plain http, any port."""
    with checked_client(allow_loopback=True, timeout_s=5) as client:
        assert client.get(f"http://{host}:{canary.port}/secret").content == b"secret"

    assert canary.requests[0].headers["host"] == f"{host}:{canary.port}"


def test_redirects_are_not_followed(canary: MediaServer) -> None:
    """Whoever fetches must look at each hop."""
    canary.answers["/away"] = redirect("/secret")
    with checked_client(allow_loopback=True, timeout_s=5) as client:
        assert client.get(f"{canary.url}/away").status_code == 302

    assert canary.paths == ["/away"]


def test_a_proxy_in_the_environment_is_not_used(canary: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect for us, to addresses that nobody checked."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    with (
        MediaServer({"/clip": b"clip"}) as server,
        checked_client(allow_loopback=True, timeout_s=5) as client,
    ):
        assert client.get(f"{server.url}/clip").content == b"clip"

    assert canary.requests == []


def test_bodies_are_asked_for_as_they_are(canary: MediaServer) -> None:
    """A small compressed body can unpack into a large one."""
    with checked_client(allow_loopback=True, timeout_s=5) as client:
        client.get(f"{canary.url}/secret")

    assert canary.requests[0].headers["accept-encoding"] == "identity"


def test_tls_asks_for_the_name_and_trusts_no_stranger() -> None:
    """The connection goes to an address, the handshake to the name; a certificate of nobody ends it."""
    names: list[str | None] = []
    with (
        _tls_server(names) as port,
        checked_client(allow_loopback=True, timeout_s=5) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get(f"https://localhost:{port}/")

    assert names == ["localhost"]


@contextlib.contextmanager
def _tls_server(names: list[str | None]) -> Iterator[int]:
    """Serve one handshake, note the name it asks for, and have no certificate to show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with socket.create_server(("localhost", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_name_that_is_no_name_is_refused() -> None:
    """Not a traceback of the resolver's codec."""
    with pytest.raises(SourceRefused, match="not the name of a host"):
        CheckedNetwork(allow_loopback=False).connect_tcp("a" * 64 + ".example.com", HTTPS, timeout=1)


def test_a_name_without_an_address_is_an_error_of_the_network() -> None:
    """It may have one later."""

    def resolve(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(httpcore.ConnectError, match="not known"):
        CheckedNetwork(allow_loopback=False, resolve=resolve).connect_tcp("gone.example.com", HTTPS)
