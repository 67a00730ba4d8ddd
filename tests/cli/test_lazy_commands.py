"""`thumbs` imports a command when it runs, and knows before what each one does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from worker.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from worker.cli.lazy import LazyCommand

SLOW = {"alembic", "celery", "cv2", "httpx", "numpy", "pydantic", "redis", "rich", "sqlalchemy", "torch"}
SHOW_MODULES = "print(*{name.partition('.')[0] for name in sys.modules})"


def loaded_by(*words: str) -> set[str]:
    """Return the top-level modules in memory after a fresh Python has run `thumbs` with these words."""
    probe = (
        "import sys; from worker.cli.main import main;"
        f" main({list(words)}, 'thumbs', standalone_mode=False); {SHOW_MODULES}"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("listed", COMMANDS, ids=lambda listed: listed.name)
def test_the_list_says_of_a_command_what_the_command_says_of_itself(listed: LazyCommand) -> None:
    """The first sentence of its own help; and its name is the one in the list."""
    command = listed.load()

    assert command.name == listed.name
    assert (command.help or "").splitlines()[0] == listed.help


@pytest.mark.parametrize("listed", COMMANDS, ids=lambda listed: listed.name)
def test_help_of_a_command_is_its_own(listed: LazyCommand) -> None:
    """With its arguments and options, which the list does not know."""
    parameters = [word for parameter in listed.load().params for word in parameter.opts if word[0] == "-"]

    shown = CliRunner().invoke(main, [str(listed.name), "--help"])

    assert shown.exit_code == 0
    assert f"Usage: main {listed.name} " in shown.output
    assert all(word in shown.output for word in parameters)


def test_the_list_of_commands_imports_none_of_them() -> None:
    """It answers at once, however heavy the commands are."""
    assert not loaded_by("--help") & SLOW


@pytest.mark.parametrize("words", [["pick"], ["judge", "check"]], ids=" ".join)
def test_help_waits_for_no_model(words: list[str]) -> None:
    """PyTorch alone would take seconds."""
    assert not loaded_by(*words, "--help") & {"torch", "numpy", "cv2", "av"}


def test_a_word_that_is_no_command_is_refused() -> None:
    """With exit code 2, and a command of a like name."""
    result = CliRunner().invoke(main, ["pik"])

    assert result.exit_code == 2
    assert "pick" in result.stderr
    assert "No such command 'flwer', and no such file." in CliRunner().invoke(main, ["flwer"]).stderr
