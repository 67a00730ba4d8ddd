"""After whole loops through the real processes, no secret stands anywhere that others may read."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.support.faults.system import hurry
from tests.support.service import builders, deliveries
from tests.support.service.customer_endpoint import Inbox
from worker.database import make_engine, transaction
from worker.demo.simulator import SIMULATED
from worker.demo.simulator.platform import IMAGE, STREAM
from worker.platforms import PLATFORMS
from worker.platforms.shared.signatures import sign_standard
from worker.settings import Settings, environment
from worker.standalone.interrupts import Interrupts
from worker.standalone.servers import free_port, start_valkey
from worker.standalone.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response
    from sqlalchemy import Engine

    from worker.demo.simulator import Media, Simulated

pytestmark = pytest.mark.faults

DONE_WITHIN_S = 180.0
EVENTS_SECRET = deliveries.EVENTS_SECRET
CDN_KEY = "cdn-token-key-5b7d"
PICKS_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
HOOK_TOKEN = "hook-token-of-the-customer-81f3"  # noqa: S105 - made up
# Shorter values are words and numbers, which may stand anywhere.
LEAST_LETTERS = 12
# Names of settings whose values are secrets.
SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN(?!_ID)|API_KEY|PRIVATE_KEY|TOKEN_KEY")
# What opens a file or an upload: a parameter of its address, a part of its path, a field of an answer.
OPENS = re.compile(r"""(?i:token|signature)(?:=|/|":\s*")([^&/?"\s]+)""")
# A token of a private video's playback, whoever made it, and whether or not it was ever shown to a platform.
JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}")


class Witness:
    """Stands before a simulated platform, and notes what proves who we are.

    It refuses the first request to the API, for a file, and to upload, and repeats in its answer what it was
    shown.
    """

    def __init__(self, application: WSGIApplication, vendor: Simulated, seen: set[str]) -> None:
        self._application, self._vendor, self._seen = application, vendor, seen
        self._refused: set[str] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        shown = {environ.get(f"HTTP_{name}", "") for name in ("AUTHORIZATION", "ACCESSKEY")}
        address = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        shown |= set(OPENS.findall(address))
        self._seen |= {word for value in shown for word in value.split()}
        # As a content network does, which checks the token of a path and leaves it out.
        environ["PATH_INFO"] = re.sub(r"/bcdn_token=.*?&expires=\d+", "", environ["PATH_INFO"])
        kind = environ["PATH_INFO"].split("/")[1]
        kind = kind if f"/{kind}" in {STREAM, IMAGE} else "api"
        if kind not in self._refused:
            self._refused.add(kind)
            words = f"cannot serve {address} to {' '.join(shown)}"
            body = json.dumps(dict(self._vendor.refusal(HTTPStatus.SERVICE_UNAVAILABLE, words))).encode()
            headers = [("Content-Type", "application/json"), ("Retry-After", "1")]
            start_response("503 Service Unavailable", headers)
            return [body]
        return self._application(environ, start_response)


def watched(kind: type[Simulated], seen: set[str]) -> type[Simulated]:
    """Derive a simulated platform that notes each signature and each credential."""

    class Watched(kind):  # type: ignore[valid-type, misc]
        def _application(self) -> Any:
            app = super()._application()
            app.wsgi_app = Witness(app.wsgi_app, self, seen)
            app.after_request(self._overhear)
            return app

        def _overhear(self, answer: Response) -> Response:
            if answer.is_json:
                seen.update(OPENS.findall(answer.get_data(as_text=True)))
            return answer

        def signed(self, body: bytes) -> Any:
            headers = super().signed(body)
            seen.update(re.split(r"[,=]", value)[-1] for value in headers.values())
            seen.update(headers.values())
            return headers

    return Watched


@contextmanager
def overheard(url: str) -> Iterator[list[str]]:
    """Note everything that is said to the broker."""
    broker, said = make_url(url), list[str]()
    with socket.create_connection((broker.host, broker.port)) as connection:
        connection.sendall(f"AUTH {broker.password}\r\nMONITOR\r\n".encode())
        lines = connection.makefile(errors="replace")
        listener = threading.Thread(target=lambda: said.extend(lines), daemon=True)
        listener.start()
        yield said
        connection.shutdown(socket.SHUT_RDWR)
        listener.join()


def everything_stored(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with transaction(engine) as session:
        tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        for table in tables:
            rows = session.scalars(text(f'SELECT to_json(t)::text FROM "{table}" t')).all()  # noqa: S608 - ours
            yield f"table {table}", "\n".join(rows)


def refused(url: str) -> Iterator[tuple[str, str]]:
    """Pages that tell of a failure, and those that tell how it goes."""
    forged = deliveries.mux_bytes(b"{}", secret="forged")  # noqa: S106 - made up
    with httpx.Client(base_url=url, trust_env=False) as client:
        for answer in (
            client.post(forged.path, headers=forged.headers, content=forged.body),
            client.post(
                "/webhooks/mux/other", headers={"Authorization": f"Bearer {EVENTS_SECRET}"}, content=b"{}"
            ),
            client.post("/v1/events", headers={"webhook-signature": f"v1,{EVENTS_SECRET}"}, content=b"{}"),
            client.get("/nowhere", params={"token": EVENTS_SECRET}),
            client.get(f"/thumbnails/{'0' * 64}.jpg", params={"signature": EVENTS_SECRET}),
            client.get("/readyz"),
            client.get("/metrics"),
            client.get("/openapi.json"),
        ):
            yield f"the page {answer.request.url.path}", f"{answer.headers}\n{answer.text}"


def told_to_operators(variables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What the commands print."""
    commands = ("jobs", "events", "doctor", "jobs --json", "events --json")

    def printed(words: str) -> str:
        command = [sys.executable, "-m", "worker", *words.split()]
        done = subprocess.run(
            command, env=environment(**variables), capture_output=True, text=True, check=False
        )
        assert done.stdout
        return done.stdout + done.stderr

    with ThreadPoolExecutor() as threads:  # most of the time, they only load
        yield from zip(commands, threads.map(printed, commands), strict=True)


def test_nothing_that_others_may_read_holds_a_secret(servers_dir: Path, media: Media) -> None:
    """Logs at their loudest, rows, the broker's messages, pages, commands; every platform fails first."""
    folder, port, seen = servers_dir / "secrets", free_port(), set[str]()
    with ExitStack() as stack:
        valkey = start_valkey(folder / "broker")
        stack.callback(valkey.close)
        said = stack.enter_context(overheard(valkey.url))
        vendors = {
            name: stack.enter_context(watched(kind, seen)(f"http://127.0.0.1:{port}/webhooks/{name}/main"))
            for name, kind in SIMULATED.items()
        }
        customer = stack.enter_context(Inbox.serving())
        customer.answers = [HTTPStatus.SERVICE_UNAVAILABLE]
        variables = {
            "PORT": str(port),
            "ALLOW_LOOPBACK": "true",
            "EVENTS_SECRET": EVENTS_SECRET,
            "PICKS_URL": f"{customer.url}?token={HOOK_TOKEN}",
            "PICKS_SECRET": PICKS_SECRET,
            "REDIS_URL": valkey.url,
            "DATA_DIR": str(folder),
            "LOG_LEVEL": "DEBUG",
            "DEBOUNCE_S": "0",
            "BUNNY__MAIN__CDN_TOKEN_KEY": CDN_KEY,
            "OMP_NUM_THREADS": "1",
        }
        for vendor in vendors.values():
            variables |= vendor.settings("main")
        variables["FASTPIX__MAIN__WRITE_METADATA"] = "false"  # so the customer's own system is told
        seen |= {value for name, value in variables.items() if SECRET_NAME.search(name)}
        seen |= {make_url(valkey.url).password or "", HOOK_TOKEN}
        seen |= {secret.removeprefix("whsec_") for secret in (EVENTS_SECRET, PICKS_SECRET)}
        settings = Settings(data_dir=folder, port=port, allow_loopback=True, redis_url=valkey.url)
        interrupts = stack.enter_context(Interrupts())
        service = stack.enter_context(Service(settings, interrupts, variables=variables))
        run_every_loop(service, vendors, media, seen)
        assert len(customer.deliveries) > 1, "the customer was not told again"
        seen |= {headers["webhook-signature"].partition(",")[2] for headers, _ in customer.deliveries}
        engine = make_engine(service.database_url)
        stack.callback(engine.dispose)
        places = [
            *refused(service.url),
            *everything_stored(engine),
            *told_to_operators(variables),
            ("the broker", "\n".join(said)),
        ]
    places += [(log.name, log.read_text(errors="replace")) for log in folder.rglob("*.log")]

    secrets = {secret for secret in seen if len(secret) >= LEAST_LETTERS}
    assert len(secrets) > 2 * len(SIMULATED), "hardly anything was noted"
    assert len([secret for secret in secrets if JWT.match(secret)]) >= 3, "no private video was read"
    filled = {name for name, words in places if words}
    assert filled >= {"the broker", "table job_log", "table publications", "receiver.log", "analyze.log"}
    found = {(name, secret) for name, words in places for secret in secrets if secret in words}
    found |= {(name, token) for name, words in places for token in JWT.findall(words)}
    assert found == set()


def run_every_loop(service: Service, vendors: dict[str, Simulated], media: Media, seen: set[str]) -> None:
    """Upload a video to every platform, private where it can be, and wait until each has its thumbnail."""
    uploaded = {name: vendor.upload(media, is_private=True) for name, vendor in vendors.items()}
    for name, asset_id in uploaded.items():
        if not PLATFORMS[name].capabilities.events:
            data = {"platform": name, "account": "main", "asset_id": asset_id}
            body = json.dumps({"type": "asset.ready", "data": data}).encode()
            headers = sign_standard(body, EVENTS_SECRET, f"evt_{asset_id}", time.time())
            seen.add(headers["webhook-signature"].partition(",")[2])
            httpx.post(f"{service.url}/v1/events", content=body, headers=headers, trust_env=False)
    engine = make_engine(service.database_url)
    deadline_s = time.monotonic() + DONE_WITHIN_S
    try:
        while missing := vendors.keys() - {name for name, _ in builders.published_picks(engine)}:
            service.watch()
            assert time.monotonic() < deadline_s, f"no thumbnail at {sorted(missing)}"
            hurry(engine)  # what every platform refused first
            time.sleep(0.05)
    finally:
        engine.dispose()
