"""Each case of docs/reliability.md names its tests, and each test that names a case is named there."""

from __future__ import annotations

import re

import pytest

from tests.support.faults.system import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()
CASES = {int(row[1]): row[0] for row in re.finditer(r"^\| (\d+) \|.*$", PAGE, re.MULTILINE)}
ASKED = range(1, 36)
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


@pytest.mark.parametrize("number", ASKED)
def test_every_case_names_its_tests(number: int) -> None:
    """They are there; the one case without any says why."""
    files = files_of(CASES[number])

    assert bool(files) != (number in WITHOUT_TEST)
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize(("number", "file"), sorted(OF_TESTS))
def test_a_test_that_names_a_case_is_named_there(number: int, file: str) -> None:
    """By its file."""
    assert f"`{file}`" in CASES[number]
