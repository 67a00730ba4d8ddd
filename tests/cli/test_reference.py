"""docs/cli.md has every command and option as it is."""

from __future__ import annotations

from tests.cli.reference import PAGE, written
from worker.cli.main import COMMANDS


def test_the_page_has_every_option_as_it_is() -> None:
    """Name, default and meaning; after a change run `python -m tests.cli.reference`."""
    page = PAGE.read_text()

    assert written(page) == page


def test_no_command_is_left_out() -> None:
    """Those of groups, too."""
    page = PAGE.read_text()
    names = [str(listed.name) for listed in COMMANDS] + ["accounts check", "models fetch", "models check"]

    assert [name for name in names if f"\nthumbs {name} [" not in page] == []
