"""The code blocks of pages in Markdown, as a reader would copy them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    ".github/CONTRIBUTING.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]

# A fence may stand in a list, indented; its block is then indented as well.
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


# What a reader is to put there: `<your host>`, or `<now, as 2026-11-22T10:00:00Z>`, whose example is taken.
_PLACEHOLDER = re.compile(r"<([a-z][^<>\n]*)>")


class Block(NamedTuple):
    """One block, fenced or indented."""

    page: str
    line: int  #: of its first line, from 1
    language: str  #: empty: output, or a picture in letters
    code: str


def blocks_of(page: str) -> list[Block]:
    """List the fenced blocks of a page, in their order."""
    text = (ROOT / page).read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 2,
            found[2],
            re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
        )
        for found in _FENCED.finditer(text)
    ]


def indented_blocks_of(page: str) -> list[Block]:
    """List the indented blocks of a page, in their order; what they look like is their language."""
    tokens = MarkdownIt().parse((ROOT / page).read_text())
    return [
        Block(page, token.map[0] + 1, _language(token.content), token.content)
        for token in tokens
        if token.type == "code_block" and token.map
    ]


def filled_in(code: str) -> str:
    """Put something in the place of each placeholder, as a reader does."""
    return _PLACEHOLDER.sub(lambda found: found[1].partition(", as ")[2] or "filled-in", code)


def _language(code: str) -> str:
    first = code.split(maxsplit=1)[0]
    if first.startswith("{"):
        return "json"
    return {"*": "crontab", "ACL": "redis"}.get(first, "sh")
