"""The proxies of deploy/proxy as programs, in front of a receiver, each with a certificate of its own."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.waiting import until
from worker.settings import environment
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parents[2] / "deploy/proxy"
NAME = "video.example.com"  #: the host that the receiver's files are written for
PAGES_NAME = "thumbs.example.com"  #: the same, of the pages'
BEACON_NAME = "viewers.example.com"  #: the same, of the beacon's

_NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/thumbs.conf;
}}
"""


def is_installed(program: str) -> bool:
    """Tell whether a proxy is at hand; Debian has nginx where only root looks."""
    return _found(program) is not None


def nginx(folder: Path, port: int, receiver_port: int) -> list[str]:
    """Write nginx's files into a folder, and return the command that runs it.

    Args:
        folder: for them, and for what it caches.
        port: where it listens.
        receiver_port: where the receiver does.
    """
    _write_certificate(folder)
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{receiver_port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen [::]:443 ssl;": "",
        "/var/cache/nginx-thumbs": f"{folder}/cache",
        f"/etc/letsencrypt/live/{NAME}": str(folder),
    }
    (folder / "thumbs.conf").write_text(_changed(FILES / "nginx.conf", changes))
    return _nginx_command(folder)


def caddy(folder: Path, port: int, receiver_port: int) -> list[str]:
    """Write Caddy's file into a folder, and return the command that runs it; see `nginx`."""
    _write_certificate(folder)
    changes = {
        "127.0.0.1:8000": f"127.0.0.1:{receiver_port}",
        "\n{\n": "\n{\n\tadmin off\n\tauto_https disable_redirects\n",
        f"\n{NAME} {{\n": f"\n{NAME}:{port} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n",
    }
    (folder / "Caddyfile").write_text(_changed(FILES / "Caddyfile", changes))
    return [str(_found("caddy")), "run", "--config", str(folder / "Caddyfile")]


def nginx_pages(folder: Path, port: int, pages_port: int) -> list[str]:
    """Do as `nginx`, for the pages."""
    _write_certificate(folder, PAGES_NAME)
    changes = {
        "127.0.0.1:8080": f"127.0.0.1:{pages_port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen [::]:443 ssl;": "",
        f"/etc/letsencrypt/live/{PAGES_NAME}": str(folder),
    }
    (folder / "thumbs.conf").write_text(_changed(FILES / "nginx-pages.conf", changes))
    return _nginx_command(folder)


def caddy_pages(folder: Path, port: int, pages_port: int) -> list[str]:
    """Do as `caddy`, for the pages."""
    _write_certificate(folder, PAGES_NAME)
    site = f"\n{PAGES_NAME}:{port} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
    changes = {"127.0.0.1:8080": f"127.0.0.1:{pages_port}", f"\n{PAGES_NAME} {{\n": site}
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (folder / "Caddyfile").write_text(options + _changed(FILES / "Caddyfile.pages", changes))
    return [str(_found("caddy")), "run", "--config", str(folder / "Caddyfile")]


def nginx_beacon(folder: Path, port: int, beacon_port: int) -> list[str]:
    """Do as `nginx`, for the beacon."""
    _write_certificate(folder, BEACON_NAME)
    changes = {
        "127.0.0.1:8070": f"127.0.0.1:{beacon_port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen [::]:443 ssl;": "",
        f"/etc/letsencrypt/live/{BEACON_NAME}": str(folder),
    }
    (folder / "thumbs.conf").write_text(_changed(FILES / "nginx-beacon.conf", changes))
    return _nginx_command(folder)


def caddy_beacon(folder: Path, port: int, beacon_port: int) -> list[str]:
    """Do as `caddy`, for the beacon."""
    _write_certificate(folder, BEACON_NAME)
    site = f"\n{BEACON_NAME}:{port} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
    changes = {"127.0.0.1:8070": f"127.0.0.1:{beacon_port}", f"\n{BEACON_NAME} {{\n": site}
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (folder / "Caddyfile").write_text(options + _changed(FILES / "Caddyfile.beacon", changes))
    return [str(_found("caddy")), "run", "--config", str(folder / "Caddyfile")]


PROXIES = {"nginx": nginx, "caddy": caddy}
PAGES_PROXIES = {"nginx": nginx_pages, "caddy": caddy_pages}
BEACON_PROXIES = {"nginx": nginx_beacon, "caddy": caddy_beacon}


@contextmanager
def in_front(
    name: str, folder: Path, behind_port: int, *, of_pages: bool = False, of_beacon: bool = False
) -> Iterator[httpx.Client]:
    """Run a proxy in front of a receiver; yield a client that reaches it by the name of its certificate.

    Args:
        name: of the proxy.
        folder: for its files.
        behind_port: where the receiver listens.
        of_pages: whether the pages are there, and not the receiver.
        of_beacon: the same, of the beacon.
    """
    port, host, proxies = free_port(), NAME, PROXIES
    if of_pages:
        host, proxies = PAGES_NAME, PAGES_PROXIES
    if of_beacon:
        host, proxies = BEACON_NAME, BEACON_PROXIES
    command = proxies[name](folder, port, behind_port)
    log = folder / "proxy.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=_home(folder), stdout=output, stderr=subprocess.STDOUT)
    try:
        until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, log.read_text()
        trusted = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        with httpx.Client(verify=trusted, trust_env=False, base_url=f"https://127.0.0.1:{port}") as client:
            client.headers["Host"] = host
            client.event_hooks["request"].append(partial(_ask_for_the_name, host))
            yield client
    finally:
        process.terminate()
        process.wait()


def complaint(name: str, folder: Path) -> str:
    """Have a proxy check its file; return what it says, or nothing where it takes it."""
    command = PROXIES[name](folder, free_port(), 8000)
    check = {"nginx": [*command, "-t"], "caddy": [command[0], "validate", *command[2:]]}[name]
    done = subprocess.run(check, env=_home(folder), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _nginx_command(folder: Path) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, user=user))
    return [str(_found("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _found(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _changed(file: Path, changes: dict[str, str]) -> str:
    text = file.read_text()
    for old, new in changes.items():
        assert old in text, f"{file.name} has no {old!r}"
        text = text.replace(old, new)
    return text


def _home(folder: Path) -> dict[str, str]:
    return environment(HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _ask_for_the_name(name: str, request: httpx.Request) -> None:
    request.extensions["sni_hostname"] = name


def _write_certificate(folder: Path, host: str = NAME) -> None:
    """Write a key, and a certificate that it signs itself, as the files name them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
