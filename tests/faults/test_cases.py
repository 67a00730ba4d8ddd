"""Each case of docs/reliability.md names its tests, and each test that names a case is named there."""

from __future__ import annotations

import re

import pytest

from tests.support.faults.system import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = list(re.finditer(r"^\| (\d+) \|.*$", PAGE, re.MULTILINE))
CASES = {int(row[1]): row[0] for row in ROWS}
MENDED = re.findall(r"^\|.*$", PAGE.partition("## What was broken")[2], re.MULTILINE)[2:]
WITHOUT_TEST = {18}
OF_TESTS = {
    (int(number), file.stem)
    for file in (ROOT / "tests" / "faults").glob("test_*.py")
    for said in re.findall(r'"""Cases? ([\d, and]+):', file.read_text())
    for number in re.findall(r"\d+", said)
}


def files_of(row: str) -> list[str]:
    """The files that a row names, from the root of the repository."""
    names = re.findall(r"`([\w/.]*(?:test_\w+|/\w+\.py))`", row)
    return [name if "/" in name else f"tests/faults/{name}.py" for name in map(_with_suffix, names)]


def _with_suffix(name: str) -> str:
    return f"{name}.py" if "/" in name and not name.endswith(".py") else name


def test_cases_are_numbered_in_order() -> None:
    """Each number once, so that one who reads a test finds its case."""
    assert [int(row[1]) for row in ROWS] == list(range(1, len(ROWS) + 1))


@pytest.mark.parametrize("number", sorted(CASES))
def test_every_case_names_its_tests(number: int) -> None:
    """They are there; the one case without any says why."""
    files = files_of(CASES[number])

    assert bool(files) != (number in WITHOUT_TEST)
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize(("number", "file"), sorted(OF_TESTS))
def test_a_test_that_names_a_case_is_named_there(number: int, file: str) -> None:
    """By its file."""
    assert f"`{file}`" in CASES[number]


@pytest.mark.parametrize("row", MENDED)
def test_what_was_broken_names_the_tests_that_hold_it(row: str) -> None:
    """They are there."""
    files = files_of(row)

    assert files != []
    assert [file for file in files if not (ROOT / file).is_file()] == []
