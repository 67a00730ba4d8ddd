"""Every block of docs/events.md is run as printed, with the receiver and what the service really sends."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from tests.support.doc_blocks import blocks_of
from tests.support.service import builders, deliveries
from tests.support.service.commands import run_thumbs
from tests.support.service.customer_endpoint import Inbox
from tests.support.service.deliveries import make_settings
from tests.support.service.live_receiver import Served, served
from tests.support.service.publisher_rig import PublisherRig, ready_publisher_rig, telling
from webhook.app import create_app
from worker.database import make_engine, transaction
from worker.database.models import Asset
from worker.platforms import platform_of
from worker.settings import Settings
from worker.standalone.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.databases import Databases

BLOCKS = blocks_of("docs/events.md")
# How each block of the page is known; a block that is added needs a test here.
MARKS = {
    "packages": "pip install",
    "folder": "python -m http.server",
    "service": "thumbs up",
    "send": "def send(",
    "send by hand": 'id="evt_$(openssl rand -hex 16)"',
    "edit at a platform": '"platform": "mux"',
    "edit on no platform": '"source_replaced"}',
    "answer": '"outcome": "ignored"',
    "ask": "def ask(",
    "asset": '"foreign_thumbnail": null',
    "picks settings": "export PICKS_URL",
    "message": '"thumbnails.picked"',
    "receiver": "WebhookVerificationError",
    "receiver by hand": "def is_ours(",
    "send again": "thumbs picks",
    "pictures settings": "export PICTURES_URL",
    "store": "class Pictures",
}
OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAQIDBAUGBwg="
PAGES = "https://review.example.com"
SOON_S = 20.0


def block(name: str) -> str:
    """The code of one block."""
    (code,) = [one.code for one in BLOCKS if MARKS[name] in one.code]
    return code


def shape(value: Any) -> Any:
    """What a JSON value is made of, without the words and numbers in it."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


def run_python(code: str, **variables: str) -> str:
    """Run a program as a reader does, and return what it prints."""
    environ = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout


def run_shell(code: str, **variables: str) -> str:
    """Run lines in a shell, and return what they print."""
    words = ["sh", "-eu", "-c", code]
    done = subprocess.run(words, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
    return done.stdout


def exported(code: str) -> dict[str, str]:
    """What a block of settings puts into the environment."""
    before = set(os.environ)
    lines = run_shell(f"thumbs() {{ :; }}\n{code}\nenv").splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    return {name: value for name, value in variables.items() if name not in before | {"_", "PWD", "SHLVL"}}


@contextmanager
def running(words: list[str], port: int, folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server of the page until the end of the block."""
    environ = {**os.environ, "PORT": str(port), **variables}
    with subprocess.Popen(
        words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            until_up(f"http://127.0.0.1:{port}/")
            yield process
        finally:
            process.terminate()


def until_up(url: str) -> None:
    """Return as soon as somebody answers there."""
    deadline_s = time.monotonic() + SOON_S
    while time.monotonic() < deadline_s:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            threading.Event().wait(0.05)
        else:
            return
    raise TimeoutError(url)


def test_every_block_of_the_page_is_run_here() -> None:
    """Each has one name, and each name one block."""
    found = {one.line: [name for name, mark in MARKS.items() if mark in one.code] for one in BLOCKS}

    assert all(len(names) == 1 for names in found.values()), found
    assert len(found) == len(MARKS)


def test_the_packages_are_those_that_the_examples_need() -> None:
    """They are called as the page calls them."""
    names = block("packages").split()[2:]

    assert all(version(name) for name in names)
    imported = set(re.findall(r"^(?:from|import) (\w+)", block("send"), re.MULTILINE))
    assert imported - sys.stdlib_module_names == set(names)


@pytest.mark.parametrize("name", ["service", "picks settings", "pictures settings"])
def test_settings_can_be_pasted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service starts with them."""
    variables = exported(block(name))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    settings = Settings.read()

    assert variables
    assert all(getattr(settings, variable.lower()) for variable in variables)


@dataclass
class FirstSection:
    """The service and the folder of the page's first section."""

    receiver: Served
    folder_port: int
    settings: Settings
    engine: Engine  #: the receiver's database

    def with_ports(self, code: str) -> str:
        """A block, for the port of this folder."""
        return code.replace("9000", str(self.folder_port))

    def senders(self, secret: str) -> dict[str, str]:
        """The environment of a program of the page."""
        return {"EVENTS_SECRET": secret, "THUMBS_URL": self.receiver.url}


@pytest.fixture(scope="module")
def trial(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstSection]:
    """Run the folder and the receiver, as the page says; its secret is being changed."""
    folder, port = tmp_path_factory.mktemp("videos"), free_port()
    (folder / "lesson-17.mp4").write_bytes(b"a video")
    variables = exported(block("service")) | {"EVENTS_SECRET": NEW, "EVENTS_SECRET_PREVIOUS": OLD}
    words = [sys.executable, *shlex.split(block("folder").replace("9000", str(port)))[1:]]
    settings = Settings(media_hosts=variables["MEDIA_HOSTS"].split(), allow_loopback=True)
    with (
        running(words, port, folder),
        databases.lend() as url,
        served(url, folder, **variables) as receiver,
    ):
        engine = make_engine(url)
        yield FirstSection(receiver, port, settings, engine)
        engine.dispose()


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["new secret", "previous secret"])
@pytest.mark.parametrize("name", ["send", "send by hand"])
def test_an_event_can_be_sent_as_printed_again_and_again(trial: FirstSection, name: str, secret: str) -> None:
    """Ids and times are made, so none is lost."""
    code, environ = trial.with_ports(block(name)), trial.senders(secret)
    run = run_python if name == "send" else run_shell

    for _ in range(2):
        printed = run(code, **environ)
        assert "'outcome': 'recorded'" in printed or '"outcome":"recorded"' in printed
        assert "not taken over" not in printed


def test_the_video_of_the_trial_can_be_read(trial: FirstSection) -> None:
    """From this machine, over plain http, by the settings of the page."""
    run_python(trial.with_ports(block("send")), **trial.senders(NEW))
    with transaction(trial.engine) as session:
        asset = session.query(Asset).filter_by(external_id="lesson-17").one()

    platform = platform_of(asset.platform, asset.account, trial.settings, asset.media_url)

    platform.asset("lesson-17").check_ready()


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["new secret", "previous secret"])
def test_a_question_can_be_asked_as_printed(trial: FirstSection, secret: str) -> None:
    """Of the video that was sent."""
    run_python(trial.with_ports(block("send")), **trial.senders(NEW))

    printed = run_python(block("ask"), **trial.senders(secret))

    assert printed.startswith("200 {")
    assert "'asset_id': 'lesson-17'" in printed


@pytest.mark.parametrize("name", ["edit at a platform", "edit on no platform"])
def test_an_edit_is_taken_once_its_time_is_filled_in(engine: Engine, name: str) -> None:
    """What is copied without a time is refused, and never lost."""
    client = create_app(make_settings(media_hosts=["media.example.com"]), engine).test_client()
    copied = json.loads(block(name))
    filled = {**copied, "timestamp": datetime.now(UTC).isoformat()}

    refused, taken = (
        client.post("/v1/events", data=delivery.body, headers=delivery.headers)
        for delivery in (deliveries.own_bytes(json.dumps(said).encode()) for said in (copied, filled))
    )

    assert (refused.status_code, "`timestamp`" in refused.json["reason"]) == (400, True)
    assert (taken.status_code, taken.json["outcome"]) == (202, "recorded")


def test_the_answer_about_an_ignored_event_reads_as_printed(engine: Engine) -> None:
    """Word by word."""
    client = create_app(make_settings(), engine).test_client()
    printed = json.loads(block("answer"))
    (deleted_at,) = re.findall(r"\d{4}-\S+Z", printed["reason"])
    about = {"platform": "mux", "account": "main", "asset_id": "a1"}
    for kind in ("asset.deleted", "asset.ready"):
        said = {"type": kind, "timestamp": deleted_at, "data": about}
        delivery = deliveries.own_bytes(json.dumps(said).encode(), f"evt_{uuid.uuid4()}")
        answer = client.post("/v1/events", data=delivery.body, headers=delivery.headers)

    assert answer.json == printed


@pytest.fixture
def rig(engine: Engine, tmp_path: Path) -> Iterator[PublisherRig]:
    """Return a publisher with the pick of one video."""
    with ready_publisher_rig(engine, tmp_path) as rig:
        yield rig


def test_the_answer_about_an_asset_is_of_the_printed_shape(rig: PublisherRig) -> None:
    """With every field."""
    telling(rig).publish()
    with transaction(rig.engine) as session:
        session.query(Asset).update({"duration_s": 30.0})
    asked = deliveries.question("direct/media/lesson-17")

    client = create_app(make_settings(review_url=PAGES), rig.engine).test_client()
    answer = client.get(asked.path, headers=asked.headers)

    assert shape(answer.json) == shape(json.loads(block("asset")))


def test_the_message_of_picks_is_of_the_printed_shape(rig: PublisherRig) -> None:
    """With every field."""
    with Inbox.serving() as inbox:
        telling(rig, picks_url=inbox.url, picks_secret=SecretStr(NEW), review_url=PAGES).publish()

    ((_, body),) = inbox.deliveries
    assert shape(json.loads(body)) == shape(json.loads(block("message")))


@pytest.mark.parametrize("signed", ["none", "all"])
@pytest.mark.parametrize(
    ("secret", "previous", "known"),
    [(NEW, None, NEW), (NEW, OLD, NEW), (NEW, OLD, OLD)],
    ids=["one secret", "rotation, the receiver knows the new one", "rotation, it knows the previous one"],
)
@pytest.mark.parametrize("name", ["receiver", "receiver by hand"])
def test_the_receivers_take_what_is_sent(
    rig: PublisherRig, tmp_path: Path, name: str, secret: str, previous: str | None, known: str, signed: str
) -> None:
    """In every setting that the page names; what somebody else signed, or nobody, they refuse."""
    port = free_port()
    settings = {
        "picks_url": f"http://127.0.0.1:{port}/picks",
        "picks_secret": SecretStr(secret),
        "picks_secret_previous": previous and SecretStr(previous),
        "public_url": "https://thumbs.example.com",
        "signed_thumbnails": signed,
        "thumbnails_secret": SecretStr(OLD),
    }
    words = [sys.executable, "-c", block(name)]
    with running(words, port, tmp_path, PICKS_SECRET=known) as receiver:
        url = str(settings["picks_url"])
        unsigned = httpx.post(url, content=b"{}", trust_env=False)
        foreign = deliveries.own_bytes(b"{}").headers | {"webhook-signature": "v1,bm8= v1,bm8="}
        stranger = httpx.post(url, content=b"{}", headers=foreign, trust_env=False)
        told = telling(rig, **settings).publish()
        assert told.state == "confirmed"  # or it prints nothing, and the next line would wait for ever
        assert receiver.stdout is not None
        line = receiver.stdout.readline()

    assert (unsigned.status_code, stranger.status_code) == (401, 401)
    assert line.startswith(f"lesson-17 https://thumbs.example.com/thumbnails/{'ab' * 32}.jpg")
    assert ("signature=" in line) is (signed == "all")


def test_the_store_keeps_the_pictures(rig: PublisherRig, tmp_path: Path) -> None:
    """Only of who has the token; an id with slashes is one file."""
    port, variables = free_port(), exported(block("pictures settings"))
    address = variables["PICTURES_URL"].replace("8081", str(port))
    settings = {"pictures_url": address, "pictures_token": SecretStr(variables["PICTURES_TOKEN"])}
    words = [sys.executable, "-c", block("store")]
    with running(words, port, tmp_path, PICTURES_TOKEN=variables["PICTURES_TOKEN"]):
        stranger = telling(rig, pictures_url=address, pictures_token=SecretStr("another")).publish()
        with transaction(rig.engine) as session:
            session.get_one(Asset, 1).external_id = "promo/17"
        known = telling(rig, **settings)
        with transaction(rig.engine) as session:
            session.get_one(Asset, 1).external_id = "promo/17"
        taken = known.publish()

    assert (stranger.state, taken.state) == ("pending", "confirmed")
    assert [file.name for file in (tmp_path / "posters").iterdir()] == ["promo%2F17.jpg"]
    assert (tmp_path / "posters" / "promo%2F17.jpg").read_bytes() == builders.JPEG


def test_the_commands_that_send_again_are_commands(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line, as it is printed; here there is nothing to send."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("PICKS_URL", "https://cms.example.com/picks")
    monkeypatch.setenv("PICKS_SECRET", NEW)

    for line in block("send again").splitlines():
        result = run_thumbs(*shlex.split(line, comments=True)[1:])
        assert (result.exit_code, result.stdout) == (1, "nothing was told that matches\n")
