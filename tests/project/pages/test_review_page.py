"""Every block of docs/review.md is run as printed, with the pages and a video that was looked at."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.support.doc_blocks import ROOT, blocks_of, indented_blocks_of
from tests.support.review.decided import ACCOUNT, configured, looked_at
from tests.support.review.looked_at import looked_at as store_looked_at
from tests.support.review.pages_server import serving_pages
from tests.support.review.signed_in import make_token, program
from tests.support.service import builders
from tests.support.service.commands import run_thumbs
from webhook.review.api.description import PATH
from webhook.review.api.errors import WORDS
from worker.database import make_engine, transaction
from worker.database.choices import Choice
from worker.database.models import Asset
from worker.pictures.answer import MAX_BYTES, MAX_PIXELS
from worker.review.undo import OFFERED_S
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.service.databases import Databases

PAGE = "docs/review.md"
BLOCKS = blocks_of(PAGE)
# How each block of the page is known; a block that is added needs a test here.
MARKS = {
    "invite": "thumbs invite",
    "settings": "export REVIEW_URL",
    "token": "thumbs tokens create",
    "list": "assets?filter=unsure",
    "program": "def video_of(",
    "upload": "--data-binary",
    "refusal": '"status": "refused"',
}


def block(name: str) -> str:
    """The code of one block."""
    (code,) = [one.code for one in BLOCKS if MARKS[name] in one.code]
    return code


def test_every_block_of_the_page_is_run_here() -> None:
    """Each has one name, and each name one block."""
    found = {one.line: [name for name, mark in MARKS.items() if mark in one.code] for one in BLOCKS}

    assert all(len(names) == 1 for names in found.values()), found
    assert len(found) == len(MARKS)


def test_the_settings_of_a_team_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are long enough, and the pages know their address."""
    words = ["sh", "-eu", "-c", f"{block('settings')}\nenv"]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    for variable, value in (line.split("=", 1) for line in lines.splitlines() if line.startswith("REVIEW_")):
        monkeypatch.setenv(variable, value)

    settings = Settings.read()

    assert settings.review_url == "https://thumbs.example.com"
    assert settings.review_secret is not None
    # The address of a page is made as the page says.
    (address,) = [one.code.strip() for one in indented_blocks_of(PAGE)]
    assert settings.page_of("mux", "main", "ASSET_ID") == address
    assert "%2F" in settings.page_of("direct", "media", "a/b")


@pytest.mark.parametrize("name", ["invite", "token"])
def test_the_commands_are_commands(name: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And they print what lets somebody in, here for an account that is set."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MUX__MAIN__WEBHOOK_SECRET", "s")
    monkeypatch.setenv("MUX__MAIN__TOKEN_ID", "id")
    monkeypatch.setenv("MUX__MAIN__TOKEN_SECRET", "secret")

    result = run_thumbs(*shlex.split(block(name))[1:])

    assert result.exit_code == 0, result.output
    assert "thumbs_" in result.stdout or "/invitations/" in result.stdout


@dataclass
class PageSetup:
    """The pages, and what a program of the page has in its environment."""

    engine: Engine
    folder: Path
    environ: dict[str, str]

    def run(self, *words: str) -> str:
        """Run a program as a reader does, and return what it prints."""
        done = subprocess.run(
            words,
            env={**os.environ, **self.environ},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def trial(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageSetup]:
    """Serve the pages, with a video of Mux and one of a platform that takes pictures."""
    folder = tmp_path_factory.mktemp("pages")
    fastpix = {f"FASTPIX__MAIN__{name.upper()}": value for name, value in ACCOUNT.items()}
    with databases.lend() as url, serving_pages(url, folder, **fastpix) as origin:
        engine = make_engine(url)
        looked_at(engine)
        environ = {
            "THUMBS_PAGES": origin,
            "THUMBS_TOKEN": make_token(engine),
            "ASSET_ID": builders.asset(engine).external_id,
        }
        store_looked_at(engine, asset_id="b1", platform="fastpix")
        with transaction(engine) as session:
            environ["ID"] = str(session.query(Asset).filter_by(external_id="b1").one().id)
        yield PageSetup(engine, folder, environ)
        engine.dispose()


def test_the_list_is_printed(trial: PageSetup) -> None:
    """A document with the pages of a list."""
    assert json.loads(trial.run("sh", "-eu", "-c", block("list"))).keys() == {"assets", "next"}


def test_a_program_chooses_a_frame(trial: PageSetup) -> None:
    """And waits for the platform, which nobody asks here, so it goes on without an answer, and soon."""
    code = block("program").replace("sleep(1)", "sleep(0.01)")
    printed = trial.run(sys.executable, "-c", code).splitlines()

    assert [line.split()[1] for line in printed[:-2]] == ["1.5", "3.0", "5.0", "7.6"]
    assert printed[-2].startswith("200 00:07.600 is the thumbnail from now on, until it is released.")
    assert printed[-1] == "['On its way to Mux.']"
    assert builders.every(trial.engine, Choice)[-1].why == "asked for by the sports desk"


def test_a_picture_is_sent(trial: PageSetup) -> None:
    """To a platform that takes one."""
    file = io.BytesIO()
    Image.new("RGB", (320, 180), "orange").save(file, "JPEG")
    (trial.folder / "poster.jpg").write_bytes(file.getvalue())

    answer = json.loads(trial.run("sh", "-eu", "-c", block("upload")))

    assert answer["reason"] == "Your picture is the thumbnail from now on, until it is released."


def test_a_refusal_reads_as_printed(engine: Engine) -> None:
    """Word by word."""
    asset_id = looked_at(engine)
    builders.record(engine, builders.event(builders.EventKind.DELETED, minute=5))

    answer = program(engine, settings=configured()).post(
        f"/api/v1/assets/{asset_id}/choose", json={"time_s": 1}
    )

    assert answer.json == json.loads(block("refusal"))


def test_what_the_page_promises_is_so() -> None:
    """Sizes, times, addresses and words."""
    text = (ROOT / PAGE).read_text()

    assert f"{MAX_BYTES // 1024**2} MiB and 8K (7680 x 4320 pixels)" in text
    assert (MAX_PIXELS, OFFERED_S) == (7680 * 4320, 600.0)
    rows = [line for line in text.splitlines() if line.startswith(("| 4", "| 5"))]
    words = {word for code, word in WORDS.items() if code not in {405, 408, 500}}
    assert {word for word in words if any(f"`{word}`" in row for row in rows)} == words
    assert PATH in text
