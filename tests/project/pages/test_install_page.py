"""What is said about installing is true: in the pages, and in what the program says itself."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.project.pages.test_docs import PAGES
from tests.support.installed.site_folder import FOR_USERS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAMED = re.compile(r"install[^\n`]* ['\"]?auto-thumbnail-picker(?:\[[\w,]*\])?(?! @)['\"]")
NO_SETTINGS = {"PATH": "/usr/bin:/bin"}


def test_nothing_tells_to_install_a_name_that_is_not_published() -> None:
    """Whoever takes that name one day would be installed in our place."""
    sources = [
        str(path.relative_to(ROOT)) for room in ("worker", "webhook") for path in (ROOT / room).rglob("*.py")
    ]

    assert [name for name in [*PAGES, *sources] if NAMED.search((ROOT / name).read_text())] == []


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_a_page_lists_every_extra_and_no_other(page: str) -> None:
    """With what it is for."""
    text = (ROOT / page).read_text()
    rows = " ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `["))
    listed = {name for names in re.findall(r"\[([\w,]+)\]", rows) for name in names.split(",")}

    assert listed == set(FOR_USERS)
    used = {name for names in re.findall(r"'\.\[([\w,]+)\]'", text) for name in names.split(",")}
    assert used <= listed


@pytest.mark.faults  # pip takes half a minute
def test_pip_installs_the_base_and_what_thumbs_says_adds_the_receiver(tmp_path: Path) -> None:
    """The remedy is run as it is printed; a `worker.py` in the current folder is not taken for ours."""
    (tmp_path / "worker.py").write_text("raise SystemExit('not ours')")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*pip, ROOT], check=True, cwd=tmp_path)

    refused = serve(venv, tmp_path)
    assert refused.returncode == 2
    (remedy,) = re.findall(r"needs the extra \[webhook\]; run: (.*)\n$", refused.stderr)
    subprocess.run([*shlex.split(remedy), "--quiet"], check=True, cwd=tmp_path)
    begun = serve(venv, tmp_path)

    assert begun.returncode == 2
    assert "DATABASE_URL: missing" in begun.stderr


def serve(venv: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the receiver of an environment, without settings."""
    command = [venv / "bin/thumbs", "serve"]
    return subprocess.run(command, cwd=folder, env=NO_SETTINGS, capture_output=True, text=True, check=False)
