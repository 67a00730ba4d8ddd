"""The programs of `thumbs up` are ours, wherever somebody types it."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from worker.settings import environment
from worker.standalone.service import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOR_A_PERSON = "worker/installation/origin.py"  # writes the command of an installer, and runs none
TIMEOUT_S = 120.0  # on a slow and busy machine; only a hang takes longer


def test_modules_in_the_current_folder_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Many projects have a `worker.py`; run in place of ours, it would be given our secrets."""
    for name in ("worker.py", "webhook.py"):
        (tmp_path / name).write_text("raise SystemExit('a stranger ran')\n")
    started = [
        subprocess.Popen(
            [*program.command],
            cwd=tmp_path,
            # They end at once, and say what is missing.
            env=environment(DATABASE_URL="", REDIS_URL=""),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for program in PROGRAMS
    ]

    said = [program.communicate(timeout=TIMEOUT_S)[0] for program in started]

    assert all("_URL" in text for text in said), said


def test_every_program_of_ours_is_started_without_the_current_folder() -> None:
    """Wherever in the product."""
    commands = dict(_commands())

    assert len(commands) >= 2
    assert {place: words for place, words in commands.items() if words[1] != "'-P'"} == {}


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a Python with a module: where it stands, and its words."""
    for package in ("webhook", "worker"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.List | ast.Tuple):
                    words = [ast.unparse(word) for word in node.elts]
                    place = path.relative_to(ROOT).as_posix()
                    if words[:1] == ["sys.executable"] and "'-m'" in words and place != FOR_A_PERSON:
                        yield f"{place}:{node.lineno}", words
