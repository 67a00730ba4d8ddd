"""What a page gives to copy can be read by the program that it is for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.doc_blocks import PAGES, ROOT, Block, blocks_of, filled_in, indented_blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
INDENTED = [block for page in PAGES for block in indented_blocks_of(page)]


def _check_shell(code: str) -> None:
    subprocess.run(["sh", "-n"], input=code, check=True, text=True)  # noqa: S607


def _check_javascript(code: str) -> None:
    if shutil.which("node"):
        subprocess.run(["node", "--check", "-"], input=code, check=True, text=True)  # noqa: S607


READERS: dict[str, Callable[[str], object]] = {
    "javascript": _check_javascript,
    "json": json.loads,
    "python": lambda code: compile(code, "block", "exec"),
    "sh": _check_shell,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
    "sql": str,  # tests/admin/test_forgotten_person.py runs it
    "nginx": str,  # no reader is at hand
    "html": str,  # tests/browser/viewers/test_documented_page.py opens it
    "caddyfile": str,
    "crontab": lambda code: _check_shell(code.split(maxsplit=5)[5]),
    "redis": str,
    "ini": str,  # tests/pooler runs it
    "": str,  # what a program prints
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_is_of_a_kind_that_a_test_reads_and_can_be_read(block: Block) -> None:
    """A language that is not in the list gets a reader there."""
    READERS[block.language](block.code)


@pytest.mark.parametrize("block", INDENTED, ids=lambda block: f"{block.page}:{block.line}")
def test_an_indented_example_can_be_read_once_it_is_filled_in(block: Block) -> None:
    """Also the JSON that a command of it sends."""
    code = filled_in(block.code)
    READERS[block.language](code)
    for sent in re.findall(r"-d '(.*?)'", code, re.DOTALL):
        json.loads(sent)


@pytest.mark.parametrize("page", PAGES)
def test_no_event_to_send_has_a_time_of_the_past(page: str) -> None:
    """Copied as it is, it would be older than what is known, and a video that came back stays deleted."""
    text = (ROOT / page).read_text()

    assert re.findall(r'"type": "asset\.[a-z]+", "timestamp": "\d[^"]*"', text) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_is_closed(page: str) -> None:
    """Or all below it would be taken for code, and no test would see it."""
    blocks = blocks_of(page)
    text = (ROOT / page).read_text()

    assert text.count("```") == 2 * len(blocks)
