"""What goes over TLS arrives whole, in both directions, and only where the certificate is right."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from worker.http import client as http_client
from worker.http.client import BoundedClient
from worker.http.failure import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SENT = bytes(range(256)) * 4096 * 4  # more than all buffers between the two hold


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for localhost that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "both.pem"
    file.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


@pytest.fixture
def own_authorities() -> Iterator[None]:
    """Let authorities be read in this test, and again after it."""
    http_client.tls_context.cache_clear()
    yield
    http_client.tls_context.cache_clear()


def test_large_bodies_arrive_whole(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent and received through our own sockets, in as many steps as it takes."""
    monkeypatch.setattr(http_client, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
    with _echo(certificate) as port, BoundedClient(timeout_s=10) as client:
        for _ in range(2):
            answer = client.post(f"https://localhost:{port}/", content=SENT)
            assert answer.content == SENT


@pytest.mark.usefixtures("own_authorities")
def test_an_authority_of_the_operator_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage, a judge or a receiver of picks in their own network may have a certificate from it."""
    with _echo(certificate) as port, BoundedClient(timeout_s=10) as client:
        with pytest.raises(httpx.ConnectError) as refused:
            client.get(f"https://localhost:{port}/")
        assert "SSL_CERT_FILE" in reason_of(refused.value)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http_client.tls_context.cache_clear()
    with _echo(certificate) as port, BoundedClient(timeout_s=10) as client:
        assert client.post(f"https://localhost:{port}/", content=b"all").content == b"all"


def test_a_certificate_for_another_name_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is checked, not only who signed."""
    monkeypatch.setattr(http_client, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
    with (
        _echo(certificate) as port,
        BoundedClient(timeout_s=10) as client,
        pytest.raises(httpx.ConnectError, match="certificate"),
    ):
        client.get(f"https://127.0.0.1:{port}/")


class _Echo(BaseHTTPRequestHandler):
    """Answers each request with its own body, over one connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Say it back."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _echo(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
