"""What the pages promise is what the command does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.cli import pick

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    ".github/CONTRIBUTING.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_the_table_of_options_is_complete(page: str) -> None:
    """Each option of `thumbs pick` has its row, and no row names one that is gone."""
    rows = set(re.findall(r"^\| `(--[a-z]+)", (ROOT / page).read_text(), re.MULTILINE))

    assert rows == {
        option for parameter in pick.params for option in parameter.opts if option.startswith("--")
    }


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    """No link within the repository is broken, and no file that a page names is missing."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = re.findall(r"`((?:worker|tests|docs)/[\w/]+\.\w+)`", text)
    here = (ROOT / page).parent

    missing = [name for name in links if not (here / name).exists()]
    missing += [name for name in named if not (ROOT / name).exists()]

    assert missing == []


def test_the_pages_name_only_targets_that_make_has() -> None:
    """`make X` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:^    |`)make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE)
    }

    assert named
    assert named <= targets
