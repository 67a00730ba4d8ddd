"""`thumbs help`, and words that a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from worker.cli.main import main


def thumbs(*words: str) -> Result:
    """Run `thumbs` with these words."""
    return CliRunner().invoke(main, words)


def completed(*words: str) -> set[str]:
    """List what the last of these words may become."""
    shell = ShellComplete(main, {}, "thumbs", "_THUMBS_COMPLETE")
    return {item.value for item in shell.get_completions(list(words[:-1]), words[-1])}


def test_help_lists_all_commands_or_shows_one() -> None:
    """The same as `--help`, also of a command in a group."""
    assert thumbs("help").output == thumbs("--help").output
    assert "--skip-existing" in thumbs("help", "pick").output
    assert thumbs("help", "accounts", "check").output.startswith("Usage: main accounts check ")
    assert thumbs("help", "nonsense").exit_code == 2


def test_the_version_has_a_short_option() -> None:
    """As people type it first."""
    assert thumbs("-V").output == thumbs("--version").output


def test_commands_and_options_are_completed() -> None:
    """Commands, those of a group, options and their values."""
    assert completed("pi") == {"pick", "picks", "pictures"}
    assert completed("models", "f") == {"fetch"}
    assert completed("pick", "--sk") == {"--skip-existing"}
    assert completed("pick", "--device", "c") == {"cuda", "cpu"}


def test_a_file_is_completed_where_a_command_could_stand() -> None:
    """It needs no command; the shell looks for it."""
    shell = ShellComplete(main, {}, "thumbs", "_THUMBS_COMPLETE")

    assert [item.type for item in shell.get_completions([], "holi")] == ["file"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_what_the_shell_reads(shell: str) -> None:
    """It is taken without an error where that shell is there, and asks `thumbs` itself for words."""
    script = thumbs("completion", shell).output

    assert f"_THUMBS_COMPLETE={shell}_complete" in script
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], check=True, input=script, text=True)


def test_completion_is_quick_and_loads_no_model() -> None:
    """A shell asks at each press of a key."""
    probe = (
        "import sys; from worker.cli.main import main\n"
        "try: main(prog_name='thumbs')\n"
        "finally: print(sorted({'torch', 'numpy', 'av', 'cv2', 'sqlalchemy', 'httpx'} & {*sys.modules}))"
    )
    asked = {"_THUMBS_COMPLETE": "bash_complete", "COMP_WORDS": "thumbs pick --sk", "COMP_CWORD": "2"}

    done = subprocess.run(
        [sys.executable, "-c", probe], check=False, capture_output=True, text=True, env=os.environ | asked
    )

    assert done.stdout.splitlines() == ["plain,--skip-existing", "[]"]
