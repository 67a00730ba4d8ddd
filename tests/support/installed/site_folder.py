"""What pip would install for one extra, as a folder of links to the packages of this environment."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[3]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
FOR_USERS = tuple(extra for extra in EXTRAS if extra not in {"dev", "bench"})


def make_site(folder: Path, *extras: str, came_from: dict[str, Any] | None = None) -> Path:
    """Fill an empty folder with our packages, what they need, and what some extras need.

    Args:
        folder: is made.
        extras: names of extras; none for the bare distribution.
        came_from: what pip notes of the place that an installation came from, for direct_url.json.
    """
    folder.mkdir(parents=True)
    wanted = ["pip", *PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    for name in _closure(wanted):
        for entry in _entries(metadata.distribution(name)):
            link = folder / entry.name
            if link.exists():
                continue
            if entry.name == "cv2":  # follows links to itself, and is confused
                shutil.copytree(entry, link)
            else:
                link.symlink_to(entry)
    for package in ("webhook", "worker"):
        (folder / package).symlink_to(ROOT / package)
    _write_metadata(folder, came_from)
    return folder


def alone(folder: Path, *words: str | Path) -> list[str | Path]:
    """Return a command of this Python with the packages of a folder, and with no others."""
    start = f"import sys; sys.path[:0] = [{str(folder)!r}]; import runpy; "
    program, *rest = words
    run = (
        f"sys.argv = {[str(word) for word in words]!r}; runpy.run_path({str(program)!r}, run_name='__main__')"
    )
    if program == "-m":
        module, *rest = rest
        run = (
            f"sys.argv = {['-', *map(str, rest)]!r}; "
            f"runpy.run_module({str(module)!r}, run_name='__main__', alter_sys=True)"
        )
    return [sys.executable, "-I", "-S", "-c", start + run]


def _closure(lines: Iterable[str]) -> set[str]:
    """Return the names of distributions that requirements ask for, and of all that those ask for."""
    found: set[tuple[str, str]] = set()
    open_ones = [(Requirement(line), "") for line in lines]
    while open_ones:
        requirement, extra = open_ones.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (requirement.name, wanted) not in found:
                found.add((requirement.name, wanted))
                open_ones += [
                    (Requirement(line), wanted) for line in metadata.requires(requirement.name) or ()
                ]
    return {name for name, _ in found}


def _entries(distribution: metadata.Distribution) -> Iterator[Path]:
    """Yield what a distribution has put beside others: its packages, modules and its metadata."""
    site = Path(str(distribution.locate_file("")))
    names = {file.parts[0] for file in distribution.files or ()}
    yield from (site / name for name in sorted(names - {"..", "__pycache__"}))


def _write_metadata(folder: Path, came_from: dict[str, Any] | None) -> None:
    name, version = PROJECT["name"], PROJECT["version"]
    own = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    own.mkdir()
    (own / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")
    if came_from:
        (own / "direct_url.json").write_text(json.dumps(came_from))
