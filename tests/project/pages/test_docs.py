"""What the pages promise is what the command does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[3]
WIDTH = 120
PAGES = [
    "README.md",
    ".github/CONTRIBUTING.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")),
]


def options_of(name: str) -> set[str]:
    """Return a command's options, as they are written."""
    (command,) = (listed.load() for listed in COMMANDS if listed.name == name)
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def rows_of(text: str) -> set[str]:
    """The options that have a row in a table."""
    return set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE))


def test_the_readme_names_no_option_of_pick_that_is_gone() -> None:
    """The page of the command has all of them; README has those that one looks for first."""
    assert rows_of((ROOT / "README.md").read_text()) <= options_of("pick")


@pytest.mark.parametrize("command", ["pick", "rank", "sync", "picks"])
def test_the_page_of_the_command_lists_every_option(command: str) -> None:
    """In the section of that command."""
    sections = re.split(r"^## `thumbs ", (ROOT / "docs" / "cli.md").read_text(), flags=re.MULTILINE)
    (section,) = (text for text in sections if re.match(rf"{command}\b", text))

    assert rows_of(section) == options_of(command)


def test_the_list_of_commands_cuts_no_sentence_short() -> None:
    """On a terminal of 80 columns."""
    listed = CliRunner().invoke(main, ["--help"], terminal_width=80).output.partition("Commands:")[2]

    assert all(f"  {name} " in listed for name in main.commands)
    assert "..." not in listed


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    """No link within the repository is broken, and no file that a page names is missing."""
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = re.findall(r"`((?:worker|webhook|migrations|tests|docs)/[\w/]*(?:\.\w+)?)`", text)
    here = (ROOT / page).parent

    missing = [name for name in links if not (here / name).exists()]
    missing += [name for name in named if not (ROOT / name).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_where_a_page_links_to_within_a_page_is_a_heading(page: str) -> None:
    """Somebody who follows a link lands where it says."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", (ROOT / page).read_text())
    here = ROOT / page

    assert [
        link for link in links if link[1] not in anchors_of((here.parent / link[0]) if link[0] else here)
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_prose_can_be_read_in_any_editor(page: str) -> None:
    """A paragraph ends its lines at `WIDTH` columns; code, tables and addresses may need more."""
    text = re.sub(r"^( *)```.*?^\1```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    prose = [line for line in text.splitlines() if not re.match(r" {4}| *(\||#|<!--)", line)]

    assert [line for line in prose if len(line) > WIDTH and " " in line.strip()[:WIDTH]] == []


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    """It says what this is and how to begin; the rest has pages."""
    text = (ROOT / "README.md").read_text()
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}

    assert text.count("\n") <= 150
    assert pages <= set(re.findall(r"\]\(([^)#]+)", text))


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


def test_every_room_is_on_the_picture_and_in_the_layers() -> None:
    """A folder or loose file of `worker/` that is added gets its place in both."""
    entries = [path for path in (ROOT / "worker").iterdir() if path.suffix == ".py" or path.is_dir()]
    rooms = {path.stem for path in entries if not path.name.startswith("__")}
    picture = (ROOT / "docs/images/rooms.svg").read_text()
    drawn = set(re.findall(r"\w+", " ".join(re.findall(r'font-weight="bold"[^>]*>([^<]+)<', picture))))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = " ".join(contracts[0]["layers"])

    assert rooms - drawn == set()
    assert {room for room in rooms if f"worker.{room}" not in layers} == set()
